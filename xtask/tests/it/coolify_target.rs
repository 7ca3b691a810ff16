//! Rollouts to a Coolify with state, its proxy over simulated containers: who serves is found out,
//! and what does not come to serve is taken back.

mod accepted;
mod away;
mod backed_up;
mod between;
mod database;
mod entry;
mod faults;
mod fit;
mod hidden;
mod killed;
mod leases;
mod migrations;
mod mistakes;
mod pace;
pub(crate) mod paged;
mod published;
mod rotation;
mod schema;
mod state;
mod told;
mod town;
mod tried;
mod unchanged;
mod undone;
mod whole;

use super::infra::panel::{PLAN, person};
use super::notify::{Everybody, SECRETS, assert_no_secret_below};
use super::postgres::server::Cluster;
use super::world::World;
use serde_json::{Value, json};
use std::sync::Arc;
use town::{Backend, Town};
use xtask::runtime;
use xtask_fakes::faults::Fault;
use xtask_fakes::http::{Admission, Handler, Request, Response, Server as Http};
use xtask_fakes::required;
use xtask_providers::coolify::ApplicationChange;

#[test]
fn a_release_comes_to_serve_and_the_same_again_is_nothing_to_do() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "deployer-ci");
    // A proof needs its whole time.
    town.world = town.world.with("XTASK_TESTS_VERIFY_MS", "10000".to_owned());
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    let said = town.rollout("r1").ends(4);
    assert!(said.contains("application `backend`: it is not there"), "{said}");
    town.apply();
    let shown = town.world.run(&["rollout", "production", "r1", "--dry-run"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("deploy `backend` as"), "{shown:?}");
    assert!(shown.stdout.contains("no release of it was rolled out"), "{shown:?}");
    assert!(!format!("{shown:?}").contains("it's-a-secret"), "{shown:?}");
    // A server is changed only by somebody who says so.
    let told = town.world.run(&["rollout", "production", "r1"]);
    assert_eq!((told.code, &told.stdout), (Some(3), &shown.stdout));
    let said = town.rollout("r1").ends(0);
    assert!(said.contains("only Coolify says that `ml-service` serves `r1`"), "{said}");
    for service in ["backend", "ml-service"] {
        town.serves(service, "r1");
    }
    let again = town.rollout("r1");
    assert!(again.stdout.contains("runs already"), "{again:?}");
    again.ends(0);
    town.world.run(&PLAN).ends(0);
    assert_eq!(town.status()["healthy"], true, "{}", town.status());

    let second = town.world.run(&["rollout", "production", "r2", "--apply", "--json"]);
    is_proven(&town, &second.stdout);
    let said = second.ends(0);
    assert!(!said.contains("only Coolify says"), "the backend tells of the other: {said}");
    assert!(said.contains("report: `target/reports/"), "{said}");
    town.serves("backend", "r2");
    town.serves("ml-service", "r2");
    let page = town.world.path("back.html");
    let told = page.display().to_string();
    town.world.run(&["rollback", "production", "--apply", "--report", &told]).ends(0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("rollback of production"), "{page}");
    town.serves("backend", "r1");
    town.world.run(&PLAN).ends(0);
    assert_eq!(town.records(), 3);
}

/// What was seen from outside is in the answer, in the record and on a page of its own.
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
fn is_proven(town: &Town<'_>, answer: &str) {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let probe = &answer["proof"]["probe"];
    assert_eq!(
        (&answer["changed"], &answer["probe"]["lost"]),
        (&json!(true), &json!(0)),
        "{probe:#}"
    );
    let kinds: Vec<&Value> =
        probe["kinds"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["fresh", "keep-alive", "upload", "download"]);
    let heard: Vec<&String> = probe["releases"].as_object().unwrap().keys().collect();
    assert_eq!(heard, ["r1", "r2"], "{probe:#}");
    assert_eq!(answer["proof"]["verified"]["rounds"].as_array().unwrap().len(), 5);
    let page = answer["report"].as_str().unwrap();
    assert!(page.starts_with("target/reports/") && page.ends_with("-production-r2.html"), "{page}");
    let page = std::fs::read_to_string(town.world.path(page)).unwrap();
    for text in ["rollout of production", "<code>r1</code> → <code>r2</code>", "switch at"] {
        assert!(page.contains(text), "{text}");
    }
    let audit = town.world.run(&["audit", "list", "production", "--json"]).stdout;
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let record = audit["records"].as_array().unwrap().last().unwrap();
    assert_eq!(record["proof"], answer["proof"]);
}

