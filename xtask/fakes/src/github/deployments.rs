//! Deployments and their statuses, with what GitHub wants of each and does beside it: it merges
//! unless told not to, wants every check to have passed unless told not to, and makes deployments
//! inactive that an environment without users had before.

use super::State;
use crate::http::Request;
use serde_json::{Value, json};

const AT: &str = "2026-11-27T00:00:00Z";
const STATES: [&str; 7] =
    ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

/// Every deployment, and every exchange about one.
#[derive(Clone, Debug, Default)]
pub struct Deployments {
    /// In order; each with a list of its `statuses`, the newest first.
    pub all: Vec<Value>,
    /// What was asked and answered.
    pub exchanges: Vec<Exchange>,
    pub(super) unchecked: Vec<String>,
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// `POST deployments`, `GET statuses`, …
    pub name: String,
    /// What was sent.
    pub request: Value,
    /// How it was answered.
    pub status: u16,
    /// And with what.
    pub answer: Value,
}

impl Exchange {
    /// One about the thing at `path`: a secret or a variable has no name in it.
    pub(super) fn about(
        method: &str,
        path: &str,
        request: &Value,
        status: u16,
        answer: &Value,
    ) -> Self {
        let kind = path.split('/').next().unwrap_or_default();
        let kind = if path.ends_with("/public-key") { path } else { kind };
        let (request, answer) = (request.clone(), answer.clone());
        Self { name: format!("{method} {kind}"), request, status, answer }
    }
}

impl Deployments {
    /// The newest state of each deployment, in order.
    pub fn states(&self) -> Vec<String> {
        self.all.iter().map(|it| state_of(it).to_owned()).collect()
    }
}

impl State {
    pub(super) fn deploy(&mut self, below: &str, request: &Request, body: &Value) -> (u16, Value) {
        let method = request.method.as_str();
        let number = below.strip_prefix('/').and_then(|it| it.strip_suffix("/statuses"));
        let (short, (status, answer)) = match (method, below, number) {
            ("POST", "", _) => ("deployments", self.create(body)),
            ("GET", "", _) => ("deployments", (200, self.list(request))),
            ("POST", _, Some(number)) => ("statuses", self.say(number, body)),
            ("GET", _, Some(number)) => ("statuses", self.statuses(number)),
            _ => return (404, json!({ "message": "Not Found", "status": "404" })),
        };
        let (name, request) = (format!("{method} {short}"), body.clone());
        let exchange = Exchange { name, request, status, answer: answer.clone() };
        self.deployments.exchanges.push(exchange);
        (status, answer)
    }

    fn create(&mut self, body: &Value) -> (u16, Value) {
        let Some(wanted) = body["ref"].as_str() else {
            return invalid("Invalid request.\n\n\"ref\" wasn't supplied.");
        };
        if !self.commits.contains_key(wanted) {
            return invalid(&format!("No ref found for: {wanted}"));
        }
        if body["auto_merge"] != json!(false) {
            let said = format!("Auto-merged main into {wanted} on deployment.");
            return (202, json!({ "message": said }));
        }
        let is_unchecked = self.deployments.unchecked.iter().any(|it| it == wanted);
        if is_unchecked && body["required_contexts"] != json!([]) {
            let said = format!("Conflict: Commit status checks failed for {wanted}");
            return (409, json!({ "message": said, "status": "409" }));
        }
        let environment = body["environment"].as_str().unwrap_or("production").to_owned();
        let is_production =
            body["production_environment"].as_bool().unwrap_or(environment == "production");
        let id = self.deployments.all.len() + 1;
        let url = format!("https://api.github.com/repos/acme/nutri/deployments/{id}");
        self.deployments.all.push(json!({
            "id": id, "node_id": format!("DE_{id}"), "url": url, "statuses_url": format!("{url}/statuses"),
            "repository_url": "https://api.github.com/repos/acme/nutri", "sha": wanted, "ref": wanted,
            "task": "deploy", "payload": {}, "original_environment": environment,
            "environment": environment, "description": body["description"], "creator": null,
            "created_at": AT, "updated_at": AT, "production_environment": is_production,
            "transient_environment": body["transient_environment"].as_bool().unwrap_or(false),
            "statuses": [],
        }));
        (201, shown(&self.deployments.all[id - 1]))
    }

    fn list(&self, request: &Request) -> Value {
        let wanted = request.parameter("environment");
        let most = request.parameter("per_page").and_then(|it| it.parse().ok()).unwrap_or(30);
        let all = self.deployments.all.iter().rev();
        let fits = |it: &&Value| wanted.is_none_or(|wanted| it["environment"] == wanted);
        all.filter(fits).take(most).map(shown).collect()
    }

    fn index(&self, number: &str) -> Option<usize> {
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        (index < self.deployments.all.len()).then_some(index)
    }

    fn statuses(&self, number: &str) -> (u16, Value) {
        match self.index(number) {
            Some(index) => (200, self.deployments.all[index]["statuses"].clone()),
            None => (404, json!({ "message": "Not Found", "status": "404" })),
        }
    }

    fn say(&mut self, number: &str, body: &Value) -> (u16, Value) {
        let Some(index) = self.index(number) else {
            return (404, json!({ "message": "Not Found", "status": "404" }));
        };
        let state = body["state"].as_str().unwrap_or_default();
        if !STATES.contains(&state) {
            return invalid("Validation Failed");
        }
        let description = body["description"].as_str().unwrap_or_default();
        if description.chars().count() > 140 {
            return invalid("Validation Failed");
        }
        let status = self.add(index, state, body);
        if state == "success" && body["auto_inactive"] != json!(false) {
            self.make_inactive_before(index);
        }
        (201, status)
    }

    fn add(&mut self, index: usize, state: &str, body: &Value) -> Value {
        let deployment = &mut self.deployments.all[index];
        let (own, environment) = (deployment["url"].clone(), deployment["environment"].clone());
        let statuses = deployment["statuses"].as_array_mut().expect("a list");
        let id = statuses.len() + 1;
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let url = format!("{}/statuses/{id}", own.as_str().unwrap_or_default());
        let status = json!({
            "id": id, "node_id": format!("DS_{id}"), "url": url, "state": state, "creator": null,
            "description": text("description"), "environment": environment,
            "environment_url": text("environment_url"), "log_url": text("log_url"),
            "target_url": text("log_url"), "created_at": AT, "updated_at": AT,
            "deployment_url": own, "repository_url": "https://api.github.com/repos/acme/nutri",
        });
        statuses.insert(0, status.clone());
        status
    }

    /// Those before it of the same environment that succeeded, and where no users are.
    fn make_inactive_before(&mut self, index: usize) {
        let environment = self.deployments.all[index]["environment"].clone();
        for earlier in 0..index {
            let it = &self.deployments.all[earlier];
            let is_spared = it["production_environment"] == json!(true)
                || it["transient_environment"] == json!(true);
            if it["environment"] == environment && !is_spared && state_of(it) == "success" {
                self.add(earlier, "inactive", &json!({}));
            }
        }
    }
}

fn state_of(deployment: &Value) -> &str {
    deployment["statuses"][0]["state"].as_str().unwrap_or("pending")
}

fn shown(deployment: &Value) -> Value {
    let mut shown = deployment.clone();
    shown.as_object_mut().expect("an object").remove("statuses");
    shown
}

fn invalid(said: &str) -> (u16, Value) {
    let documentation = "https://docs.github.com/rest/deployments/deployments";
    let body = json!({ "message": said, "documentation_url": documentation, "status": "422" });
    (422, body)
}
