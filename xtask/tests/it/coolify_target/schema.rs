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
