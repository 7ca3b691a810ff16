//! Coolify's API: a real HTTP server with state. What it does to containers is in `update`.

mod access;
mod actions;
mod app_change;
mod app_create;
mod app_delete;
mod app_fields;
mod app_read;
mod app_write;
mod body;
mod call;
mod cleanup;
mod deploy;
mod deployments;
mod destinations;
mod domains;
mod environments;
mod fixture;
mod hub;
mod instance;
mod job;
mod labels;
mod notifications;
mod projects;
mod queue;
mod rate;
mod reply;
mod routes;
mod row;
mod rules;
mod s3;
mod servers;
mod state;
mod storages;
mod sweep;
mod tags;
mod targets;
mod tasks;
mod variables;
mod version;
mod webhook;

pub use queue::By;
pub use version::Version;

use super::update::{Containers, Delays};
use crate::http::{Admission, Handler, Request, Response, Server};
use hub::{Hub, held};
use serde_json::{Map, Value};
use std::sync::{Arc, Weak};

/// How an instance begins.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub version: Version,
    pub delays: Delays,
    /// Whether the API is switched on. After an installation it is not.
    pub api_enabled: bool,
    /// Requests that a user, or an address, may make in a minute.
    pub limit: u32,
    /// Whether there is an admin beside the root user, with tokens of his own.
    pub has_deployer: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::RECORDED,
            delays: Delays::scaled(0.0),
            api_enabled: true,
            limit: 200,
            has_deployer: true,
        }
    }
}

/// A running Coolify. It ends with its value, and so does all that it does in the background.
pub struct Coolify {
    hub: Arc<Hub>,
    server: Server,
}

/// A client that stays connected does not keep the instance, and its containers, alive.
struct Door(Weak<Hub>);

impl Handler for Door {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        match self.0.upgrade() {
            Some(hub) => access::answer(&hub, request),
            None => Response::new(503),
        }
    }
}

impl Coolify {
    /// Starts one on a free port of loopback, over these containers.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn start(options: Options, containers: Arc<dyn Containers>) -> Self {
        let mut state = fixture::instance(options.version, options.has_deployer);
        state.api_enabled = options.api_enabled;
        state.limit = options.limit;
        let hub = Arc::new(Hub::new(state, containers, options.delays));
        let server =
            Server::start(Arc::new(Door(Arc::downgrade(&hub)))).expect("a free port on loopback");
        let url = format!("http://{}", server.host());
        *held(&hub.panel) = url;
        Self { hub, server }
    }

    /// Its address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    /// A token by its label, as it is sent: `<number>|<secret>`.
    ///
    /// # Panics
    /// If there is none of this label.
    pub fn token(&self, label: &str) -> String {
        let tokens = self.tokens();
        let token = tokens.get(label).and_then(Value::as_str);
        token.expect("a label of the fixture").to_owned()
    }

    /// Every token by its label.
    pub fn tokens(&self) -> Map<String, Value> {
        let state = self.hub.state();
        let tokens = state.tokens.iter();
        tokens
            .map(|own| (own.label.to_owned(), Value::from(format!("{}|{}", own.id, own.secret))))
            .collect()
    }

    /// The containers that it works on.
    pub fn containers(&self) -> Arc<dyn Containers> {
        Arc::clone(&self.hub.containers)
    }

    /// Holds the time of all background work, or lets it go on.
    pub fn hold(&self, is_held: bool) {
        self.hub.gate().hold(is_held);
    }

    /// While the time is held: lets background work do its next step.
    pub fn step(&self) {
        self.hub.gate().step();
    }

    /// Whether nothing is done in the background.
    pub fn is_idle(&self) -> bool {
        self.hub.gate().is_idle()
    }

    /// Sets `API_RATE_LIMIT`; what was counted is forgotten.
    pub fn set_limit(&self, limit: u32) {
        self.hub.state().limit = limit;
        self.hub.buckets().clear();
    }

    /// Sets the addresses that may use the API, as a list with commas.
    pub fn set_allowed_addresses(&self, list: &str) {
        list.clone_into(&mut self.hub.state().allowed_ips);
    }

    /// Whether webhooks and storages may lead to loopback and private addresses.
    pub fn allow_internal_targets(&self, allowed: bool) {
        self.hub.state().internal_targets = allowed;
    }

    /// Sets a setting of the server that Coolify runs on, as a person does it in the panel.
    pub fn set_server(&self, setting: &str, value: impl Into<Value>) {
        let value = value.into();
        for server in &mut self.hub.state().servers {
            row::set(&mut server.settings, setting, value.clone());
        }
    }

    /// Names the network of the server's first destination, and makes it.
    pub fn set_network(&self, name: &str) {
        self.hub.containers.create_network(name);
        if let Some(destination) = self.hub.state().destinations.first_mut() {
            row::set(destination, "network", name);
        }
    }

    /// Removes all variables of the applications of this name, as a person may in the database.
    pub fn remove_variables(&self, app: &str) {
        let mut state = self.hub.state();
        let named = state.apps.iter().filter(|own| row::text(&own.row, "name") == app);
        let ids: Vec<i64> = named.map(|own| row::number(&own.row, "id")).collect();
        state.variables.retain(|own| !ids.contains(&row::number(own, "resource_id")));
    }

    /// Deploys an application as it is, asked for by others than clients of the API.
    pub fn deploy_by(&self, app: &str, by: By) {
        let order = queue::Order { by, ..queue::Order::of(app) };
        queue::enqueue(&self.hub, &mut self.hub.state(), &order);
    }

    /// What a restart of Coolify does: rows that are active fail, and their jobs go on.
    pub fn restart(&self) {
        deployments::fail_all(&self.hub);
    }

    /// What a killed worker leaves: the application's row stays `in_progress` for ever.
    pub fn kill_worker(&self, app: &str) {
        deployments::orphan(&self.hub, app);
    }
}

impl Drop for Coolify {
    fn drop(&mut self) {
        self.hub.gate().end();
    }
}
