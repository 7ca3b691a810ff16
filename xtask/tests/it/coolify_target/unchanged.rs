//! What a release leaves as it is stays: its container, its version and its deployment. Verification,
//! `status`, `rollback` and the ledger know which release each service answers as.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use crate::infra::panel::{PLAN, person};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use xtask::runtime;
use xtask_fakes::coolify::api::By;
use xtask_fakes::required;

/// How often Coolify was asked to deploy a service.
fn deployments(town: &Town<'_>, service: &str) -> usize {
    let uuid = town.application(service).uuid;
    runtime::wait(person(&town.double).deployments_of(&uuid, 0, 100)).unwrap().deployments.len()
}

fn both(town: &Town<'_>) -> [usize; 2] {
    ["ml-service", "backend"].map(|service| deployments(town, service))
}

fn last(town: &Town<'_>) -> Value {
    let audit = town.world.run(&["audit", "list", "production", "--json"]).stdout;
    let audit: Value = serde_json::from_str(&audit).unwrap();
    audit["records"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn only_what_changed_moves_and_everybody_knows_which_release_each_service_is_of() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    assert_eq!(both(&town), [1, 1]);
    town.release_of("backend-only", ["r1", "backend-only"]);
    let explained = ["rollout", "production", "backend-only", "--explain"];
    let shown = town.world.run(&explained);
    for wanted in [
        "`ml-service` stays: image and settings are those of `r1`, which it answers as",
        "`backend` moves: its image is not that of `r1`",
    ] {
        assert!(shown.stderr.contains(wanted), "{wanted}\n{shown:?}");
    }
    assert!(shown.stdout.contains("leave `ml-service` as it is: it answers as `r1`"), "{shown:?}");
    assert!(!shown.stdout.contains("variable `APP_VERSION` of `ml-service`"), "{shown:?}");
    town.rollout("backend-only").ends(0);
    town.serves("ml-service", "r1");
    town.serves("backend", "backend-only");
    assert_eq!(both(&town), [1, 2]);
    assert_eq!(last(&town)["versions"], json!({ "backend": "backend-only", "ml-service": "r1" }));
    town.world.run(&PLAN).ends(0);

    // Everything that asks for the release knows both.
    let status = town.status();
    assert_eq!((&status["release"], &status["healthy"]), (&json!("backend-only"), &json!(true)));
    let verified = town.world.run(&["verify", "production"]);
    assert!(verified.stdout.contains("serves backend-only"), "{verified:?}");
    verified.ends(0);
    let again = town.rollout("backend-only");
    assert!(again.stdout.contains("runs already"), "{again:?}");
    again.ends(0);

    // The other one moves; the public service stays, and no switch of it is missed.
    town.release_of("ml-only", ["ml-only", "backend-only"]);
    let run = town.world.run(&["rollout", "production", "ml-only", "--apply", "--json"]);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_ne!(answer["proof"]["probe"]["verdict"]["kind"], "lost", "{answer:#}");
    let reasons = answer["proof"]["probe"]["verdict"]["reasons"].as_array();
    let is_unseen = |it: &Value| it["kind"] == "no-switch" || it["kind"] == "one-release";
    assert!(!reasons.is_some_and(|it| it.iter().any(is_unseen)), "{answer:#}");
    assert_eq!(answer["proof"]["probe"]["stays"], true, "{answer:#}");
    run.ends(0);
    town.serves("ml-service", "ml-only");
    town.serves("backend", "backend-only");
    assert_eq!(both(&town), [2, 2]);

    // Back: what differs comes back, as what it is then.
    town.runs(&["rollback", "production"]).ends(0);
    town.serves("ml-service", "backend-only");
    town.serves("backend", "backend-only");
    assert_eq!((town.last_record().as_str(), both(&town)), ("rollback backend-only done", [3, 2]));
    town.runs(&["rollback", "production"]).ends(0);
    town.serves("ml-service", "backend-only");
    town.serves("backend", "r1");
    assert_eq!((town.last_record().as_str(), both(&town)), ("rollback r1 done", [3, 3]));
    assert_eq!(town.status()["release"], "r1");
    town.world.run(&["verify", "production"]).ends(0);
    town.world.run(&["audit", "verify", "production"]).ends(0);
}

#[test]
fn a_release_that_changes_nothing_is_recorded_and_a_rollback_passes_it_over() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    town.release_of("words-only", ["r2", "r2"]);
    let before = both(&town);
    town.rollout("words-only").ends(0);
    assert_eq!(both(&town), before, "nothing was deployed");
    assert_eq!(town.last_record(), "rollout words-only done");
    assert_eq!(town.status()["release"], "words-only");
    let again = town.rollout("words-only");
    assert!(again.stdout.contains("runs already"), "{again:?}");
    town.runs(&["rollback", "production"]).ends(0);
    assert_eq!(town.last_record(), "rollback r1 done");
    town.serves("backend", "r1");

    // Somebody wants all of it anew.
    let all = ["rollout", "production", "r1", "--all", "--apply", "--explain"];
    let run = town.world.run(&all);
    assert_eq!(run.stderr.matches("moves: all are to move").count(), 2, "{run:?}");
    run.ends(0);
    assert_eq!(both(&town), [before[0] + 2, before[1] + 2]);

    // Killed on its way, it is gone on with as it was begun.
    let before = both(&town);
    town.killed(&["rollout", "production", "r1", "--all"], "in-deploy-ml-service");
    town.runs(&["resume", "production"]).ends(0);
    let after = both(&town);
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
}