#[test]
fn those_who_are_to_hear_of_a_rollout_hear_it_and_fail_nothing() {
    let cluster = required!(Cluster::new());
    let all = Everybody::start(&"1".repeat(40));
    let mut town = Town::new(&cluster, "ci").telling(&all);
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    town.release("r3", Backend::Unready);
    town.apply();
    town.rollout("r1").ends(0);
    let second = town.rollout("r2");
    assert!(second.stderr.contains("Discord, Slack, GitHub, Sentry"), "{second:?}");
    let said = second.ends(0);
    // Neither of them is a commit of this world.
    assert!(
        said.contains("Sentry is told of no commits: cannot list the commits of `r1.."),
        "{said}"
    );
    let title = |number: usize| all.discord.messages()[number]["embeds"][0]["title"].clone();
    assert_eq!(
        (title(0), title(1)),
        (json!("nutri: production runs r1"), json!("nutri: production runs r2"))
    );
    assert_eq!(all.github.state().deployments.states(), ["inactive", "success"]);
    let releases = all.sentry.releases();
    assert_eq!(releases["nutri@r2"]["deploys"][0]["environment"], "production");
    assert!(releases["nutri@r2"]["dateReleased"].is_string());

    town.rollout("r3").ends(5);
    let third = &all.discord.messages()[2]["embeds"][0];
    assert_eq!(third["title"], "nutri: rollout of r3 to production failed at roll out");
    assert!(third["description"].as_str().unwrap().starts_with("```\n"), "{third}");
    assert_eq!(all.github.state().deployments.states(), ["inactive", "success", "failure"]);
    assert_eq!(all.sentry.releases()["nutri@r3"]["deploys"], json!([]));

    // All of them fail, each in its own way, and one is not named any more.
    all.discord.fail([Fault::answer(429, "{\"retry_after\":3600}")]);
    all.slack.fail([Fault::cut()]);
    all.github.fail([Fault::answer(502, "<html>")]);
    let back = ["-vv", "rollback", "production", "--apply"];
    let run = town.world.run_with(&back, &[("SENTRY_TOKEN", "hunter2hunter2")]);
    for wanted in [
        "warning: Discord was not told (E-not-told): failed to tell Discord (POST its webhook \
         answered 429): too many requests were sent; the next one in 3600 s",
        "warning: Slack was not told (E-not-told): ",
        "warning: GitHub was not told (E-not-told): ",
        "answered 401): the token is not accepted: Sentry said: Invalid token",
        "nobody was reached",
    ] {
        assert!(run.stderr.contains(wanted), "{wanted}\n{run:?}");
    }
    assert!(SECRETS.iter().chain(&["hunter2"]).all(|it| !format!("{run:?}").contains(it)));
    run.ends(0);
    town.serves("backend", "r1");
    assert_eq!(town.records(), 4);
    assert_no_secret_below(&town.world.path("target"));
}

/// What a run leaves that was killed after it had set the tag, and what a person did by hand.
#[test]
fn what_was_begun_is_finished_and_what_others_did_is_told() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    town.apply();
    town.double.hold(true);
    let mut child = town.begins("r1");
    town.under_way("ml-service");
    child.kill().unwrap();
    child.wait().unwrap();
    let said = town.rollout("r1").ends(4);
    assert!(said.contains("is under way"), "{said}");
    town.double.hold(false);
    town.settles();
    town.rollout("r1").ends(0);
    town.serves("backend", "r1");
    town.serves("ml-service", "r1");

    let found = town.application("ml-service");
    let change = ApplicationChange {
        description: Some("xtask nutri/production begun=r1".to_owned()),
        ..ApplicationChange::default()
    };
    runtime::wait(person(&town.double).update_application(&found.uuid, &change)).unwrap();
    let shown = town.world.run(&["rollout", "production", "r1", "--dry-run"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("never seen to end"), "{shown:?}");
    assert!(!shown.stdout.contains("deploy `backend`"), "{shown:?}");
    town.rollout("r1").ends(0);
    town.serves("ml-service", "r1");
}

#[test]
fn what_does_not_come_to_serve_is_taken_back() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    town.release("r1", Backend::Good);
    town.release("unready", Backend::Unready);
    town.release("old-code", Backend::OldCode("r1"));
    town.apply();
    let said = town.rollout("unready").ends(5);
    assert!(said.contains("nothing was served before, and nothing is now"), "{said}");
    let tag = town.application("backend").image_tag;
    assert_eq!(tag.as_deref(), Some("not-rolled-out"));
    town.rollout("r1").ends(0);
    for (release, why) in [
        ("unready", "Coolify says `failed`"),
        ("old-code", "Coolify says `finished`, and release `r1` answers"),
    ] {
        let said = town.rollout(release).ends(5);
        assert!(said.contains(why), "{said}");
        assert!(said.contains("requests go to release `r1`, as before"), "{said}");
        assert!(said.contains("code: E-deployment"), "{said}");
        town.serves("backend", "r1");
        town.serves("ml-service", "r1");
    }
    town.world.run(&PLAN).ends(0);
    // What it is told is back as well, though this token is shown no value.
    let again = town.rollout("r1");
    assert!(again.stdout.contains("runs already"), "{again:?}");
    again.ends(0);
}

