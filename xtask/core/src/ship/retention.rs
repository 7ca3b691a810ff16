//! Which images stay on a machine, so that a rollback needs no download and the disk does not fill.

use crate::digest::Digest;
use crate::ship::ledger::{Outcome, Record};
use std::collections::BTreeSet;

pub mod disk;

/// How many verified releases a machine keeps the images of.
pub const RELEASES_KEPT: usize = 5;

/// The images of the newest `releases` verified releases. An image that several of them share is
/// kept for each; a release that came back counts once, as new as it was last.
pub fn images_kept(records: &[Record], releases: usize) -> BTreeSet<Digest> {
    let mut versions: Vec<&str> = Vec::new();
    let mut kept = BTreeSet::new();
    for record in records.iter().rev().filter(|record| record.outcome == Outcome::Done) {
        if !versions.contains(&record.to.as_str()) {
            versions.push(&record.to);
        }
        if versions.len() > releases {
            break;
        }
        kept.extend(record.services.values().copied());
    }
    kept
}

/// Of `present`, named `repository@digest`, those that no kept release needs.
pub fn removable<'a>(present: &'a [String], kept: &BTreeSet<Digest>) -> Vec<&'a str> {
    let digest = |name: &str| name.split_once('@').and_then(|(_, digest)| digest.parse().ok());
    let is_kept = |name: &&str| digest(name).is_none_or(|digest| kept.contains(&digest));
    present.iter().map(String::as_str).filter(|name| !is_kept(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::ledger::Action;
    use std::collections::BTreeMap;

    fn record(to: &str, outcome: Outcome) -> Record {
        let services = BTreeMap::from([("backend".to_owned(), Digest::of(to.as_bytes()))]);
        Record { services, ..Record::new(Action::Rollout, outcome, "", "", to) }
    }

    fn kept_of(versions: &[&str], releases: usize) -> Vec<bool> {
        let records: Vec<Record> = versions.iter().map(|it| record(it, Outcome::Done)).collect();
        let kept = images_kept(&records, releases);
        ["a", "b", "c"].map(|it| kept.contains(&Digest::of(it.as_bytes()))).to_vec()
    }

    #[test]
    fn the_newest_verified_releases_stay_and_one_that_came_back_is_new() {
        assert_eq!(kept_of(&["a", "b", "c"], 2), [false, true, true]);
        assert_eq!(kept_of(&["a", "b", "c", "a"], 2), [true, false, true]);
        assert_eq!(kept_of(&["a", "b", "c", "a"], 1), [true, false, false]);
    }

    #[test]
    fn what_was_never_verified_is_removed_and_what_has_no_digest_is_left_alone() {
        let failed = Outcome::Failed { phase: "verify".into(), error: "e".into() };
        let kept = images_kept(&[record("a", Outcome::Done), record("b", failed)], 5);
        let names = ["a", "b"].map(|it| format!("registry/x@{}", Digest::of(it.as_bytes())));
        let present = [names[0].clone(), names[1].clone(), "registry/x:latest".to_owned()];
        assert_eq!(removable(&present, &kept), [names[1].as_str()]);
    }
}
