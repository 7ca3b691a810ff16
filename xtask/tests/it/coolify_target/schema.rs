//! A schema that a release does not know: `rollback-targets` says so, a rollback is refused, and who
//! goes back all the same says why, which the ledger keeps. And what is not shipped from a tree that
//! no commit has.

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use serde_json::Value;
use xtask_fakes::required;

const DROP: &str = "20260201000000_drop_notes";

/// `r2` brought a migration that `r1` does not know and that nobody marked as safe.
fn town(cluster: &Cluster) -> Town<'_> {
    let mut town = Town::new(cluster, "ci");
    town.release("r1", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    town.migrates(DROP, "SELECT 1;\n");
    town.release("r2", Backend::Good);
    town
}

fn targets(town: &Town<'_>) -> Vec<Value> {
    let run = town.world.run(&["--json", "rollback-targets", "production"]);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    answer["targets"].as_array().cloned().unwrap_or_default()
}

#[test]
fn over_a_schema_that_forbids_it_nothing_moves_unless_somebody_says_why() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    // Forward: `r1` serves while the schema moves on, and does not know it.
    let said = town.rollout("r2").ends(4);
    assert!(said.contains("the schema forbids it") && said.contains(DROP), "{said}");
    assert!(said.contains("code: E-schema-ahead"), "{said}");
    town.serves("backend", "r1");
    let reason = "announced, ten minutes of maintenance";
    let forced = ["rollout", "production", "r2", "--apply", "--force-schema-skew", reason];
    town.world.run(&forced).ends(0);
    town.serves("backend", "r2");

    // Back: it is listed with the reason why not, refused, and recorded where it is forced.
    let listed = targets(&town);
    let of = |release: &str| listed.iter().find(|it| it["release"] == release).cloned().unwrap();
    assert_eq!(of("r2")["serves"], true);
    assert!(of("r1")["refused"].as_str().is_some_and(|it| it.contains(DROP)), "{listed:?}");
    let said = town.runs(&["rollback", "production"]).ends(4);
    assert!(said.contains("E-schema-ahead"), "{said}");
    town.serves("backend", "r2");
    let forced = ["rollback", "production", "--apply", "--force-schema-skew", "r2 loses orders"];
    town.world.run(&forced).ends(0);
    town.serves("backend", "r1");
    let audit = town.world.run(&["audit", "list", "production"]).stdout;
    assert!(audit.contains("skew") && audit.contains("r2 loses orders"), "{audit}");
    town.world.run(&["audit", "verify", "production"]).ends(0);
}

#[test]
fn consent_is_given_again_where_a_run_was_killed_behind_its_migration() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    town.release("r1", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    let why = ["--force-schema-skew", "a test"];
    for (number, verb) in ["resume production", "rollout production r2"].into_iter().enumerate() {
        let table = format!("notes{number}");
        town.database.ask(&format!("CREATE TABLE {table} (id int)"));
        let name = format!("2026020{}000000_drop", number + 1);
        town.migrates(&name, &format!("DROP TABLE {table};\n"));
        let version = format!("r{}", number + 2);
        town.release(&version, Backend::Good);
        let consent = [&why[..], &["--drop", &table]].concat();
        town.killed(
            &[&["rollout", "production", &version], &consent[..]].concat(),
            "after-migrate",
        );
        assert_eq!(town.applied(&name), "1");
        let verb = verb.replace("r2", &version);
        let again: Vec<&str> = verb.split(' ').chain(consent.iter().copied()).collect();
        town.runs(&again).ends(0);
        town.serves("backend", &version);
        let wrong = [&why[..], &["--drop", "meals"]].concat();
        let wrong = [&["rollout", "production", &version], &wrong[..]].concat();
        let said = town.runs(&wrong).ends(4);
        assert!(said.contains("`--drop meals`: no migration of this checkout destroys"), "{said}");
    }
}

#[test]
fn a_release_knows_its_migrations_whatever_the_line_ends_of_who_applied_them() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    let two = "20260201000000_two";
    let unix = "-- xtask:rollback-safe\nSELECT 1;\n";
    // One that no release of this test knows.
    let one = town.world.path("services/backend/prisma/migrations/20260101000000_one");
    std::fs::remove_dir_all(one).unwrap();
    town.migrates(two, unix);
    town.release("r1", Backend::Good);
    town.apply();
    // As a checkout on Windows holds it, and as it was applied there.
    let file = format!("services/backend/prisma/migrations/{two}/migration.sql");
    town.world.write(&file, &unix.replace('\n', "\r\n"));
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    town.world.write(&file, unix);
    town.world.run(&["migrate", "status", "production"]).ends(0);
    town.rollout("r1").ends(0);
    assert_eq!(town.applied(two), "1");
    // And the other way round: the release was made of this one, the checkout is from Windows.
    let three = "20260202000000_three";
    town.migrates(three, unix);
    town.release("r2", Backend::Good);
    let file = format!("services/backend/prisma/migrations/{three}/migration.sql");
    town.world.write(&file, &unix.replace('\n', "\r\n"));
    town.rollout("r2").ends(0);
    assert_eq!(town.applied(three), "1");
    // One that failed is told of, with where to look.
    town.database.ask(&format!(
        "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '{three}'"
    ));
    let said = town.rollout("r2").ends(4);
    let hint = "cargo xtask migrate doctor production";
    assert!(said.contains("failed and may be half done") && said.contains(hint), "{said}");
    // Another file under its name is none of it.
    town.database.ask(&format!(
        "UPDATE _prisma_migrations SET finished_at = now(), checksum = 'x'
            WHERE migration_name = '{three}'"
    ));
    let said = town.rollout("r2").ends(4);
    assert!(said.contains("another file was applied"), "{said}");
}

#[test]
fn what_no_commit_has_is_not_shipped_to_where_others_are() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one"],
    ] {
        let mut git = std::process::Command::new("git");
        assert!(git.args(args).current_dir(town.world.path("")).status().unwrap().success());
    }
    town.world.write("services/backend/new.txt", "no commit has it\n");
    for words in [&["ship", "production"][..], &["ship", "production", "--apply"]] {
        let said = town.world.run(words).ends(4);
        assert!(said.contains("cannot ship to `production`: the tree is dirty"), "{said}");
        assert!(said.contains("code: E-tree-dirty"), "{said}");
    }
    town.serves("backend", "r1");
    assert_eq!(town.last_record(), "rollout r1 done");
}
