//! What goes wrong exactly between two requests of a rollout, and what others do between two of
//! ours.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::between::before;
use super::town::Town;
use crate::infra::panel::PLAN;
use crate::postgres::server::Cluster;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use xtask_fakes::coolify::api::By;
use xtask_fakes::http::{Request, Response, Server};
use xtask_fakes::required;

fn asks_to_deploy(request: &Request) -> bool {
    request.method == "POST" && request.path.ends_with("/deploy")
}

/// A town that serves `r1`, and has `r2`.
/// From now on production is asked through `server`.
fn through(town: &Town<'_>, server: &Server) {
    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let through = deploy.replace(&town.double.url(), &format!("http://{}", server.host()));
    town.world.write("deploy.toml", &through);
}

fn as_before(town: &Town<'_>) {
    for service in ["backend", "ml-service"] {
        town.serves(service, "r1");
    }
    town.world.run(&PLAN).ends(0);
}

#[test]
fn an_id_that_coolify_never_stored_is_no_deployment() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let skips = before(&town.double.url(), |request| {
        asks_to_deploy(request).then(|| {
            let said = json!({ "deployments": [{
                "message": "Deployment already queued for this commit.",
                "resource_uuid": request.parameter("uuid"), "deployment_uuid": "phantom",
            }] });
            Response::new(200).with("content-type", "application/json").body(said.to_string())
        })
    });
    through(&town, &skips);
    let said = town.rollout("r2").ends(5);
    let wanted = "Coolify gave the name of a deployment that it did not make";
    assert!(said.contains(wanted) && said.contains("E-deployment"), "{said}");
    assert!(said.contains("requests go to release `r1`, as before"), "{said}");
    as_before(&town);
}

#[test]
fn a_queue_that_fills_after_preflight_is_told_and_everything_is_as_before() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let full = before(&town.double.url(), |request| {
        asks_to_deploy(request).then(|| {
            let said = json!({ "message":
                "Deployment queue is full. Please wait for existing deployments to complete." });
            let full = Response::new(429).with("content-type", "application/json");
            full.with("retry-after", "60").body(said.to_string())
        })
    });
    through(&town, &full);
    let said = town.rollout("r2").ends(5);
    assert!(said.contains("too many deployments are waiting on the server"), "{said}");
    assert!(said.contains("hint: wait a minute, then run the same again"), "{said}");
    assert!(said.contains("requests go to release `r1`, as before"), "{said}");
    as_before(&town);
}

/// Tag, description and variables are written, and nobody is left to ask for the deployment.
#[test]
fn a_run_that_is_killed_between_the_tag_and_the_deployment_is_finished_by_the_next() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let child = Arc::new(Mutex::new(None::<u32>));
    let killed = Arc::clone(&child);
    let kills = before(&town.double.url(), move |request| {
        let id = asks_to_deploy(request).then(|| *killed.lock().unwrap()).flatten()?;
        let kill = std::process::Command::new("kill").args(["-9", &id.to_string()]).status();
        assert!(kill.unwrap().success());
        Some(Response::new(500))
    });
    through(&town, &kills);
    let mut run = child.lock().unwrap();
    let started = town.begins("r2");
    *run = Some(started.id());
    drop(run);
    let (code, _) = town.ended(started);
    assert_eq!(code, None, "it was killed");
    *child.lock().unwrap() = None;
    let found = town.application("ml-service");
    assert_eq!(found.description.as_deref(), Some("xtask nutri/production begun=r2"));
    assert_eq!(town.told("ml-service", "APP_VERSION"), "r1", "nothing was deployed");
    let status = town.status();
    let remarks = status["remarks"].to_string();
    assert!(remarks.contains("a rollout of `r2` to `ml-service` was begun"), "{status}");
    town.rollout("r2").ends(0);
    town.serves("ml-service", "r2");
    town.serves("backend", "r2");
}

#[test]
fn deployments_that_others_asked_for_are_told_as_theirs() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    assert_eq!(town.status()["foreign"], json!([]));
    let uuid = town.application("backend").uuid;
    town.double.deploy_by(&uuid, By::Panel);
    town.settles();
    town.double.deploy_by(&uuid, By::Webhook);
    town.settles();
    let status = town.status();
    let foreign = status["foreign"].as_array().unwrap();
    let by: Vec<_> = foreign.iter().map(|it| it["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["webhook", "panel"], "the newest first: {status}");
    for it in foreign {
        assert_eq!((&it["service"], &it["status"]), (&json!("backend"), &json!("finished")));
        assert_eq!((&it["is_newest"], &it["commit"]), (&json!(true), &json!(null)));
        assert!(it["at"].as_str().unwrap().ends_with('Z'), "{it}");
    }
    let shown = town.world.run(&["status", "production"]);
    assert!(shown.stdout.contains("note: deployment `"), "{shown:?}");
    assert!(shown.stdout.contains("of `backend` was made by somebody at the panel"), "{shown:?}");
    let plan = town.world.run(&["rollout", "production", "r2"]);
    assert!(plan.stdout.contains("found: deployment `"), "{plan:?}");
    assert!(plan.stdout.contains("was made by a webhook"), "{plan:?}");
    town.rollout("r2").ends(0);
    // The ledger keeps them as theirs, each once, however often it is looked at.
    town.rollout("r1").ends(0);
    let audit = town.world.run(&["audit", "list", "production", "--json"]).stdout;
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let records = audit["records"].as_array().unwrap().iter();
    let theirs: Vec<&str> = records
        .filter(|it| it["action"] == "foreign")
        .map(|it| it["reason"].as_str().unwrap())
        .collect();
    assert_eq!(theirs.len(), 2, "{audit}");
    assert!(theirs.iter().all(|it| it.starts_with("not ours: deployment `")), "{theirs:?}");
    let after = town.status();
    assert_eq!(after["foreign"][0]["is_newest"], false, "{after}");
    assert_eq!(after["remarks"], json!([]), "{after}");
}

#[test]
fn with_the_panel_down_status_still_asks_the_service_itself() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let down = before(&town.double.url(), |_| Some(Response::new(502).body("<html>502</html>")));
    through(&town, &down);
    let shown = town.world.run(&["status", "production"]);
    assert!(shown.stdout.contains("answers 200; unknown: failed to"), "{shown:?}");
    assert!(shown.stdout.contains("note: see how Coolify is on its server"), "{shown:?}");
    shown.ends(3);
}

#[test]
fn a_log_is_read_where_the_environment_is() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.world.run(&["logs", "backend", "production"]).ends(0);
    // A plan needs what services are told: what is missing is named.
    let bare =
        town.world.run_with(&["rollout", "production", "r2"], &[("PRODUCTION_JWT_SECRET", "")]);
    assert!(bare.stderr.contains("PRODUCTION_JWT_SECRET"), "{bare:?}");
    assert!(bare.stderr.contains("E-secret-missing"), "{bare:?}");
    bare.ends(4);
}
