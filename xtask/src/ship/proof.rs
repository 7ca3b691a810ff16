//! proof: what is seen from outside while an environment moves to a release, gathered for its record.

use super::probe::{Log, Probe};
use super::site::Site;
use super::{traffic, verify};
use crate::edge::clock;
use crate::error::Result;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::probe;
use xtask_core::ship::proof::{Proof, Verified};
use xtask_core::ship::release::Release;
use xtask_core::ship::traffic::Traffic;

/// The watch over a rollout: it asks from outside until it is over.
pub struct Watch<'a> {
    site: &'a Site<'a>,
    release: &'a Release,
    action: Action,
    /// Whether the release is gone back to, and was verified when it came.
    is_known: bool,
    at: String,
    /// The release that served, and the probe of what serves; before the first rollout there is
    /// nothing to lose.
    probe: Option<(String, Probe)>,
    watched: traffic::Watched<'a>,
    verified: Option<Verified>,
    traffic: Option<Box<Traffic>>,
}

/// What a watch has seen.
#[derive(Debug)]
pub struct Seen {
    /// What was done.
    pub action: Action,
    /// When it began.
    pub at: String,
    /// The release that served.
    pub from: Option<String>,
    /// What stands in the record.
    pub proof: Proof,
    /// Every request of the probe.
    pub log: Option<Log>,
}

impl<'a> Watch<'a> {
    /// Begins, `served` being the release that serves.
    pub fn begin(
        site: &'a Site<'a>,
        release: &'a Release,
        action: Action,
        served: Option<&str>,
    ) -> Result<Self> {
        let public = site.public()?;
        let start = |served: &str| {
            // An instance that drains says that it is not ready, and answers what it is sent.
            (served.to_owned(), Probe::start(&site.environment.url, public))
        };
        let (at, probe) = (clock::now(), served.map(start));
        let watched = traffic::Watched::begin(site)?;
        let (is_known, verified, traffic) = (false, None, None);
        Ok(Self { site, release, action, is_known, at, probe, watched, verified, traffic })
    }

    /// The same watch; a release that is gone back to and was verified when it came is asked for a
    /// shorter time.
    #[must_use]
    pub fn of_known(mut self, is_known: bool) -> Self {
        self.is_known = is_known;
        self
    }

    /// Asks from outside whether the release serves, and as well as the one before.
    pub fn hold(&mut self) -> Result<()> {
        let verify = if self.is_known { verify::again } else { verify::release };
        let verified = verify(self.site, &self.release.version)?;
        self.verified = Some(Verified { commit: self.release.commit.clone(), ..verified });
        let Some((before, _)) = &self.probe else { return Ok(()) };
        self.traffic = self.watched.judge(before, &self.release.version).map(Box::new);
        let mut traffic = self.traffic.iter();
        traffic.try_for_each(|it| traffic::hold(self.site.world.report, self.action, it))
    }

    /// What served before is drained from now on.
    pub fn drains(&self) {
        if let Some((before, probe)) = &self.probe {
            probe.drains(before);
        }
    }

    /// Ends, and says what was lost.
    pub fn finish(self) -> Seen {
        let mut proof = Proof { probe: None, verified: self.verified, traffic: self.traffic };
        let (from, log) = self.probe.map(|(served, probe)| (served, probe.finish())).unzip();
        if let (Some(from), Some(log)) = (&from, &log) {
            proof.probe = Some(probe::measure(&log.samples, from, &self.release.version));
        }
        say(self.site, &proof);
        Seen { action: self.action, at: self.at, from, proof, log }
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
