//! An instance with a project, and how it is asked.

use crate::client::{Answer, send};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xtask_fakes::coolify::api::{Coolify, Options, Version};
use xtask_fakes::coolify::examples;

/// A Coolify whose time stands still until a test lets it go on.
pub(crate) struct World {
    pub(crate) coolify: Coolify,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Options { limit: 1_000_000, ..Options::default() })
    }

    pub(crate) fn at(version: &str) -> Self {
        let version = Version::parse(version).expect("a version");
        Self::with(Options { version, limit: 1_000_000, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        let coolify = Coolify::start(options, Arc::new(examples::host()));
        coolify.hold(true);
        Self { coolify }
    }

    /// Asks with the token of a label.
    pub(crate) fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        if !token.is_empty() {
            let token = format!("Bearer {}", self.coolify.token(token));
            headers.push(("Authorization".to_owned(), token));
        }
        let body = (!body.is_null()).then(|| body.to_string());
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let host = self.coolify.url().replace("http://", "");
        send(&host, method, &format!("/api/v1{path}"), &headers, body.as_deref())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask("root", "GET", path, &Value::Null).json().expect("JSON")
    }

    pub(crate) fn post(&self, path: &str) -> Answer {
        self.ask("root", "POST", path, &Value::Null)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask("root", "PATCH", path, body)
    }

    /// A new application of the examples' first image; its uuid.
    pub(crate) fn app(&self, name: &str) -> String {
        let project = self.ask("root", "POST", "/projects", &json!({ "name": "nutri" }));
        let server = self.get("/servers")[0]["uuid"].clone();
        let body = json!({
            "project_uuid": project.json().expect("JSON")["uuid"], "server_uuid": server,
            "environment_name": "production", "name": name,
            "docker_registry_image_name": examples::REPOSITORY, "docker_registry_image_tag": "1",
            "autogenerate_domain": false, "ports_exposes": "3000",
        });
        let made = self.ask("root", "POST", "/applications/dockerimage", &body);
        assert_eq!(made.status, 201, "{made:?}");
        made.json().expect("JSON")["uuid"].as_str().expect("a uuid").to_owned()
    }

    /// Deploys by force; the deployment's uuid.
    pub(crate) fn deploy(&self, app: &str) -> String {
        let answer = self.post(&format!("/deploy?uuid={app}&force=true")).json().expect("JSON");
        let uuid = answer["deployments"][0]["deployment_uuid"].as_str();
        uuid.unwrap_or_else(|| panic!("a deployment: {answer}")).to_owned()
    }

    pub(crate) fn status(&self, deployment: &str) -> String {
        let row = self.get(&format!("/deployments/{deployment}"));
        row["status"].as_str().unwrap_or("none").to_owned()
    }

    /// Lets all background work come to its end.
    pub(crate) fn settle(&self) {
        let began = Instant::now();
        self.coolify.hold(false);
        while !self.coolify.is_idle() {
            assert!(began.elapsed() < Duration::from_secs(60), "it does not come to an end");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.coolify.hold(true);
    }
}

/// The message of an answer.
pub(crate) fn message(answer: &Answer) -> String {
    let json = answer.json().unwrap_or_default();
    json["message"].as_str().unwrap_or_default().to_owned()
}
