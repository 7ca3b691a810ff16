//! `audit`: every change of an environment, with the proof that none was altered since.

mod accept;
mod list;
mod merge;
mod show;
mod verify;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Audit;
use crate::ship::lease;
use crate::ship::site::Site;
use crate::world::World;
use xtask_core::ship::ledger::{Fate, Outcome, Record, fates};

pub(super) fn run(verb: &Audit, world: &World<'_>) -> Result<Exit> {
    match verb {
        Audit::List(flags) => list::run(flags, world),
        Audit::Show(flags) => show::run(flags, world),
        Audit::Verify(flags) => verify::run(flags, world),
        Audit::Accept(flags) => accept::run(flags, world),
        Audit::Merge(flags) => merge::run(flags, world),
    }
}

/// What became of each record, by what the lease tells of the runs that have no end.
fn fates_of(site: &Site<'_>, records: &[Record]) -> Result<Vec<Fate>> {
    let is_begun = |record: &Record| record.outcome == Outcome::Begun;
    let live = if records.iter().any(is_begun) { lease::holder(site)? } else { None };
    Ok(fates(records, live.map(|holder| holder.fence)))
}

/// How a record ended, for people.
fn outcome(record: &Record, fate: Fate) -> String {
    match (&record.outcome, fate) {
        (Outcome::Done, _) => "done".to_owned(),
        (Outcome::Failed { phase, error }, _) => format!("failed to {phase}: {error}"),
        (Outcome::Begun, Fate::Ended) => "begun".to_owned(),
        (Outcome::Begun, Fate::UnderWay) => "under way".to_owned(),
        (Outcome::Begun, Fate::Interrupted) => "interrupted: its run died".to_owned(),
        (Outcome::Noted, _) => record.reason.clone().unwrap_or_default(),
    }
}

/// A word for JSON.
fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Ended => "ended",
        Fate::UnderWay => "under way",
        Fate::Interrupted => "interrupted",
    }
}
