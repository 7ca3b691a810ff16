//! A run that is killed at every boundary of its phases and inside every wait: the same command, and
//! `rollback`, and `resume`, bring a state in which one release serves, the record is true, and the
//! lease is free.

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use xtask_core::ship::ledger::{Action, Versions};
use xtask_core::ship::machine::{Course, Manner, Move, Step};
use xtask_fakes::required;

/// Every point of a rollout to this target: before and after each step that the machine has for it,
/// and inside what waits.
fn points(migrations: &[&str]) -> Vec<String> {
    points_moving(&["ml-service", "backend"], migrations)
}

/// The same of a rollout that leaves the other services as they are.
fn points_moving(moves: &[&str], migrations: &[&str]) -> Vec<String> {
    let moved = |service: &str| Move { service: service.to_owned(), why: String::new() };
    let course = Course {
        action: Action::Rollout,
        from: None,
        back: None,
        takes_over: false,
        to: "r2".to_owned(),
        moves: moves.iter().copied().map(moved).collect(),
        versions: Versions::new(),
        before: Versions::new(),
        all: false,
        manner: Manner::InTurn,
        migrations: migrations.iter().map(|it| (*it).to_owned()).collect(),
        forced: None,
        backup: Default::default(),
    };
    // Whoever plans has gone through these.
    let steps =
        course.steps().into_iter().filter(|it| !matches!(it, Step::Preflight | Step::Lease));
    steps.flat_map(|step| points_of(&step)).collect()
}

fn points_of(step: &Step) -> Vec<String> {
    let name = step.name();
    let within = match step {
        Step::Deploy(service) => {
            ["configure", "deploy"].map(|wait| format!("in-{wait}-{service}")).to_vec()
        }
        Step::Verify | Step::Migrate => vec![format!("in-{name}")],
        _ => Vec::new(),
    };
    let around = [format!("before-{name}"), format!("after-{name}")];
    within.into_iter().chain(around).collect()
}

fn town(cluster: &Cluster) -> Town<'_> {
    let mut town = Town::serving(cluster);
    town.release("unready", Backend::Unready);
    town
}

/// One release serves, the record says so, and nothing is open.
fn is_settled(town: &Town<'_>, point: &str, record: &str, release: &str) {
    is_settled_at(town, point, record, [release, release]);
}

/// The same with what the ML service and the backend answer as.
fn is_settled_at(town: &Town<'_>, point: &str, record: &str, versions: [&str; 2]) {
    town.settles();
    for (service, version) in ["ml-service", "backend"].into_iter().zip(versions) {
        town.serves(service, version);
    }
    assert_eq!(town.last_record(), record, "{point}");
    assert!(town.is_free(), "{point}");
    assert!(town.status()["run"].is_null(), "{point}: {}", town.status());
}

#[test]
fn the_same_command_goes_on_wherever_a_rollout_was_killed() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let mut next = ["r2", "r1"].into_iter().cycle();
    for point in points(&[]) {
        let release = next.next().unwrap();
        town.killed(&["rollout", "production", release], &point);
        town.rollout(release).ends(0);
        is_settled(&town, &point, &format!("rollout {release} done"), release);
    }
}

#[test]
fn a_rollback_goes_to_what_served_before_wherever_a_rollout_was_killed() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    for point in points(&[]) {
        town.killed(&["rollout", "production", "r2"], &point);
        if point == "before-begin" {
            // Nothing has begun, and before `r1` there was nothing.
            let said = town.runs(&["rollback", "production"]).ends(4);
            assert!(said.contains("E-no-rollback-target"), "{said}");
            is_settled(&town, &point, "rollout r1 done", "r1");
            continue;
        }
        let open = town.status()["run"].clone();
        let has_end = matches!(point.as_str(), "after-record" | "before-notify" | "after-notify");
        assert_eq!(open.is_null(), has_end, "{point}: {open}");
        town.runs(&["rollback", "production"]).ends(0);
        is_settled(&town, &point, "rollback r1 done", "r1");
    }
}

