//! What the ledger tells of earlier runs, as far as the next one depends on it.

use crate::ship::ledger::{Action, Outcome, Record, Versions, as_it_happened};

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Past {
    /// By this a run is told from others: when it began.
    pub run: String,
    /// What was done.
    pub action: Action,
    /// The release that served before.
    pub from: Option<String>,
    /// The release that was asked for.
    pub to: String,
    /// What each service answers as where that release serves.
    pub versions: Versions,
    /// How it ended.
    pub ended: Ended,
}

/// How an entry says that a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It says that it began.
    NotYet,
    /// The release was verified.
    Done,
    /// It failed, and what served before serves.
    Failed,
}

impl Past {
    /// What the records tell, in the order in which it happened, without what was only noted.
    pub fn of(records: &[Record]) -> Vec<Self> {
        as_it_happened(records).into_iter().filter_map(Self::of_one).collect()
    }

    fn of_one(record: &Record) -> Option<Self> {
        let ended = match record.outcome {
            Outcome::Begun => Ended::NotYet,
            Outcome::Done => Ended::Done,
            Outcome::Failed { .. } => Ended::Failed,
            Outcome::Noted => return None,
        };
        // Records from before runs had names tell of a run that ended.
        let run = record.run.clone().unwrap_or_else(|| record.at.clone());
        let (from, to, versions) = (record.from.clone(), record.to.clone(), record.versions());
        Some(Self { run, action: record.action, from, to, versions, ended })
    }
}

/// The runs at the end of the ledger that began and of which no end is known, oldest first. What
/// they changed is not known before it is looked at.
pub fn interrupted(past: &[Past]) -> &[Past] {
    let settled = past.iter().rposition(|it| it.ended != Ended::NotYet);
    &past[settled.map_or(0, |position| position + 1)..]
}

/// The release that serves where the services answer as `serving`: the newest verified one of
/// which they all are, else the newest of which the public service is, which people see. What no
/// record knows is the release that the public service names.
pub fn release_of(past: &[Past], serving: &Versions, public: &str) -> Option<String> {
    let known = serving.get(public)?;
    let verified = || past.iter().rev().filter(|it| it.ended == Ended::Done);
    let all = verified().find(|it| it.versions == *serving);
    let of_public = || verified().find(|it| it.versions.get(public) == Some(known));
    let found = all.or_else(of_public).map(|it| it.to.clone());
    Some(found.unwrap_or_else(|| known.clone()))
}
