//! What happened beside the recorded exchanges: images in a registry, and what a person or
//! another program set in the panel.

use crate::client::send;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xtask_fakes::coolify::api::{Coolify, Options};
use xtask_fakes::coolify::examples;

/// Where our recordings are.
pub(crate) fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/coolify-4.3.11")
}

/// The instance as it was before the first exchange.
pub(crate) fn coolify() -> Coolify {
    let options =
        Options { api_enabled: false, limit: 1_000_000, has_deployer: false, ..Options::default() };
    let coolify = Coolify::start(options, Arc::new(examples::host()));
    coolify.hold(true);
    coolify
}

/// Lets background work come to its end.
fn drain(coolify: &Coolify) {
    let began = Instant::now();
    coolify.hold(false);
    while !coolify.is_idle() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    coolify.hold(true);
}

/// Asks as the root user; what it says must be well.
fn ask(coolify: &Coolify, method: &str, path: &str, body: Option<&str>) -> Value {
    let headers = [
        ("Authorization".to_owned(), format!("Bearer {}", coolify.token("root"))),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    let host = coolify.url().replace("http://", "");
    let answer = send(&host, method, &format!("/api/v1/{path}"), &headers, body);
    assert_eq!(answer.status, 200, "{method} {path}");
    answer.json().expect("JSON")
}

/// The uuid of an application by its name.
fn uuid(coolify: &Coolify, name: &str) -> String {
    let apps = ask(coolify, "GET", "applications", None);
    let app = apps.as_array().into_iter().flatten().find(|app| app["name"] == name);
    app.and_then(|app| app["uuid"].as_str()).expect("the application is there").to_owned()
}

/// Begins to deploy an application.
fn deploy(coolify: &Coolify, name: &str) {
    let uuid = uuid(coolify, name);
    ask(coolify, "POST", &format!("deploy?uuid={uuid}&force=true"), None);
}

/// Changes an application and deploys it to the end.
fn redeploy(coolify: &Coolify, name: &str, change: &str) {
    drain(coolify);
    let uuid = uuid(coolify, name);
    ask(coolify, "PATCH", &format!("applications/{uuid}"), Some(change));
    deploy(coolify, name);
    drain(coolify);
}

/// Lets background work do so many steps.
fn advance(coolify: &Coolify, steps: usize) {
    for _ in 0..steps {
        coolify.step();
    }
}

/// What was done before this exchange, outside of the API.
pub(crate) fn prepare(coolify: &Coolify, file: &str, group: &str, seq: u64, changes: bool) {
    match (file, group, seq) {
        ("08-misc", "notifications with internal targets allowed", 0) => {
            coolify.allow_internal_targets(true);
        }
        // Between two cases the variables were taken away, unrecorded.
        ("09-env-rendering", _, 8..) if changes => coolify.remove_variables("misc"),
        ("17-misc2", _, 0) => coolify.set_server("concurrent_builds", 3),
        // Other files were recorded side by side: their deployments held both places here,
        ("07-health-and-failures", "hc off crash", 44) => {
            drain(coolify);
            ["t-32", "t-34"].iter().for_each(|name| deploy(coolify, name));
        }
        // had deployed this application once more,
        ("10-cancel-start-stop-rollback", _, 0) => {
            redeploy(coolify, "backend", r#"{"docker_registry_image_tag":"5"}"#);
        }
        // and were deploying it.
        ("13-deploy-params", _, 11) => deploy(coolify, "backend"),
        // Somebody waited before he cancelled.
        ("10-cancel-start-stop-rollback", _, 5) => drain(coolify),
        ("10-cancel-start-stop-rollback", _, 2) => advance(coolify, 8),
        ("10-cancel-start-stop-rollback", _, 7) => advance(coolify, 18),
        // Files that are not here put the application back and deployed it.
        ("20-labels-options-retention", "custom labels by PATCH", 12) => {
            redeploy(
                coolify,
                "misc",
                r#"{"docker_registry_image_tag":"1","health_check_enabled":false}"#,
            );
        }
        ("17-misc2", _, 46) => coolify.set_server("wildcard_domain", Value::Null),
        ("17-misc2", _, 45) => coolify.set_server("wildcard_domain", "http://apps.example.test"),
        ("18-limits", _, 0) => coolify.set_limit(12),
        ("18-limits", _, 23) => {
            coolify.set_limit(1_000_000);
            coolify.set_allowed_addresses("10.0.0.0/8");
        }
        ("18-limits", _, 29) => coolify.set_allowed_addresses(""),
        _ => {}
    }
}
