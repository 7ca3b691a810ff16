//! record: what was done to an environment, added to its ledger: that it begins, and how it ended.

use super::lease::Lease;
use super::ledger::Ledger;
use super::release;
use super::site::Site;
use crate::edge::{clock, run};
use crate::error::{Failure, Result};
use xtask_core::ship::ledger::{Action, Outcome, ProbeCount, Record};
use xtask_core::ship::release::Release;
use xtask_core::ship::rollout::Stage;

/// A change of an environment, from its beginning.
pub struct Change<'s, 'a> {
    site: &'s Site<'a>,
    lease: &'s Lease<'a>,
    begun: Record,
}

impl<'s, 'a> Change<'s, 'a> {
    /// Writes down that a change to `release` begins, and what ran before; to be called before the
    /// first thing is changed. If this run dies, the next one sees that it was interrupted.
    pub fn begin(
        site: &'s Site<'a>,
        lease: &'s Lease<'a>,
        action: Action,
        from: Option<String>,
        release: &Release,
    ) -> Result<Self> {
        let mut begun =
            Record::new(action, Outcome::Begun, lease.who(), &clock::now(), &release.version);
        let services = release.services.iter().map(|(name, image)| (name.clone(), image.index));
        begun.services = services.collect();
        begun.schema_head = release.schema_head().map(ToOwned::to_owned);
        begun.from = from;
        begun.commit = Some(release.commit.clone());
        begun.run = Some(run::name()?);
        begun.run_url = run::url();
        Ledger::open(site)?.append(&begun, lease)?;
        Ok(Self { site, lease, begun })
    }

    /// Adds how it ended to the ledger.
    pub fn end(self, outcome: Outcome, probe: Option<ProbeCount>) -> Result<()> {
        let phases = self.site.world.report.phases();
        let record = Record { outcome, phases, probe, ..self.begun };
        Ledger::open(self.site)?.append(&record, self.lease)?;
        release::attest_record(self.site, &record);
        Ok(())
    }
}

/// How a failure is recorded.
pub fn failed(stage: Stage, failure: &Failure) -> Outcome {
    Outcome::Failed { phase: stage.to_string(), error: failure.first_line().to_owned() }
}

/// Every record of the environment, its chain checked.
pub fn all(site: &Site<'_>) -> Result<Vec<Record>> {
    Ledger::open(site)?.records()
}
