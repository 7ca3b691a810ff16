//! A ledger that is not whole, and what a person says of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::postgres::server::Cluster;
use super::super::world::Run;
use super::town::Town;
use xtask_core::ship::ledger::{Accepted, Action, Anchor, Link, Record};
use xtask_fakes::required;

impl Town<'_> {
    fn accept(&self, more: &[&str]) -> Run {
        let words = ["audit", "accept", "production", "--reason", "restored from the third"];
        self.world.run(&[&words[..], more].concat())
    }
}

#[test]
fn a_ledger_that_was_changed_goes_on_once_somebody_accepted_it() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    let none = town.accept(&["--apply"]);
    assert!(none.code == Some(0) && none.stdout.contains("nothing to accept"), "{none:?}");
    // Two records were cut off, and one of those that are left was edited.
    town.forces("DELETE FROM xtask.ledger WHERE number > 2");
    town.forces("UPDATE xtask.ledger SET body = replace(body, '@', '@@') WHERE number = 1");
    town.verify().ends(4);
    let list = town.world.run(&["audit", "list", "production"]);
    assert!(list.code == Some(3) && list.stdout.contains("2 records, as they stand"), "{list:?}");
    let shown = town.accept(&[]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("would accept 2 records, as they stand"), "{shown:?}");
    assert!(shown.stdout.contains("record 2 does not follow from record 1"), "{shown:?}");
    town.verify().ends(4);

    let done = town.accept(&["--apply"]);
    assert!(done.code == Some(0) && done.stdout.contains("accepted 2 records"), "{done:?}");
    let proved = town.verify();
    assert_eq!(proved.code, Some(0), "{proved:?}");
    assert!(proved.stdout.contains("what stands before record 3 is as"), "{proved:?}");
    assert!(proved.stdout.contains("restored from the third"), "{proved:?}");
    for release in ["r1", "r2"] {
        town.rollout(release).ends(0);
    }
    town.verify().ends(0);
    town.world.run(&["status", "production"]).ends(0);
    town.world.run(&["rollback", "production", "--apply"]).ends(0);
    town.serves("backend", "r1");

    // What was accepted is as firm as what was written since.
    town.forces("UPDATE xtask.ledger SET body = replace(body, '@', '@@') WHERE number = 1");
    let said = town.verify().ends(4);
    assert!(said.contains("a record before record 3 was changed"), "{said}");
}

/// The records that are left, and one that accepts them, as whoever has the database alone writes it.
fn forged(town: &Town<'_>, kept: usize) -> Link {
    let rows = town.database.ask(
        "SELECT string_agg(number || '|' || previous || '|' || body, E'\\n' ORDER BY number)
            FROM xtask.ledger",
    );
    let link = |row: &str| {
        let mut parts = row.splitn(3, '|');
        let mut next = || parts.next().unwrap();
        let (number, previous) = (next().parse().unwrap(), next().parse().unwrap());
        Link { number, previous, body: next().to_owned() }
    };
    let whole: Vec<Link> = rows.lines().map(link).collect();
    let heads: Vec<Anchor> = whole.iter().map(|it| Anchor::of("production", it)).collect();
    let accepted = Some(Accepted::of(&whole[..kept], "production", &heads));
    let noted = Record::noted(Action::Accept, "eve@ci", "2026-11-28T00:00:00Z", "nothing to see");
    Link::after(whole[..kept].last(), &Record { accepted, ..noted })
}

#[test]
fn an_acceptance_that_only_the_database_tells_of_is_not_believed() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    let Link { number, previous, body } = forged(&town, 2);
    town.forces(&format!(
        "DELETE FROM xtask.ledger WHERE number > 2;
         INSERT INTO xtask.ledger VALUES ({number}, '{previous}', $${body}$$)"
    ));
    let wanted = "record 3 accepts what stands before it, and the registry has no head of it";
    let said = town.verify().ends(4);
    assert!(said.contains(wanted), "{said}");
    // Nor once somebody went on, whose head is in the registry.
    town.rollout("r1").ends(0);
    let said = town.verify().ends(4);
    assert!(said.contains(wanted), "{said}");
    let done = town.accept(&["--apply"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    town.verify().ends(0);
}

#[test]
fn a_record_is_shown_by_the_number_that_it_has() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.forces("DELETE FROM xtask.ledger WHERE number = 1");
    let list = town.world.run(&["audit", "list", "production"]);
    assert!(list.stdout.lines().nth(1).unwrap().starts_with("2 "), "{list:?}");
    town.world.run(&["audit", "show", "1", "production"]).ends(2);
    town.world.run(&["audit", "show", "2", "production"]).ends(0);
}

#[test]
fn the_ledger_is_told_without_the_token_of_the_panel() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let without = [("PRODUCTION_COOLIFY_TOKEN", "")];
    for words in [["audit", "list"], ["audit", "verify"]] {
        let run = town.world.run_with(&[&words[..], &["production"]].concat(), &without);
        assert_eq!(run.code, Some(0), "{run:?}");
    }
    let said = town.world.run_with(&["rollout", "production", "r2", "--apply"], &without).ends(4);
    assert!(said.contains("PRODUCTION_COOLIFY_TOKEN"), "{said}");
}