/// A rollback that is killed and repeated does not go one release too far.
#[test]
fn a_killed_rollback_that_is_repeated_goes_to_the_same_release() {
    let cluster = required!(Cluster::new());
    let mut town = town(&cluster);
    town.release("r3", Backend::Good);
    town.rollout("r2").ends(0);
    for point in points(&[]).into_iter().filter(|it| it != "before-begin") {
        town.rollout("r3").ends(0);
        town.killed(&["rollback", "production"], &point);
        if matches!(point.as_str(), "after-record" | "before-notify" | "after-notify") {
            // It had ended: the next one would go further back.
            let said = town.runs(&["resume", "production"]);
            assert!(said.stdout.contains("no run was interrupted"), "{said:?}");
            is_settled(&town, &point, "rollback r2 done", "r2");
            continue;
        }
        town.runs(&["rollback", "production"]).ends(0);
        is_settled(&town, &point, "rollback r2 done", "r2");
    }
}

#[test]
fn resume_finishes_the_direction_that_a_killed_run_had() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let said = town.runs(&["resume", "production"]);
    assert!(said.stdout.contains("no run was interrupted"), "{said:?}");
    // On the way back: it fails by itself, and is killed as it goes back.
    // Coolify keeps the backend that is healthy, so only the ML service is deployed twice.
    for point in ["before-go-back", "in-deploy-ml-service#2", "after-go-back", "before-record"] {
        town.killed(&["rollout", "production", "unready"], point);
        let shown = town.world.run(&["status", "production"]);
        assert!(shown.stdout.contains("was interrupted"), "{shown:?}");
        assert!(shown.stdout.contains("cargo xtask resume production --apply"), "{shown:?}");
        town.runs(&["resume", "production"]).ends(0);
        is_settled(&town, point, "rollback r1 done", "r1");
    }
    // On the way forward.
    for (point, release) in [("in-deploy-ml-service", "r2"), ("before-deploy-backend", "r1")] {
        town.killed(&["rollout", "production", release], point);
        town.runs(&["resume", "production"]).ends(0);
        is_settled(&town, point, &format!("rollout {release} done"), release);
    }
    // The one that does not come up is returned from once more, to both as they were.
    town.killed(&["rollout", "production", "unready"], "in-deploy-backend");
    let said = town.rollout("unready").ends(5);
    assert!(said.contains("requests go to release `r1`, as before"), "{said}");
    is_settled(&town, "again", "rollout unready failed", "r1");
}

#[test]
fn a_migration_is_applied_once_wherever_the_run_was_killed() {
    let cluster = required!(Cluster::new());
    let mut town = town(&cluster);
    let points: Vec<String> =
        points(&["any"]).into_iter().filter(|it| it.ends_with("-migrate")).collect();
    assert_eq!(points.len(), 3, "{points:?}");
    for (number, point) in points.iter().enumerate() {
        let release = format!("m{number}");
        let name = format!("2026020{number}000000_more");
        town.migrates(&name, "-- xtask:rollback-safe\nSELECT 1;\n");
        town.release(&release, Backend::Good);
        town.killed(&["rollout", "production", &release], point);
        town.rollout(&release).ends(0);
        is_settled(&town, point, &format!("rollout {release} done"), &release);
        assert_eq!(town.applied(&name), "1", "{point}");
    }
}

/// Only the backend changes: wherever such a run is killed, the other service stays as it is.
#[test]
fn a_run_that_moves_one_service_is_settled_wherever_it_was_killed() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.release_of("backend-only", ["r1", "backend-only"]);
    for (number, point) in points_moving(&["backend"], &[]).into_iter().enumerate() {
        if point == "before-begin" {
            continue;
        }
        town.killed(&["rollout", "production", "backend-only"], &point);
        let has_end = matches!(point.as_str(), "after-record" | "before-notify" | "after-notify");
        let goes_on: &[&str] = match number % 3 {
            0 if !has_end => &["resume", "production"],
            1 => &["rollout", "production", "backend-only"],
            _ => &[],
        };
        if !goes_on.is_empty() {
            town.runs(goes_on).ends(0);
            is_settled_at(&town, &point, "rollout backend-only done", ["r1", "backend-only"]);
        }
        town.runs(&["rollback", "production", "r1"]).ends(0);
        is_settled_at(&town, &point, "rollback r1 done", ["r1", "r1"]);
    }
}
