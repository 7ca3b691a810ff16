//! proof: what is seen from outside while an environment moves to a release, gathered for its record.

use super::probe::{Log, Probe};
use super::site::Site;
use super::verify;
use crate::error::Result;
use xtask_core::ship::probe;
use xtask_core::ship::proof::{Proof, Verified};
use xtask_core::ship::release::Release;

/// The watch over a rollout: it asks from outside until it is over.
pub struct Watch<'a> {
    site: &'a Site<'a>,
    release: &'a Release,
    /// The release that served, and the probe of what serves; before the first rollout there is
    /// nothing to lose.
    probe: Option<(String, Probe)>,
    verified: Option<Verified>,
}

/// What a watch has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// What stands in the record.
    pub proof: Proof,
    /// Every request of the probe.
    pub log: Option<Log>,
}

impl<'a> Watch<'a> {
    /// Begins, `served` being the release that serves.
    pub fn begin(site: &'a Site<'a>, release: &'a Release, served: Option<&str>) -> Result<Self> {
        let public = site.public()?;
        let start = |served: &str| {
            // An instance that drains says that it is not ready, and answers what it is sent.
            (served.to_owned(), Probe::start(&site.environment.url, public))
        };
        Ok(Self { site, release, probe: served.map(start), verified: None })
    }

    /// Asks from outside whether the release serves, and as well as the one before.
    pub fn hold(&mut self) -> Result<()> {
        let verified = verify::release(self.site, &self.release.version)?;
        self.verified = Some(Verified { commit: self.release.commit.clone(), ..verified });
        Ok(())
    }

    /// Ends, and says what was lost.
    pub fn finish(self) -> Seen {
        let (mut proof, mut log) = (Proof::default(), None);
        if let Some((served, probe)) = self.probe {
            let seen = probe.finish();
            proof.probe = Some(probe::measure(&seen.samples, &served, &self.release.version));
            log = Some(seen);
        }
        proof.verified = self.verified;
        say(self.site, &proof);
        Seen { proof, log }
    }
}

/// What was lost, and what could not be told, is warned of.
fn say(site: &Site<'_>, proof: &Proof) {
    let Some(measured) = &proof.probe else { return };
    if measured.total().lost == 0 && measured.void().is_empty() {
        return;
    }
    let losses = measured.losses().join("; ");
    let line = match losses.is_empty() {
        true => measured.line(),
        false => format!("{}; {losses}", measured.line()),
    };
    site.world.report.warning(&line);
}
