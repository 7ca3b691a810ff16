//! The ledger: every change of an environment, each record holding the digest of the one before.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One change of an environment. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it: user and machine.
    pub who: String,
    /// When it began, RFC 3339.
    pub at: String,
    /// The release that ran before.
    pub from: Option<String>,
    /// The release that was asked for.
    pub to: String,
    /// The image digest of each service after the change.
    pub services: BTreeMap<String, Digest>,
    /// The last applied migration after the change.
    pub schema_head: Option<String>,
    /// How long each phase took, in milliseconds.
    pub phases: Vec<(String, u64)>,
    /// Requests sent during the rollout, and those that were lost.
    pub probe: Option<ProbeCount>,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A release was rolled out.
    Rollout,
    /// An earlier release was brought back on request.
    Rollback,
}

impl std::fmt::Display for Action {
    /// The verb that makes it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Rollout => "rollout",
            Self::Rollback => "rollback",
        })
    }
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Outcome {
    /// The release was verified.
    Done,
    /// A phase failed; what ran before serves.
    Failed {
        /// Its name as the ledger holds it, such as `verify`.
        phase: String,
        /// The first line of the error.
        error: String,
    },
}

/// Requests sent during a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeCount {
    /// All of them.
    pub sent: u64,
    /// Those without an answer, or with a 5xx.
    pub lost: u64,
    /// The 99th percentile of the answers, in milliseconds.
    pub p99_ms: u64,
}

/// A record with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1.
    pub number: u64,
    /// The digest of the record before; of no bytes for the first.
    pub previous: Digest,
    /// The record's JSON, exactly as it was hashed.
    pub body: String,
}

/// Where a chain is broken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChainError {
    /// A number is missing or out of order.
    #[error("record {wanted} is missing; found {found} in its place")]
    Gap {
        /// The number that should have come.
        wanted: u64,
        /// The number that came.
        found: u64,
    },
    /// A record does not follow from the one before: one of the two was changed.
    #[error("record {0} does not follow from record {prior}", prior = .0 - 1)]
    Broken(u64),
    /// A record is not a record.
    #[error("record {0} cannot be read")]
    Unreadable(u64),
}

impl Link {
    /// The link that follows `last` and holds `record`.
    pub fn after(last: Option<&Self>, record: &Record) -> Self {
        let body = serde_json::to_string(record).expect("a record has only texts and numbers");
        let number = last.map_or(1, |link| link.number + 1);
        Self { number, previous: last.map_or_else(|| Digest::of(b""), Self::digest), body }
    }

    /// The digest that the next link holds.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{}\n{}\n{}", self.number, self.previous, self.body).as_bytes())
    }
}

/// Walks a chain from its beginning and reads every record.
pub fn walk(links: &[Link]) -> Result<Vec<Record>, ChainError> {
    let mut previous = Digest::of(b"");
    let mut records = Vec::with_capacity(links.len());
    for (link, wanted) in links.iter().zip(1..) {
        if link.number != wanted {
            return Err(ChainError::Gap { wanted, found: link.number });
        }
        if link.previous != previous {
            return Err(ChainError::Broken(link.number));
        }
        previous = link.digest();
        let record = serde_json::from_str(&link.body);
        records.push(record.map_err(|_| ChainError::Unreadable(link.number))?);
    }
    Ok(records)
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
    let last = records.iter().rev().find(|record| record.outcome == Outcome::Done);
    last.map(|record| record.to.as_str())
}

/// Whether `version` was the last to be verified, whatever was tried since.
pub fn is_verified(records: &[Record], version: &str) -> bool {
    let last = records.iter().rev().find(|record| record.outcome == Outcome::Done);
    last.is_some_and(|record| record.to == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(to: &str, outcome: Outcome) -> Record {
        Record {
            action: Action::Rollout,
            outcome,
            who: "ada@laptop".into(),
            at: "2026-11-23T00:00:00Z".into(),
            from: None,
            to: to.into(),
            services: BTreeMap::new(),
            schema_head: None,
            phases: Vec::new(),
            probe: None,
        }
    }

    fn chain() -> Vec<Link> {
        let failed = Outcome::Failed { phase: "roll out".into(), error: "e".into() };
        let records = [record("a", Outcome::Done), record("b", Outcome::Done), record("c", failed)];
        let mut links: Vec<Link> = Vec::new();
        for record in &records {
            links.push(Link::after(links.last(), record));
        }
        links
    }

    #[test]
    fn a_whole_chain_walks_and_a_changed_record_breaks_it() {
        assert_eq!(walk(&chain()).unwrap().len(), 3);
        let mut links = chain();
        links[0].body = links[0].body.replace("ada", "eve");
        assert_eq!(walk(&links), Err(ChainError::Broken(2)));
        links.remove(0);
        assert_eq!(walk(&links), Err(ChainError::Gap { wanted: 1, found: 2 }));
    }

    #[test]
    fn rolls_back_to_the_newest_other_release_that_was_verified() {
        let records = walk(&chain()).unwrap();
        assert_eq!(rollback_target(&records, "b"), Some("a"));
        assert_eq!(rollback_target(&records, "c"), Some("b"));
        assert_eq!(rollback_target(&records[..1], "a"), None);
        assert!(is_verified(&records, "b") && !is_verified(&records, "c"));
    }

    #[test]
    fn a_second_rollback_goes_further_back() {
        let back = |to| Record { action: Action::Rollback, ..record(to, Outcome::Done) };
        let done = |to| record(to, Outcome::Done);
        let records = [done("a"), done("b"), done("c"), back("b")];
        assert_eq!(rollback_target(&records, "b"), Some("a"));
        assert_eq!(rollback_target(&records[..3], "c"), Some("b"));
        assert_eq!(rollback_target(&[done("a"), done("b"), back("a")], "a"), None);
    }

    #[test]
    fn what_a_killed_run_switched_to_is_not_where_the_next_one_comes_from() {
        let failed = Outcome::Failed { phase: "verify".into(), error: "no".into() };
        let records = [record("r1", Outcome::Done), record("r2", failed)];
        assert_eq!(origin(&records, Some("r2"), "r2"), Some("r1"), "killed after the switch");
        assert_eq!(origin(&records, Some("r2"), "r1"), Some("r2"), "and then rolled back");
        assert_eq!(origin(&records, Some("r1"), "r1"), Some("r1"), "other settings");
        assert_eq!(origin(&[], Some("r1"), "r1"), None, "killed in the very first");
        assert_eq!(origin(&records, None, "r2"), None);
    }
}
