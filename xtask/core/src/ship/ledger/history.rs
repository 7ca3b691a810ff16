//! What the records of an environment tell of it: where to go back to, and which runs died.

use super::{Action, Outcome, Record};

/// What became of what a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It tells how it ended, or a later record of its run does.
    Ended,
    /// It begins a run that holds the lease now.
    UnderWay,
    /// It begins a run that died: nothing tells how far it came.
    Interrupted,
}

/// The records in the order in which things happened. One that was written while the database could
/// not be reached was merged at the end of the chain, and others may have gone on meanwhile: it goes
/// before the first of theirs that is younger.
pub fn as_it_happened(records: &[Record]) -> Vec<&Record> {
    let mut all: Vec<&Record> = Vec::new();
    for record in records {
        let is_younger = |other: &&Record| other.merged.is_none() && other.at > record.at;
        let place = record.merged.as_ref().and_then(|_| all.iter().position(is_younger));
        all.insert(place.unwrap_or(all.len()), record);
    }
    all
}

/// The newest that says that a release was verified.
fn last_verified(records: &[Record]) -> Option<&Record> {
    as_it_happened(records).into_iter().rev().find(|record| record.outcome == Outcome::Done)
}

/// What became of each record, if `live` is the fence of the lease that is held now.
pub fn fates(records: &[Record], live: Option<u64>) -> Vec<Fate> {
    let fate = |(position, record): (usize, &Record)| {
        let is_same = |later: &Record| record.run.is_some() && later.run == record.run;
        let is_end = |later: &Record| later.outcome != Outcome::Begun && is_same(later);
        if record.outcome != Outcome::Begun || records[position..].iter().any(is_end) {
            return Fate::Ended;
        }
        let is_live = live.is_some() && record.fence == live;
        if is_live { Fate::UnderWay } else { Fate::Interrupted }
    };
    records.iter().enumerate().map(fate).collect()
}

/// The release to go back to from `current`: the newest one that was verified before `current` was
/// first rolled out. So a second rollback goes further back, and never forward again.
pub fn rollback_target<'a>(records: &'a [Record], current: &str) -> Option<&'a str> {
    let done = |record: &&Record| record.outcome == Outcome::Done;
    let rolled_out = |record: &Record| record.to == current && record.action == Action::Rollout;
    let first = records.iter().position(|record| done(&record) && rolled_out(record));
    let before = &records[..first.unwrap_or(records.len())];
    let mut versions = before.iter().rev().filter(done).map(|record| record.to.as_str());
    versions.find(|version| *version != current)
}

/// The release that a change to `to` comes from: the one that serves. A run that was killed after
/// its switch left `to` itself there, never verified; then it is the last one that was.
pub fn origin<'a>(records: &'a [Record], serving: Option<&'a str>, to: &str) -> Option<&'a str> {
    if serving != Some(to) {
        return serving;
    }
    last_verified(records).map(|record| record.to.as_str())
}

/// Whether `version` was the last to be verified, whatever was tried since.
pub fn is_verified(records: &[Record], version: &str) -> bool {
    last_verified(records).is_some_and(|record| record.to == version)
}

/// Whether `version` was ever verified here.
pub fn was_verified(records: &[Record], version: &str) -> bool {
    records.iter().any(|record| record.outcome == Outcome::Done && record.to == version)
}
