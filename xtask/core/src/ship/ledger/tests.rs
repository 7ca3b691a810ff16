//! Tests of the chain and of what it tells.

use super::*;

fn record(to: &str, outcome: Outcome) -> Record {
    Record::new(Action::Rollout, outcome, "ada@laptop", "2026-11-23T00:00:00Z", to)
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
fn what_is_merged_late_happened_before_what_others_did_meanwhile() {
    let at = |to, at: &str, merged: Option<&str>| Record {
        at: at.to_owned(),
        merged: merged.map(ToOwned::to_owned),
        ..record(to, Outcome::Done)
    };
    let late = Some("2026-11-23T00:04:00Z");
    let chain = [
        at("a", "2026-11-23T00:00:00Z", None),
        at("d", "2026-11-23T00:03:00Z", None),
        at("b", "2026-11-23T00:01:00Z", late),
        at("c", "2026-11-23T00:02:00Z", late),
    ];
    let order: Vec<&str> = as_it_happened(&chain).iter().map(|it| it.to.as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "d"]);
    assert!(is_verified(&chain, "d") && !is_verified(&chain, "c"));
    assert_eq!(origin(&chain, Some("x"), "x"), Some("d"));
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

#[test]
fn records_of_before_are_read_as_they_were_and_written_as_they_were() {
    let old = r#"{"action":"rollout","outcome":{"kind":"done"},"who":"ada@laptop","at":"2026-11-23T00:00:00Z","from":null,"to":"a","services":{},"schema_head":null,"phases":[],"probe":null}"#;
    let read: Record = serde_json::from_str(old).unwrap();
    assert_eq!(read, record("a", Outcome::Done));
    assert_eq!(read.body(), old);
}

#[test]
fn a_beginning_without_an_end_is_under_way_or_was_interrupted() {
    let of = |run: &str, fence, outcome| Record {
        run: Some(run.to_owned()),
        fence: Some(fence),
        ..record("b", outcome)
    };
    let failed = Outcome::Failed { phase: "verify".into(), error: "e".into() };
    let records = [
        record("a", Outcome::Done),
        of("one", 1, Outcome::Begun),
        of("one", 1, failed),
        of("two", 2, Outcome::Begun),
        of("three", 3, Outcome::Begun),
    ];
    let (ended, under_way, lost) = (Fate::Ended, Fate::UnderWay, Fate::Interrupted);
    assert_eq!(fates(&records, Some(3)), [ended, ended, ended, lost, under_way]);
    assert_eq!(fates(&records, None), [ended, ended, ended, lost, lost]);
    assert_eq!(rollback_target(&records, "b"), Some("a"), "what never ended was never verified");
}

#[test]
fn what_was_noted_is_no_release_to_go_back_to() {
    let noted = Record::noted(Action::Foreign, "ada", "now", "a deployment by hand");
    let records = [record("a", Outcome::Done), noted, record("b", Outcome::Done)];
    assert_eq!(rollback_target(&records, "b"), Some("a"));
    assert!(is_verified(&records[..2], "a"));
    let old = record("a", Outcome::Done);
    let merged = Record { merged: Some("later".into()), ..old.clone() };
    assert_eq!(old.identity(), merged.identity());
}
