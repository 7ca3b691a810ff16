//! What a project holds, its clock, and which request goes where.

use super::actions::Action;
use super::catalogue::Catalogue;
use super::firewalls::Firewall;
use super::page::{is_meant, page};
use super::rate::Bucket;
use super::refusal::Refusal;
use super::servers::Server;
use super::ssh_keys::SshKey;
use super::trouble::{Awaited, Moment, Trouble};
use super::{Answer, READ_ONLY, TOKEN};
use crate::http::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The second in which its clock begins: 27 November 2026.
const BEGIN: u64 = 1_795_737_600;

/// What there is.
#[derive(Clone, Debug)]
pub struct State {
    /// What can be bought.
    pub catalogue: Catalogue,
    pub ssh_keys: BTreeMap<u64, SshKey>,
    pub firewalls: BTreeMap<u64, Firewall>,
    pub servers: BTreeMap<u64, Server>,
    pub(super) actions: BTreeMap<u64, Action>,
    /// How many servers were ever made.
    pub servers_made: usize,
    /// How many servers the project may have.
    pub servers_most: usize,
    /// Off where a test is about whoever asks: the real one never lets a name be used twice.
    pub is_unique: bool,
    /// How many lists of servers do not show a new one yet.
    pub stale_lists: usize,
    /// Why the next servers cannot be placed after all.
    pub fails_to_place: bool,
    /// In what prices are told.
    pub currency: &'static str,
    /// Every request so far: the method and the path.
    pub requests: Vec<(String, String)>,
    /// How much time a request takes, in milliseconds of its own clock.
    pub tick: u64,
    /// Its clock, in milliseconds.
    pub(super) now: u64,
    pub(super) bucket: Bucket,
    pub(super) hold: Option<(u64, Moment)>,
    pub(super) is_holding: bool,
    awaited: Vec<Awaited>,
    next_id: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            catalogue: Catalogue::default(),
            ssh_keys: BTreeMap::new(),
            firewalls: BTreeMap::new(),
            servers: BTreeMap::new(),
            actions: BTreeMap::new(),
            servers_made: 0,
            servers_most: 5,
            is_unique: true,
            stale_lists: 0,
            fails_to_place: false,
            currency: "EUR",
            requests: Vec::new(),
            tick: 500,
            now: 0,
            bucket: Bucket::default(),
            hold: None,
            is_holding: false,
            awaited: Vec::new(),
            next_id: 1000,
        }
    }
}

impl State {
    /// The next request of that method whose path ends so goes wrong.
    pub fn trouble(&mut self, method: &'static str, ending: &'static str, trouble: Trouble) {
        self.awaited.push(Awaited { method, ending, trouble });
    }

    /// The request of that number, counted from 1 from now on, is held.
    pub fn hold(&mut self, number: u64, moment: Moment) {
        self.hold = Some((self.requests.len() as u64 + number, moment));
    }

    /// It grants so many requests, and one more each second.
    pub fn set_limit(&mut self, limit: u32) {
        self.bucket = Bucket::of(f64::from(limit), self.now);
    }

    /// Its clock goes on.
    pub fn advance(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        self.settle();
    }

    /// The method and the path of each request from the one of that number on.
    pub fn writes(&self) -> Vec<String> {
        let writes = self.requests.iter().filter(|(method, _)| method != "GET");
        writes.map(|(method, path)| format!("{method} {path}")).collect()
    }

    pub(super) fn begin(&mut self, request: &Request) -> u64 {
        self.requests.push((request.method.clone(), request.path.clone()));
        self.advance(self.tick);
        self.requests.len() as u64
    }

    pub(super) fn trouble_of(&mut self, request: &Request) -> Option<Trouble> {
        let at = self.awaited.iter().position(|it| it.is_for(request))?;
        Some(self.awaited.remove(at).trouble)
    }

    pub(super) fn seconds(&self) -> u64 {
        BEGIN + self.now / 1000
    }

