//! What the ledger tells of earlier runs, as far as the next one depends on it.

use crate::ship::ledger::{Action, Outcome, Record};

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
    /// What the records tell, without what was only noted.
    pub fn of(records: &[Record]) -> Vec<Self> {
        records.iter().filter_map(Self::of_one).collect()
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
        let (from, to) = (record.from.clone(), record.to.clone());
        Some(Self { run, action: record.action, from, to, ended })
    }
}

/// The runs at the end of the ledger that began and of which no end is known, oldest first. What
/// they changed is not known before it is looked at.
pub fn interrupted(past: &[Past]) -> &[Past] {
    let settled = past.iter().rposition(|it| it.ended != Ended::NotYet);
    &past[settled.map_or(0, |position| position + 1)..]
}
