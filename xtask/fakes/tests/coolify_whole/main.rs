//! Both halves together: what the API is asked for moves real traffic over real containers.

#[expect(dead_code, reason = "the replay asks for more of it")]
#[path = "../coolify_replay/client.rs"]
mod client;
#[path = "../coolify_docker/load.rs"]
mod load;
#[expect(dead_code, reason = "written for the tests of the other half")]
#[path = "../coolify_docker/world.rs"]
mod world;

use client::send;
use load::Load;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use world::{Image, Stop, World};
use xtask_fakes::coolify::api::{Coolify, Options};
use xtask_fakes::coolify::update::{Containers as _, Delays};
use xtask_fakes::required;

const LIMIT: Duration = Duration::from_secs(180);

/// The panel, as the root user asks it.
struct Panel(Coolify);

impl Panel {
    fn start(world: &World) -> Self {
        let options =
            Options { delays: Delays::of_coolify(0.02), limit: 1_000_000, ..Options::default() };
        let coolify = Coolify::start(options, world.docker.clone());
        let run = world.docker.label();
        coolify
            .set_network(&format!("xtask-double-{}", run.rsplit('=').next().unwrap_or_default()));
        Self(coolify)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let headers = [
            ("Accept".to_owned(), "application/json".to_owned()),
            ("Authorization".to_owned(), format!("Bearer {}", self.0.token("root"))),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ];
        let body = (!body.is_null()).then(|| body.to_string());
        let host = self.0.url().replace("http://", "");
        let path = format!("/api/v1{path}");
        send(&host, method, &path, &headers, body.as_deref()).json().expect("JSON")
    }

    /// An application whose image has a check of its own: the port is in the domain only, so
    /// Coolify writes none and waits for the image's. Its uuid.
    fn app(&self, repository: &str) -> String {
        let project = self.ask("POST", "/projects", &json!({ "name": "nutri" }));
        let servers = self.ask("GET", "/servers", &Value::Null);
        let body = json!({
            "project_uuid": project["uuid"], "server_uuid": servers[0]["uuid"],
            "environment_name": "production", "name": "api",
            "docker_registry_image_name": repository, "docker_registry_image_tag": "v1",
            "domains": "http://api.test:3000", "stop_grace_period": 60, "health_check_enabled": true,
            "health_check_path": "/health", "health_check_interval": 1,
            "health_check_timeout": 10, "health_check_retries": 60, "health_check_start_period": 1,
        });
        let made = self.ask("POST", "/applications/dockerimage", &body);
        made["uuid"].as_str().unwrap_or_else(|| panic!("an application: {made}")).to_owned()
    }

    /// Deploys a tag, and waits for its end; the status.
    fn ship(&self, app: &str, tag: &str) -> String {
        let change = json!({ "docker_registry_image_tag": tag });
        self.ask("PATCH", &format!("/applications/{app}"), &change);
        let answer = self.ask("POST", &format!("/deploy?uuid={app}&force=true"), &Value::Null);
        let row = answer["deployments"][0]["deployment_uuid"].as_str().expect("a deployment");
        let began = Instant::now();
        loop {
            let row = self.ask("GET", &format!("/deployments/{row}"), &Value::Null);
            let status = row["status"].as_str().unwrap_or_default();
            if !["queued", "in_progress"].contains(&status) {
                return status.to_owned();
            }
            assert!(began.elapsed() < LIMIT, "it does not end: {row}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn what_the_api_is_asked_for_moves_real_traffic() {
    let world = required!(World::start());
    world.publish(&Image { stop: Stop::Drains, own_check: true, ..Image::good("v1") });
    world.publish(&Image { stop: Stop::Drains, own_check: true, ..Image::good("v2") });
    world.publish(&Image { healthy: false, own_check: true, ..Image::good("v3") });
    let panel = Panel::start(&world);
    let app = panel.app(&world.repository());
    assert_eq!(panel.ship(&app, "v1"), "finished");
    let proxy = world.proxy();
    world.until_only(&proxy, "v1");
    let load = Load::on(proxy.address);
    assert_eq!(panel.ship(&app, "v2"), "finished");
    world.until_only(&proxy, "v2");
    assert_eq!(panel.ship(&app, "v3"), "failed", "it is never healthy");
    world.until_only(&proxy, "v2");
    let counted = load.counted();
    assert_eq!(counted.lost, Vec::<String>::new());
    assert!(counted.of("v1") > 0 && counted.of("v2") > 0 && counted.of("v3") == 0, "{counted:?}");
    panel.ask("DELETE", &format!("/applications/{app}?docker_cleanup=false"), &Value::Null);
    let began = Instant::now();
    while !world.docker.list(&app).is_empty() {
        assert!(began.elapsed() < LIMIT, "its containers stay");
        std::thread::sleep(Duration::from_millis(50));
    }
}
