//! record: what was done to an environment, added to its ledger.

use super::release;
use super::site::Site;
use crate::edge::postgres::Database;
use crate::edge::{clock, lease};
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use xtask_core::ship::ledger::{self, Action, Outcome, ProbeCount, Record};
use xtask_core::ship::release::Release;
use xtask_core::ship::rollout::Stage;

/// A change of an environment, from its beginning.
pub struct Change {
    action: Action,
    at: String,
    from: Option<String>,
}

impl Change {
    /// Notes when a change begins and what ran before.
    pub fn begin(action: Action, from: Option<String>) -> Self {
        Self { action, at: clock::now(), from }
    }

    /// Adds how it ended to the ledger.
    pub fn end(
        self,
        site: &Site<'_>,
        release: &Release,
        outcome: Outcome,
        probe: Option<ProbeCount>,
    ) -> Result<()> {
        let services = release.services.iter().map(|(name, image)| (name.clone(), image.index));
        let record = Record {
            action: self.action,
            outcome,
            who: lease::who(),
            at: self.at,
            from: self.from,
            to: release.version.clone(),
            services: services.collect(),
            schema_head: release.schema_head().map(ToOwned::to_owned),
            phases: site.world.report.phases(),
            probe,
        };
        Database::connect(&site.database()?)?.append(&record)?;
        release::attest_record(site, release, &record);
        Ok(())
    }
}

/// How a failure is recorded.
pub fn failed(stage: Stage, failure: &Failure) -> Outcome {
    Outcome::Failed { phase: stage.to_string(), error: failure.first_line().to_owned() }
}

/// Every record of the environment, its chain checked.
pub fn all(site: &Site<'_>) -> Result<Vec<Record>> {
    let links = Database::connect(&site.database()?)?.ledger()?;
    ledger::walk(&links)
        .or_refused(|| "the ledger is not whole".to_owned())
        .coded(&code::LEDGER_BROKEN)
}