/// The release that the public service answers as tells the schema that its code knows.
#[test]
fn a_release_that_brings_only_a_migration_moves_the_public_service() {
    let cluster = required!(Cluster::new());
    let mut town = Town::serving(&cluster);
    town.migrates("20260301000000_more", "-- xtask:rollback-safe\nSELECT 1;\n");
    town.release_of("migration-only", ["r1", "r1"]);
    let run = town.world.run(&["rollout", "production", "migration-only", "--apply", "--explain"]);
    let said = run.ends(0);
    assert!(said.contains("`backend` moves: it expects another schema than `r1`"), "{said}");
    assert!(said.contains("`ml-service` stays"), "{said}");
    town.serves("backend", "migration-only");
    town.serves("ml-service", "r1");
    assert_eq!(town.applied("20260301000000_more"), "1");
}

/// Whatever somebody deployed at the panel, nobody knows what it brought.
#[test]
fn what_somebody_deployed_at_the_panel_is_not_left_as_it_is() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.release_of("backend-only", ["r1", "backend-only"]);
    let uuid = town.application("ml-service").uuid;
    town.double.deploy_by(&uuid, By::Panel);
    town.settles();
    let shown = town.world.run(&["rollout", "production", "backend-only", "--explain"]);
    let wanted = "`ml-service` moves: somebody else deployed it since";
    assert!(shown.stderr.contains(wanted), "{shown:?}");
    town.rollout("backend-only").ends(0);
    town.serves("ml-service", "backend-only");
    town.serves("backend", "backend-only");
}

/// A backend that does not come up is taken back, and what stayed was never touched.
#[test]
fn a_failure_takes_back_what_moved_and_nothing_else() {
    let cluster = required!(Cluster::new());
    let mut town = Town::serving(&cluster);
    town.release("unready", Backend::Unready);
    town.release_of("mixed", ["r1", "unready"]);
    let said = town.rollout("mixed").ends(5);
    assert!(said.contains("requests go to release `r1`, as before"), "{said}");
    town.serves("ml-service", "r1");
    town.serves("backend", "r1");
    assert_eq!(deployments(&town, "ml-service"), 1);
    assert_eq!(town.status()["release"], "r1");
}

/// What a container is told was written, and no container was told it.
#[test]
fn what_was_written_and_never_deployed_is_no_reason_to_stay() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.killed(&["rollout", "production", "r2"], "in-configure-ml-service");
    let found = town.application("ml-service");
    assert_eq!(found.description.as_deref(), Some("xtask nutri/production begun=r2"));
    let shown = town.world.run(&["rollout", "production", "r1", "--explain"]);
    let wanted = "`ml-service` moves: a rollout of `r2` was begun and never seen to end";
    assert!(shown.stderr.contains(wanted), "{shown:?}");
    town.runs(&["rollback", "production"]).ends(0);
    town.settles();
    town.serves("ml-service", "r1");
    town.serves("backend", "r1");
    assert_eq!(town.told("ml-service", "APP_VERSION"), "r1");
}

/// What hangs is not left alone because it is the right image.
#[test]
fn a_public_service_that_is_not_ready_moves_though_nothing_of_it_changed() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.release_of("ml-only", ["ml-only", "r1"]);
    town.is_sick.store(true, Ordering::Relaxed);
    let shown = town.world.run(&["rollout", "production", "ml-only", "--explain"]);
    let wanted = "`backend` moves: it does not say that it is ready: 503";
    assert!(shown.stderr.contains(wanted), "{shown:?}");
    let said = town.rollout("ml-only").ends(5);
    assert!(said.contains("E-verify-failed"), "{said}");
    town.is_sick.store(false, Ordering::Relaxed);
    town.rollout("ml-only").ends(0);
    town.serves("backend", "r1");
    town.serves("ml-service", "ml-only");
}
