//! Who runs, who waits, and what each route says of a full queue.

use crate::world::{World, message};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

#[test]
fn deployments_of_one_application_run_one_after_the_other() {
    let world = World::new();
    let app = world.app("backend");
    let (first, second) = (world.deploy(&app), world.deploy(&app));
    assert_eq!(world.status(&first), "in_progress");
    assert_eq!(world.status(&second), "queued");
    world.settle();
    assert_eq!(
        (world.status(&first), world.status(&second)),
        ("finished".into(), "finished".into())
    );
}

#[test]
fn a_server_runs_as_many_as_it_has_places_and_the_oldest_goes_first() {
    let world = World::new();
    let apps: Vec<String> = ["a1", "b1", "c1", "d1"].map(|name| world.app(name)).into();
    let rows: Vec<String> = apps.iter().map(|app| world.deploy(app)).collect();
    let statuses = || rows.iter().map(|row| world.status(row)).collect::<Vec<_>>();
    assert_eq!(statuses(), ["in_progress", "in_progress", "queued", "queued"]);
    let cancelled = world.post(&format!("/deployments/{}/cancel", rows[1]));
    assert_eq!(message(&cancelled), "Deployment cancelled successfully.");
    assert_eq!(statuses(), ["in_progress", "cancelled-by-user", "in_progress", "queued"]);
}

#[test]
fn the_tag_is_read_when_the_job_starts() {
    let world = World::new();
    let app = world.app("backend");
    let first = world.deploy(&app);
    world.patch(&format!("/applications/{app}"), &json!({ "docker_registry_image_tag": "2" }));
    let second = world.deploy(&app);
    world.patch(&format!("/applications/{app}"), &json!({ "docker_registry_image_tag": "3" }));
    world.settle();
    for deployment in [first, second] {
        let logs = world.get(&format!("/deployments/{deployment}"))["logs"].to_string();
        assert!(logs.contains("h1/app:3 to localhost"), "both ship the last tag: {logs}");
    }
}

#[test]
fn a_preview_leaves_production_alone() {
    let world = World::new();
    let app = world.app("backend");
    world.deploy(&app);
    world.settle();
    let before = world.coolify.containers().list(&app);
    let answer = world.post(&format!("/deploy?uuid={app}&pr=1&docker_tag=2"));
    assert_eq!(answer.status, 200);
    world.settle();
    assert_eq!(world.coolify.containers().list(&app), before);
    assert_eq!(world.coolify.containers().all().len(), 2);
}

#[test]
fn a_full_queue_is_another_answer_on_every_route() {
    let world = World::new();
    let server = world.get("/servers")[0]["uuid"].as_str().expect("a uuid").to_owned();
    world.patch(&format!("/servers/{server}"), &json!({ "deployment_queue_limit": 1 }));
    let app = world.app("backend");
    world.deploy(&app);
    world.deploy(&app);
    let deploy = world.post(&format!("/deploy?uuid={app}&force=true"));
    assert_eq!((deploy.status, deploy.header("retry-after")), (429, Some("60")));
    for action in ["start?force=true", "restart"] {
        let answer = world.post(&format!("/applications/{app}/{action}"));
        let phantom = answer.json().expect("JSON")["deployment_uuid"].clone();
        assert_eq!(answer.status, 200);
        let row = world.get(&format!("/deployments/{}", phantom.as_str().expect("a uuid")));
        assert_eq!(row["message"], "Deployment not found.", "{action}");
    }
    let body = json!({ "commit": "1" });
    let rollback = world.ask("root", "POST", &format!("/applications/{app}/rollback"), &body);
    assert_eq!(rollback.status, 400);
    let silent = world.patch(&format!("/applications/{app}"), &json!({ "instant_deploy": true }));
    assert_eq!(silent.json(), Some(json!({ "uuid": app })), "and nothing was queued");
}

#[test]
fn a_row_whose_worker_died_blocks_its_application_until_it_is_cancelled() {
    let world = World::new();
    let app = world.app("backend");
    let dead = world.deploy(&app);
    world.coolify.kill_worker(&app);
    let waiting = world.deploy(&app);
    world.settle();
    assert_eq!(
        (world.status(&dead), world.status(&waiting)),
        ("in_progress".into(), "queued".into())
    );
    world.post(&format!("/deployments/{dead}/cancel"));
    world.settle();
    assert_eq!(world.status(&waiting), "finished");
    assert_eq!(world.status(&dead), "cancelled-by-user");
}

#[test]
fn failed_is_no_proof_that_the_old_version_serves() {
    let world = World::new();
    let app = world.app("backend");
    world.deploy(&app);
    world.settle();
    world.patch(&format!("/applications/{app}"), &json!({ "docker_registry_image_tag": "2" }));
    let row = world.deploy(&app);
    for _ in 0..6 {
        world.coolify.step();
    }
    world.coolify.restart();
    world.settle();
    assert_eq!(world.status(&row), "failed");
    let images: Vec<_> =
        world.coolify.containers().list(&app).into_iter().map(|own| own.image).collect();
    assert_eq!(images, ["127.0.0.1:5999/h1/app:2"], "the job went on");
}

#[test]
fn an_unusable_server_fails_a_deployment_that_never_ends() {
    let world = World::new();
    let app = world.app("backend");
    world.coolify.set_server("is_usable", false);
    let row = world.deploy(&app);
    world.settle();
    let row = world.get(&format!("/deployments/{row}"));
    assert_eq!((&row["status"], &row["finished_at"]), (&json!("failed"), &Value::Null));
    assert!(row["logs"].to_string().contains("Server is not functional."), "{row}");
}

#[test]
fn nothing_outlives_the_instance_though_a_client_stays_connected() {
    let world = World::new();
    let app = world.app("backend");
    world.deploy(&app);
    let host = world.coolify.url().replace("http://", "");
    let mut client = TcpStream::connect(host).expect("it listens");
    client.write_all(b"GET /api/v1/health HTTP/1.1\r\n\r\n").expect("a request goes out");
    client.read_exact(&mut [0; 12]).expect("an answer");
    let containers = Arc::downgrade(&world.coolify.containers());
    drop(world);
    assert!(containers.upgrade().is_none(), "they would never be removed");
}

#[test]
fn deleting_an_application_takes_its_rows_and_prunes_the_host_unless_told_not_to() {
    for (query, events) in [("?docker_cleanup=false", 0), ("", 1)] {
        let world = World::new();
        let app = world.app("backend");
        let row = world.deploy(&app);
        world.settle();
        let path = format!("/applications/{app}");
        world.ask("root", "DELETE", &format!("{path}{query}"), &Value::Null);
        assert_eq!(world.get(&path)["name"], "backend", "it is still there at once");
        world.settle();
        assert_eq!(world.get(&path)["message"], "Application not found.");
        assert_eq!(world.status(&row), "none");
        assert_eq!(world.coolify.containers().events().len(), events, "with `{query}`");
        assert!(world.coolify.containers().list(&app).is_empty());
    }
}