#[test]
fn what_happens_at_the_panel_meanwhile_is_seen() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    for release in ["r1", "r2", "r3"] {
        town.release(release, Backend::Good);
    }
    town.apply();
    town.rollout("r1").ends(0);

    // Coolify is restarted: the row fails, and the job goes on.
    town.double.hold(true);
    let child = town.begins("r2");
    town.under_way("ml-service");
    town.step_until_two_run("ml-service");
    town.double.restart();
    town.double.hold(false);
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("calls the deployment of `ml-service` failed, and"), "{said}");
    town.serves("ml-service", "r2");
    town.serves("backend", "r2");

    // Somebody cancels it.
    town.double.hold(true);
    let child = town.begins("r3");
    let row = town.under_way("ml-service");
    runtime::wait(person(&town.double).cancel(&row.uuid)).unwrap();
    town.double.hold(false);
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("somebody cancelled it"), "{said}");
    town.serves("ml-service", "r2");
    town.serves("backend", "r2");

    // Its worker is killed: the row would block the application for ever.
    town.double.hold(true);
    let child = town.begins("r3");
    town.under_way("ml-service");
    town.double.kill_worker(&town.application("ml-service").uuid);
    town.double.hold(false);
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("so it was cancelled"), "{said}");
    town.serves("ml-service", "r2");
}

/// What is told to a service is changed while it serves: the plan is empty afterwards, and what runs
/// does not know of it.
#[test]
fn what_infra_changed_reaches_the_containers_with_the_same_release() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "ci");
    town.release("r1", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    let secret = [("PRODUCTION_JWT_SECRET", "another-secret")];
    let run = |args: &[&str]| town.world.run_with(args, &secret);
    let applied = run(&["infra", "apply", "production", "--apply"]);
    assert!(applied.stderr.contains("cargo xtask rollout production r1 --apply"), "{applied:?}");
    applied.ends(0);
    let drift = run(&["infra", "drift", "production"]);
    assert!(drift.stdout.contains("changed after `r1` was deployed"), "{drift:?}");
    drift.ends(3);
    let shown = run(&["rollout", "production", "r1"]);
    assert!(shown.stdout.contains("what it is told was changed since"), "{shown:?}");
    assert!(!shown.stdout.contains("deploy `ml-service`"), "{shown:?}");
    run(&["rollout", "production", "r1", "--apply"]).ends(0);
    town.serves("backend", "r1");
    assert_eq!(town.told("backend", "JWT_SECRET"), "another-secret");
    run(&["infra", "drift", "production"]).ends(0);
}

/// A page for people, wherever it is asked.
struct Page;

impl Handler for Page {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, _request: &Request) -> Response {
        Response::new(200).with("content-type", "text/html").body("<html>502</html>")
    }
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_changed() {
    let cluster = required!(Cluster::new());
    let mut town = Town::new(&cluster, "read");
    town.release("r1", Backend::Good);
    let said = town.rollout("r1").ends(4);
    assert!(said.contains("ability `deploy`") && said.contains("E-preflight"), "{said}");
    let page = Http::start(Arc::new(Page)).unwrap();
    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let elsewhere = deploy.replace(&town.double.url(), &format!("http://{}", page.host()));
    town.world.write("deploy.toml", &elsewhere);
    for args in [&["rollout", "production", "r1", "--apply"][..], &["status", "production"]] {
        let run = town.world.run(args);
        assert_ne!(run.code, Some(0), "{run:?}");
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("is not JSON") || said.contains("failed to look"), "{said}");
    }
    // Without its secrets nothing is begun; without the token nothing is asked.
    let bare = World::new();
    let said = bare.run(&["rollout", "production", "r1", "--apply"]).ends(4);
    assert!(said.contains("PRODUCTION_COOLIFY_TOKEN"), "{said}");
}

#[test]
fn only_what_is_on_a_coolify_is_rehearsed() {
    let said = World::new().run(&["rehearse", "local"]).ends(2);
    assert!(said.contains("environments with `target = \"coolify\"`"), "{said}");
}
