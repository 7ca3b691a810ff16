//! record: what was done to an environment, added to its ledger: that it begins, and how it ended.

use super::lease::Lease;
use super::ledger::Ledger;
use super::release;
use super::site::Site;
use crate::edge::{clock, run};
use crate::error::{Failure, Result, code};
use xtask_core::ship::ledger::{Outcome, Record};
use xtask_core::ship::machine::Course;
use xtask_core::ship::proof::Proof;
use xtask_core::ship::release::Release;

/// A change of an environment, from its beginning.
pub struct Change<'s, 'a> {
    site: &'s Site<'a>,
    lease: &'s Lease<'a>,
    begun: Record,
}

impl<'s, 'a> Change<'s, 'a> {
    /// Writes down that a change to `release` begins, and what it is; to be called before the
    /// first thing is changed. If this run dies, the next one sees that it was interrupted.
    pub fn begin(
        site: &'s Site<'a>,
        lease: &'s Lease<'a>,
        course: &Course,
        release: &Release,
    ) -> Result<Self> {
        let (action, version) = (course.action, &release.version);
        let mut begun = Record::new(action, Outcome::Begun, lease.who(), &clock::now(), version);
        let services = release.services.iter().map(|(name, image)| (name.clone(), image.index));
        begun.services = services.collect();
        begun.schema_head = release.schema_head().map(ToOwned::to_owned);
        begun.from.clone_from(&course.from);
        begun.versions.clone_from(&course.versions);
        begun.all = course.all;
        begun.commit = Some(release.commit.clone());
        begun.run = Some(run::name()?);
        begun.run_url = run::url();
        Ledger::open(site)?.append(&begun, lease)?;
        Ok(Self { site, lease, begun })
    }

    /// The name of its run.
    pub fn run(&self) -> &str {
        self.begun.run.as_deref().expect("every run has a name")
    }

    /// What would be recorded of a run that stays open.
    pub fn unrecorded(self, outcome: Outcome, proof: Proof) -> Record {
        let (probe, proof) = (proof.count(), Some(proof));
        Record { outcome, probe, proof, ..self.begun }
    }

    /// Adds how it ended to the ledger: what is recorded, and whether it was.
    pub fn end(self, outcome: Outcome, proof: Proof) -> (Record, Result<()>) {
        let phases = self.site.world.report.phases();
        let (probe, proof) = (proof.count(), Some(proof));
        let record = Record { outcome, phases, probe, proof, ..self.begun };
        let kept = Ledger::open(self.site).and_then(|mut it| it.append(&record, self.lease));
        if kept.is_ok() {
            release::attest_record(self.site, &record);
        }
        (record, kept)
    }
}

/// How a failure is recorded.
pub fn failed(phase: &str, error: &str) -> Outcome {
    Outcome::Failed { phase: phase.to_owned(), error: error.to_owned() }
}

/// Every record of the environment, its chain checked. What is not all is a failure.
pub fn all(site: &Site<'_>) -> Result<Vec<Record>> {
    let ledger = Ledger::open(site)?;
    if ledger.is_reached() {
        return ledger.records();
    }
    let line = "failed to read the ledger: its database is not reached";
    Err(Failure::outside(line).code(&code::DATABASE_UNREACHED))
}

/// What a change of the environment goes by: the records as they stand, or what this machine knows
/// of them without the database.
pub fn known(site: &Site<'_>) -> Result<Vec<Record>> {
    Ledger::open(site)?.records_as_they_stand()
}
