//! A signed trial that shows that an older release works on the schema of today: `rollback-targets`
//! and `preflight` know of it as `rollback` does.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::postgres::server::Cluster;
use super::entry::key;
use super::town::{Backend, Town};
use serde_json::{Value, json};
use xtask::attest::{AttestationStore, bundle};
use xtask_core::reference::Name;
use xtask_core::ship::trial::{PREDICATE_TYPE, Shown, TrialRecord};
use xtask_core::trust::attestation::{Statement, Subject};
use xtask_fakes::required;

/// Before the one that the checkout has and no release of here: what is pending comes last.
const DROP: &str = "20251201000000_drop_notes";

/// Why `r1` is no target, if it is none.
fn refused(town: &Town<'_>) -> Option<String> {
    let run = town.world.run(&["--json", "rollback-targets", "production"]);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    let targets = answer["targets"].as_array().unwrap();
    let line = targets.iter().find(|it| it["release"] == "r1").unwrap();
    line["refused"].as_str().map(ToOwned::to_owned)
}

fn schema(town: &Town<'_>) -> Value {
    let run = town.world.run(&["--json", "preflight", "production", "r1"]);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    answer["lines"].as_array().unwrap().iter().find(|it| it["what"] == "schema").unwrap().clone()
}

/// What a rehearsal states, by a key that this repository believes.
fn tried(town: &Town<'_>) {
    let ours = key(town, "ours");
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let text = text.split("\n[signing]\n").next().unwrap();
    town.world.write("deploy.toml", &format!("{text}\n[signing]\npublic_keys = [\"ours.pub\"]\n"));
    let rows = town.database.ask("SELECT migration_name, checksum FROM _prisma_migrations");
    let migrations = rows.lines().map(|line| line.split_once('|').unwrap());
    let shown = Shown {
        service: "backend".to_owned(),
        release: "r1".to_owned(),
        image: "i".to_owned(),
        schema: DROP.to_owned(),
        questions: 3,
    };
    let record = TrialRecord {
        environment: "production".to_owned(),
        finished_on: "2026-11-27T00:00:00Z".to_owned(),
        migrations: migrations.map(|(name, sum)| (name.to_owned(), sum.to_owned())).collect(),
        services: vec![shown],
    };
    let store = AttestationStore::of_repository(&town.home().join("releases").unwrap()).unwrap();
    let artifact = store.resolve(&Name::Tag("r1".parse().unwrap())).unwrap().unwrap();
    let subjects = vec![Subject::new("r1", &artifact.digest)];
    let statement = Statement::new(subjects, PREDICATE_TYPE, json!(record));
    store.attach(&artifact, &bundle(&statement, &ours).unwrap(), PREDICATE_TYPE).unwrap();
}

#[test]
fn a_signed_trial_makes_an_older_release_a_target() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    town.release("r1", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    town.migrates(DROP, "SELECT 1;\n");
    town.release("r2", Backend::Good);
    let forced = ["rollout", "production", "r2", "--apply", "--force-schema-skew", "announced"];
    town.world.run(&forced).ends(0);
    assert!(refused(&town).is_some_and(|it| it.contains(DROP)));
    assert_eq!(schema(&town)["verdict"], "fail");
    tried(&town);
    assert_eq!(refused(&town), None);
    let line = schema(&town);
    assert_eq!(line["verdict"], "pass", "{line}");
    assert!(line["said"].as_str().unwrap().contains("works on the schema of production"), "{line}");
}