    /// What its clock shows.
    pub(super) fn time(&self) -> String {
        let second = i64::try_from(self.seconds()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX).to_string()
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn response(&self, answer: Answer) -> Response {
        let response = match answer {
            Ok((204, _)) => Response::new(204),
            Ok((status, value)) => {
                let response = Response::new(status).with("Content-Type", "application/json");
                response.body(value.to_string())
            }
            Err(refusal) => refusal.response(),
        };
        let correlation = format!("{:016x}", self.requests.len());
        let response = response.with("X-Correlation-Id", correlation);
        self.rate().into_iter().fold(response, |it, (name, value)| it.with(name, value))
    }

    pub(super) fn serve(&mut self, request: &Request) -> Answer {
        self.admit(request)?;
        let body = body(request)?;
        let path = request.path.strip_prefix("/v1/").unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["datacenters", ..] => {
                Err(Refusal::new(410, "deprecated_api_endpoint", "datacenters were removed"))
            }
            ["ssh_keys", rest @ ..] => self.ssh_key(request, rest, &body),
            ["firewalls", rest @ ..] => self.firewall(request, rest, &body),
            ["servers", rest @ ..] => self.server(request, rest, &body),
            ["actions", rest @ ..] => self.action(request, rest),
            _ if request.method == "GET" => self.offered(request, &parts),
            _ => Err(Refusal::not_found("route")),
        }
    }

    fn admit(&mut self, request: &Request) -> Result<(), Refusal> {
        let given = request.header("authorization").unwrap_or_default();
        let token = given.strip_prefix("Bearer ").unwrap_or_default();
        match token {
            TOKEN => {}
            READ_ONLY if request.method == "GET" => {}
            READ_ONLY => {
                return Err(Refusal::new(401, "token_readonly", "token is only allowed to read"));
            }
            _ => {
                let said = "unable to authenticate";
                return Err(Refusal::new(401, "unauthorized", said));
            }
        }
        match self.bucket.take(self.now) {
            true => Ok(()),
            false => Err(Refusal::new(429, "rate_limit_exceeded", "limit exceeded")
                .with("Retry-After", "1".to_owned())),
        }
    }

    /// What nobody changes.
    fn offered(&self, request: &Request, parts: &[&str]) -> Answer {
        let (key, one, all) = match parts.first().copied() {
            Some("pricing") if parts.len() == 1 => return Ok((200, self.pricing())),
            Some("server_types") => ("server_types", "server_type", self.server_types()),
            Some("locations") => ("locations", "location", Self::locations()),
            Some("images") => ("images", "image", Self::images()),
            _ => return Err(Refusal::not_found("route")),
        };
        if let [_, id] = parts {
            let number = id.parse::<u64>().ok();
            let found = all.into_iter().find(|it| number.is_some_and(|id| it["id"] == id));
            return found.map(|it| (200, json!({ one: it }))).ok_or(Refusal::not_found(one));
        }
        let fits = |it: &Value| {
            let same = |name: &str| request.parameter(name).is_none_or(|wanted| it[name] == wanted);
            same("architecture") && same("type") && same("status") && is_meant(request, it)
        };
        page(request, key, all.into_iter().filter(|it| fits(it)).collect())
    }
}

fn body(request: &Request) -> Result<Value, Refusal> {
    if request.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&request.body)
        .map_err(|_| Refusal::new(400, "json_error", "unable to parse JSON"))
}

/// The labels of a body: a text for each name.
pub(super) fn labels(body: &Value) -> Result<Value, Refusal> {
    let Some(labels) = body.get("labels").filter(|it| !it.is_null()) else { return Ok(json!({})) };
    let fits = |it: &str| {
        it.len() <= 63 && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_./".contains(&it))
    };
    let all = labels.as_object().ok_or(Refusal::invalid("labels", "must be an object"))?;
    let is_label = |(key, value): (&String, &Value)| {
        !key.is_empty() && fits(key) && value.as_str().is_some_and(fits)
    };
    match all.iter().all(is_label) && !all.keys().any(|it| it.starts_with("hetzner.cloud/")) {
        true => Ok(labels.clone()),
        false => Err(Refusal::invalid("labels", "invalid label")),
    }
}
