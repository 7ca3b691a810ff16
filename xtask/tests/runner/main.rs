//! The workflows as committed, carried out on this machine: job by job, step by step, with the
//! lines, variables and outputs that GitHub would give, against a registry that wants a login.
//!
//! Two things are not as there. The program is not built again: `cargo xtask` in front of a line
//! starts the one under test. And `ci` runs its quickest tasks only and writes down the others,
//! because one of them is this test.
#![allow(clippy::disallowed_methods, reason = "a test fails where it cannot look at its files")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod expression;
mod github;
mod job;
#[path = "../it/postgres/server.rs"]
#[expect(dead_code, reason = "written for the tests of TLS")]
mod postgres;
mod server;
mod shipping;
mod stand_in;

use github::{GitHub, WRITING_TOKEN};
use job::Run;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Command;
use xtask_core::check::task;
use xtask_fakes::registry::{Access, FakeRegistry};

/// The name of every task, ordered.
fn names() -> Vec<String> {
    let mut names: Vec<String> = task::all().iter().map(|task| task.name.to_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn test_runs_every_task_on_exactly_one_machine_and_the_gate_opens() {
    let mut github = GitHub::new(|_| {});
    stand_in::for_tasks(&mut github, "");
    let run = Run::of(&github, &github.workflow("test.yml"));
    for (job, ended) in &run.needs {
        assert_eq!(ended["result"], "success", "{job}:\n{}", run.log);
    }
    assert_eq!(stand_in::recorded(&github), names(), "{}", run.log);
    assert!(!run.log.contains("== Not checked by"), "{}", run.log);
    for task in stand_in::QUICK {
        assert!(run.page.contains(&format!("| passed | {task} |")), "{}", run.page);
        let kept = format!("{task}.log");
        let artifacts = std::fs::read_dir(github.path("artifacts")).unwrap();
        let folders = artifacts.map(|it| it.unwrap().path());
        assert!(folders.into_iter().any(|it| it.join("ci").join(&kept).is_file()), "{kept}");
    }
}

#[test]
fn the_gate_stays_shut_when_one_task_fails() {
    let mut github = GitHub::new(|_| {});
    stand_in::for_tasks(&mut github, "clippy");
    let run = Run::of(&github, &github.workflow("test.yml"));
    assert_eq!(run.result("rust"), "failure", "{}", run.log);
    assert_eq!(run.result("services"), "success", "{}", run.log);
    assert_eq!(run.result("gate"), "failure", "{}", run.log);
}

/// Nobody reads the pages of all jobs: what a job could not look at stands beside the gate.
#[test]
fn what_was_not_checked_is_told_beside_the_gate() {
    let mut github = GitHub::new(|_| {});
    stand_in::for_tasks(&mut github, "");
    github.machine.push(("RUNNER_LEAVES_OUT".to_owned(), "npm-audit, pip-audit".to_owned()));
    let run = Run::of(&github, &github.workflow("test.yml"));
    assert_eq!(run.result("gate"), "success", "{}", run.log);
    let told = "== Not checked by Services: npm-audit, pip-audit\n";
    assert_eq!(run.log.matches(told).count(), 1, "{}", run.log);
}

/// A registry that lets only those write who have the right token.
fn registry() -> FakeRegistry {
    let (user, password) = ("octo".to_owned(), WRITING_TOKEN.to_owned());
    FakeRegistry::with_access(Access::Bearer { user, password, expires_in: 300 })
}

/// A key to sign with: the private key, and the public one in the repository.
fn with_key() -> (GitHub, String) {
    with_key_and(|_| {})
}

/// The same, after `edit` had its way with the repository.
fn with_key_and(edit: impl FnOnce(&Path)) -> (GitHub, String) {
    let keys = tempfile::tempdir().unwrap();
    let mut private = String::new();
    let github = GitHub::new(|origin| {
        let files = [keys.path().join("key"), origin.join("keys/nutri.pub")];
        std::fs::remove_file(&files[1]).unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["image", "keygen", "--plain", "--private"])
            .arg(&files[0])
            .arg("--public")
            .arg(&files[1])
            .current_dir(origin)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        private = std::fs::read_to_string(&files[0]).unwrap();
        edit(origin);
    });
    (github, private)
}

#[test]
fn build_pushes_signed_images_that_rebuild_finds_again() {
    let registry = registry();
    let (mut github, key) = with_key();
    stand_in::for_tasks(&mut github, "");
    github.vars.insert("REGISTRY".into(), json!(format!("{}/acme/nutri", registry.host())));
    github.secrets = Map::from_iter([("registry".into(), json!({ "SIGNING_KEY": key }))]);

    let run = Run::of(&github, &github.workflow("build.yml"));
    assert_eq!(run.result("build"), "success", "{}", run.log);
    let on_record = |name: &String| task::all().iter().any(|it| it.name == name && it.on_request);
    let checks: Vec<String> = names().into_iter().filter(|name| !on_record(name)).collect();
    assert_eq!(stand_in::recorded(&github), checks, "nothing is published that was not tested");
    let commit = github.commit();
    for image in ["backend", "ml-service"] {
        let repository = format!("acme/nutri/{image}");
        let latest = registry.tag(&repository, "latest").expect("it was pushed");
        assert_eq!(registry.tag(&repository, &commit[..12]), Some(latest.clone()));
        assert!(run.page.contains(&latest), "{}", run.page);
    }
    for artifact in ["scan", "code-scanning"] {
        assert!(github.path(&format!("artifacts/{artifact}/scan.sarif")).is_file(), "{artifact}");
    }
    for secret in [key.trim(), WRITING_TOKEN] {
        assert!(!run.log.contains(secret) && !run.page.contains(secret), "a secret was said");
    }

    let run = Run::of(&github, &github.workflow("rebuild.yml"));
    let newest: &Value = &run.needs["newest"]["outputs"];
    assert_eq!(newest["commit"], json!(commit), "{}", run.log);
    assert_eq!(run.result("rebuild"), "success", "{}", run.log);
    assert_eq!(run.log.matches(": the same").count(), 2, "{}", run.log);
}

/// A person starts `deploy.yml` and says these things.
fn deploy(environment: &str, action: &str, release: &str, ends: &str) -> (Run, GitHub) {
    let mut github = GitHub::new(|_| {});
    stand_in::for_words(&mut github);
    github.machine.push(("RUNNER_ENDS".to_owned(), ends.to_owned()));
    let said = [("environment", environment), ("action", action), ("release", release)];
    github.inputs = said.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
    for place in ["production", "staging"] {
        let names = ["COOLIFY_TOKEN", "DATABASE_URL", "DIRECT_URL", "REDIS_URL", "JWT_SECRET"];
        let name = |name: &str| format!("{}_{name}", place.to_uppercase());
        let secret = |it: &str| (name(it), json!(format!("canary-{}", name(it))));
        github.secrets.insert(place.into(), Value::Object(names.map(secret).into_iter().collect()));
    }
    (Run::of(&github, &github.workflow("deploy.yml")), github)
}

#[test]
fn deploy_moves_the_one_environment_and_hands_over_what_was_said_as_one_word() {
    let odd = "r1\"; touch pwned; $(touch pwned) `touch pwned` --allow-dirty";
    let cases = [
        (
            "production",
            "rollout",
            "b3f6981e1b64",
            "[rollout][production][--apply][--][b3f6981e1b64]",
        ),
        ("staging", "rollout", odd, &format!("[rollout][staging][--apply][--][{odd}]")),
        ("production", "rollback", "--json", "[rollback][production][--apply][--][--json]"),
        ("production", "rollback", "", "[rollback][production][--apply]"),
    ];
    for (environment, action, release, wanted) in cases {
        let (run, github) = deploy(environment, action, release, "0");
        let other = if environment == "staging" { "production" } else { "staging" };
        assert_eq!(
            (run.result(environment), run.result(other)),
            ("success", "skipped"),
            "{}",
            run.log
        );
        let recorded = std::fs::read_to_string(github.path("record")).unwrap();
        let (words, given) = recorded.trim_end().split_once("] ").unwrap();
        assert_eq!(format!("{words}]"), wanted);
        let given: Vec<&str> = given.split_whitespace().collect();
        assert_eq!(given.len(), 5, "{given:?}");
        let own = environment.to_uppercase();
        assert!(given.iter().all(|it| it.starts_with(&own)), "{given:?}");
        assert!(github.path("artifacts/report/reports/report.html").is_file());
        assert!(!run.log.contains("canary-") && !run.page.contains("canary-"));
    }
}

#[test]
fn a_rollout_that_fails_fails_the_run_and_its_report_is_kept() {
    let (run, github) = deploy("production", "rollout", "b3f6981e1b64", "5");
    assert_eq!(run.result("production"), "failure", "{}", run.log);
    let recorded = std::fs::read_to_string(github.path("record")).unwrap();
    assert_eq!(recorded.matches("[rollout]").count(), 1, "nothing is tried twice: {recorded}");
    assert!(github.path("artifacts/report/reports/report.html").is_file());
}

#[test]
fn nothing_is_built_where_a_check_failed() {
    let mut github = GitHub::new(|_| {});
    stand_in::for_tasks(&mut github, "rustfmt");
    let run = Run::of(&github, &github.workflow("build.yml"));
    let ended = ["gate", "build", "staging"].map(|it| run.result(it).to_owned());
    assert_eq!(ended, ["failure", "skipped", "skipped"], "{}", run.log);
}

/// What a workflow does once every check has passed: a machine for each takes its time.
fn after_checks(mut workflow: Value) -> Value {
    let jobs = workflow["jobs"].as_object_mut().unwrap();
    jobs.retain(|_, job| !job["steps"].to_string().contains("./x ci "));
    let gate = &mut jobs["gate"];
    gate["needs"] = json!([]);
    gate["steps"].as_array_mut().unwrap().retain(|it| it["run"] != "exit 0");
    workflow
}

/// `build.yml`, where every line but checks ends with `ends` and is only written down.
fn built(switch: Option<&str>, ends: &str) -> (Run, Vec<String>) {
    built_on(switch, &[("RUNNER_ENDS", ends)])
}

fn built_on(switch: Option<&str>, machine: &[(&str, &str)]) -> (Run, Vec<String>) {
    let mut github = GitHub::new(|_| {});
    stand_in::for_words(&mut github);
    let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    github.machine.extend(machine.iter().map(variable));
    github.vars.extend(switch.map(|it| ("SHIP_AFTER_BUILD".to_owned(), json!(it))));
    let run = Run::of(&github, &after_checks(github.workflow("build.yml")));
    let recorded = std::fs::read_to_string(github.path("record")).unwrap();
    (run, recorded.lines().map(|it| it.trim_end().to_owned()).collect())
}

#[test]
fn latest_names_nothing_that_could_not_be_signed() {
    let is = |lines: &[String], words: &str| lines.iter().any(|it| it.contains(words));
    let (run, lines) = built(None, "0");
    assert_eq!(run.result("build"), "success", "{}", run.log);
    assert!(is(&lines, "[--tag][latest]"), "{lines:?}");
    let machine = [("RUNNER_ENDS", "0"), ("RUNNER_FAILS_AT", "attest")];
    let (run, lines) = built_on(None, &machine);
    assert_eq!(run.result("build"), "failure", "{}", run.log);
    assert!(is(&lines, "[--without-latest]") && is(&lines, "[image][attest]"), "{lines:?}");
    assert!(!is(&lines, "[--tag][latest]"), "{lines:?}");
}

#[test]
fn what_built_is_shipped_to_one_environment_after_the_other_where_that_is_switched_on() {
    let (run, lines) = built(Some("true"), "0");
    assert_eq!(run.result("production"), "success", "{}", run.log);
    let shipped = ["[ship][staging][--apply]", "[ship][production][--apply]"];
    assert_eq!(lines[lines.len() - 2..], shipped);
    let (run, lines) = built(None, "0");
    assert_eq!((run.result("build"), run.result("staging")), ("success", "skipped"));
    assert!(!lines.iter().any(|it| it.starts_with("[ship]")), "{lines:?}");
    let (run, lines) = built(Some("true"), "5");
    let ended = ["build", "staging", "production"].map(|it| run.result(it).to_owned());
    assert_eq!(ended, ["failure", "skipped", "skipped"]);
    assert_eq!(lines, ["[image][build]"]);
}
