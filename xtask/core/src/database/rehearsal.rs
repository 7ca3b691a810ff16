//! What a rehearsal has seen of each statement, beside what was expected of it.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The modes of a table lock, from the weakest to the strongest, as the manual writes them.
const MODES: [&str; 8] = [
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
];

/// A lock on a table or an index that was there before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Lock {
    /// With its schema.
    pub relation: String,
    /// As the manual writes it: `ACCESS EXCLUSIVE`.
    pub mode: String,
}

/// One statement, as it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Where it begins in its file.
    pub line: usize,
    /// What it is: `CREATE INDEX CONCURRENTLY`.
    pub what: String,
    pub ms: u64,
    pub locks: Vec<Compared>,
}

/// A file, as it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRun {
    pub name: String,
    pub ms: u64,
    pub statements: Vec<Run>,
}

/// What was expected of one relation, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    pub relation: String,
    pub predicted: Option<String>,
    pub observed: Option<String>,
    pub outcome: Outcome,
}

/// How the two go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The lock that was expected.
    Confirmed,
    /// Another one than expected, or none.
    Mismatch,
    /// One that nobody expected: of a code block, a trigger, a cascade.
    OnlySeen,
}

impl Outcome {
    /// As it stands in a table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Mismatch => "mismatch",
            Self::OnlySeen => "only seen",
        }
    }
}

/// The manual's word for a mode of `pg_locks`: `AccessExclusiveLock`.
pub fn mode(of_catalogue: &str) -> Option<&'static str> {
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    let wanted = plain(of_catalogue.strip_suffix("Lock")?);
    MODES.into_iter().find(|mode| plain(mode) == wanted)
}

/// Lays the strongest lock on each relation beside the other. Reading is no news: a lock that only
/// a reader holds is left out where nobody expected it. What an earlier statement of the same
/// transaction `held` at least as strongly is taken again without a trace.
pub fn compare(predicted: &[Lock], observed: &[Lock], held: &[Lock]) -> Vec<Compared> {
    let (predicted, mut observed) = (strongest(predicted), strongest(observed));
    let held = strongest(held);
    for (relation, expected) in &predicted {
        if held.get(relation).is_some_and(|it| it >= expected) {
            observed.entry(relation.clone()).or_insert(*expected);
        }
    }
    let relations: BTreeSet<&String> = predicted.keys().chain(observed.keys()).collect();
    let one = |relation: &String| {
        let (expected, seen) = (predicted.get(relation), observed.get(relation));
        let outcome = match (expected, seen) {
            (Some(expected), Some(seen)) if expected == seen => Outcome::Confirmed,
            (None, Some(rank)) if *rank == 0 => return None,
            (None, Some(_)) => Outcome::OnlySeen,
            _ => Outcome::Mismatch,
        };
        let name = |rank: Option<&usize>| rank.map(|it| MODES[*it].to_owned());
        let (predicted, observed) = (name(expected), name(seen));
        Some(Compared { relation: relation.clone(), predicted, observed, outcome })
    };
    relations.into_iter().filter_map(one).collect()
}

fn strongest(locks: &[Lock]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for Lock { relation, mode } in locks {
        let rank = MODES.iter().position(|it| it == mode).unwrap_or(MODES.len() - 1);
        let held = found.entry(relation.clone()).or_insert(rank);
        *held = rank.max(*held);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks(all: &[(&str, &str)]) -> Vec<Lock> {
        let lock = |(relation, mode): &(&str, &str)| Lock {
            relation: (*relation).into(),
            mode: (*mode).into(),
        };
        all.iter().map(lock).collect()
    }

    #[test]
    fn the_words_of_the_catalogue_are_those_of_the_manual() {
        assert_eq!(mode("AccessExclusiveLock"), Some("ACCESS EXCLUSIVE"));
        assert_eq!(mode("ShareUpdateExclusiveLock"), Some("SHARE UPDATE EXCLUSIVE"));
        assert_eq!([mode("ExclusiveLock"), mode("SIReadLock")], [Some("EXCLUSIVE"), None]);
    }

    #[test]
    fn each_relation_is_confirmed_or_not_by_its_strongest_lock() {
        let predicted =
            locks(&[("meals", "ACCESS EXCLUSIVE"), ("users", "SHARE"), ("foods", "SHARE")]);
        let observed = locks(&[
            ("meals", "ACCESS SHARE"),
            ("meals", "ACCESS EXCLUSIVE"),
            ("users", "SHARE ROW EXCLUSIVE"),
            ("items", "ROW EXCLUSIVE"),
            ("read", "ACCESS SHARE"),
        ]);
        let found = compare(&predicted, &observed, &[]);
        let found: Vec<_> = found.iter().map(|it| (it.relation.as_str(), it.outcome)).collect();
        assert_eq!(
            found,
            [
                ("foods", Outcome::Mismatch),
                ("items", Outcome::OnlySeen),
                ("meals", Outcome::Confirmed),
                ("users", Outcome::Mismatch),
            ]
        );
    }

    #[test]
    fn what_an_earlier_statement_holds_is_taken_again_without_a_trace() {
        let (share, all) = (locks(&[("meals", "SHARE")]), locks(&[("meals", "ACCESS EXCLUSIVE")]));
        assert_eq!(compare(&share, &[], &all)[0].outcome, Outcome::Confirmed);
        assert_eq!(compare(&all, &[], &share)[0].outcome, Outcome::Mismatch);
    }
}
