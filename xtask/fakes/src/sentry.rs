//! Sentry, as far as releases go: releases, their commits and their deploys, in memory, for whoever
//! has the token. A release that is there is answered with 208, and a deploy is made each time.

use crate::double::{Answers, Double};
use crate::http::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The token that it knows.
pub const TOKEN: &str = "fake-sentry-token";
/// The organisation that the program of this crate has.
pub const ORGANISATION: &str = "acme";

const AT: &str = "2026-11-27T00:00:00.000000Z";

/// A running Sentry with one organisation.
pub type FakeSentry = Double<Sentry>;

/// What it has.
#[derive(Debug)]
pub struct Sentry {
    organisation: String,
    projects: Vec<String>,
    releases: Mutex<BTreeMap<String, Value>>,
}

impl FakeSentry {
    /// Starts one with these projects.
    pub fn start(organisation: &str, projects: &[&str]) -> Self {
        Self::of(Sentry {
            organisation: organisation.to_owned(),
            projects: projects.iter().map(|&it| it.to_owned()).collect(),
            releases: Mutex::default(),
        })
    }

    /// Every release by its version, with its `commits` and `deploys`.
    pub fn releases(&self) -> BTreeMap<String, Value> {
        self.own().lock().clone()
    }
}

impl Answers for Sentry {
    const FAULTS: &'static str = "application/json";

    fn answer(&self, request: &Request) -> Response {
        let (status, body) = self.serve(request);
        Response::new(status).with("Content-Type", "application/json").body(body.to_string())
    }
}

impl Sentry {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.releases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, request: &Request) -> (u16, Value) {
        let missing = || (404, json!({ "detail": "The requested resource does not exist" }));
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return (401, json!({ "detail": "Invalid token" }));
        }
        let organisation = format!("/api/0/organizations/{}/", self.organisation);
        let project =
            self.projects.iter().map(|it| format!("/api/0/projects/{}/{it}/", self.organisation));
        let roots = std::iter::once(organisation).chain(project);
        let Some(below) = roots.into_iter().find_map(|it| request.path.strip_prefix(&it)) else {
            return missing();
        };
        let parts: Vec<String> = below.split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["releases", ""]) => self.create(&body),
            ("PUT", ["releases", version, ""]) => {
                self.change(version, &body).unwrap_or_else(missing)
            }
            ("GET", ["releases", version, ""]) => {
                self.lock().get(*version).map(|it| (200, it.clone())).unwrap_or_else(missing)
            }
            ("POST", ["releases", version, "deploys", ""]) => {
                self.deploy(version, &body).unwrap_or_else(missing)
            }
            // Without its last slash a path is another one.
            _ => missing(),
        }
    }

    fn create(&self, body: &Value) -> (u16, Value) {
        let version = body["version"].as_str().unwrap_or_default();
        if let Some(why) = wrong_version(version) {
            return (400, json!({ "version": [why] }));
        }
        let wanted: Vec<&str> =
            body["projects"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if wanted.is_empty() {
            return (400, json!({ "projects": ["This field is required."] }));
        }
        if !wanted.iter().all(|it| self.projects.iter().any(|own| own == it)) {
            return (400, json!({ "projects": ["Invalid project ids or slugs"] }));
        }
        let mut releases = self.lock();
        let status = if releases.contains_key(version) { 208 } else { 201 };
        let release = releases.entry(version.to_owned()).or_insert_with(|| {
            let projects: Vec<Value> =
                wanted.iter().map(|it| json!({ "slug": it, "name": it })).collect();
            json!({
                "version": version, "shortVersion": version, "status": "open", "dateCreated": AT,
                "dateReleased": null, "newGroups": 0, "projects": projects, "commitCount": 0,
                "commits": [], "deploys": [],
            })
        });
        change(release, body);
        (status, release.clone())
    }

    fn change(&self, version: &str, body: &Value) -> Option<(u16, Value)> {
        let mut releases = self.lock();
        let release = releases.get_mut(version)?;
        change(release, body);
        Some((200, release.clone()))
    }

    fn deploy(&self, version: &str, body: &Value) -> Option<(u16, Value)> {
        let mut releases = self.lock();
        let release = releases.get_mut(version)?;
        let Some(environment) = body["environment"].as_str().filter(|it| !it.is_empty()) else {
            return Some((400, json!({ "environment": ["This field is required."] })));
        };
        if environment.chars().count() > 64 || environment.contains('/') {
            let said = "Ensure this field has no more than 64 characters.";
            return Some((400, json!({ "environment": [said] })));
        }
        let deploys = release["deploys"].as_array_mut()?;
        let mut deploy = body.clone();
        deploy["id"] = json!((deploys.len() + 1).to_string());
        deploy["dateFinished"] =
            body.get("dateFinished").filter(|it| !it.is_null()).cloned().unwrap_or(json!(AT));
        deploys.push(deploy.clone());
        Some((201, deploy))
    }
}

fn change(release: &mut Value, body: &Value) {
    for key in ["dateReleased", "ref", "url"] {
        if let Some(value) = body.get(key).filter(|it| !it.is_null()) {
            release[key] = value.clone();
        }
    }
    if let Some(commits) = body["commits"].as_array() {
        release["commits"] = json!(commits);
        release["commitCount"] = json!(commits.len());
    }
}

fn wrong_version(version: &str) -> Option<&'static str> {
    let is_dots = [".", "..", "latest"].contains(&version.to_ascii_lowercase().as_str());
    match () {
        () if version.trim().is_empty() => Some("This field may not be blank."),
        () if version.chars().count() > 200 => {
            Some("Ensure this field has no more than 200 characters.")
        }
        () if is_dots || version.contains(['/', '\\', '\n', '\r', '\t', '\u{c}']) => {
            Some("Release with name is invalid")
        }
        () => None,
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
