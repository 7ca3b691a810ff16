//! The deployment queue: who may start, who waits, who is passed over.

use super::hub::{Gate, Hub};
use super::job;
use super::row::{Row, now, number, set, text};
use super::state::{Deployment, State, by_id};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is said of a deployment that was passed over.
pub(super) const SKIPPED: &str = "Deployment already queued for this commit.";

/// What is asked of the queue.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) app: String,
    pub(super) force: bool,
    pub(super) restart: bool,
    /// A rollback, and what it asked for.
    pub(super) rollback: Option<String>,
    pub(super) pull_request: i64,
    pub(super) preview_tag: Option<String>,
    /// Neither deduplicated nor serialised.
    pub(super) at_once: bool,
    pub(super) by: By,
}

/// Who asks for a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A client of the API.
    Api,
    /// A person at the panel.
    Panel,
    Webhook,
}

impl Order {
    /// A plain deployment of an application.
    pub(super) fn of(app: &str) -> Self {
        Self {
            app: app.to_owned(),
            force: false,
            restart: false,
            rollback: None,
            pull_request: 0,
            preview_tag: None,
            at_once: false,
            by: By::Api,
        }
    }
}

/// What the queue did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The deployment's uuid.
    Queued(String),
    /// One for the same commit is queued or running.
    Skipped,
    /// Too many wait.
    Full,
}

/// Whether a row is queued or running.
pub(super) fn is_active(row: &Row) -> bool {
    ["queued", "in_progress"].contains(&text(row, "status"))
}

/// Puts a deployment into the queue: full, then duplicate, then insert.
pub(super) fn enqueue(hub: &Arc<Hub>, state: &mut State, order: &Order) -> Outcome {
    if is_full(state, &order.app) {
        return Outcome::Full;
    }
    let commit = order.rollback.clone().unwrap_or_else(|| "HEAD".to_owned());
    let bypasses = order.force || order.rollback.is_some() || order.at_once;
    if !bypasses && has_duplicate(state, order, &commit) {
        return Outcome::Skipped;
    }
    let uuid = insert(state, order, &commit);
    if order.at_once || may_start(state, &uuid) {
        start(hub, state, &uuid);
    }
    Outcome::Queued(uuid)
}

fn server_id(state: &State, app: &str) -> i64 {
    let destination = state.app(app).map_or(-1, |app| number(&app.row, "destination_id"));
    by_id(&state.destinations, destination).map_or(-1, |row| number(row, "server_id"))
}

fn setting(state: &State, server: i64, name: &str) -> i64 {
    let server = state.servers.iter().find(|own| number(&own.row, "id") == server);
    server.map_or(0, |server| number(&server.settings, name))
}

fn count(state: &State, server: i64, status: &str) -> i64 {
    let rows = state.deployments.iter().map(|own| &own.row);
    let own =
        rows.filter(|row| number(row, "server_id") == server && text(row, "status") == status);
    i64::try_from(own.count()).unwrap_or(i64::MAX)
}

/// Only rows that wait count.
fn is_full(state: &State, app: &str) -> bool {
    let server = server_id(state, app);
    count(state, server, "queued") >= setting(state, server, "deployment_queue_limit")
}

fn has_duplicate(state: &State, order: &Order, commit: &str) -> bool {
    state.deployments.iter().any(|own| {
        own.app == order.app
            && is_active(&own.row)
            && text(&own.row, "commit") == commit
            && number(&own.row, "pull_request_id") == order.pull_request
            && own.preview == order.preview_tag
    })
}

fn insert(state: &mut State, order: &Order, commit: &str) -> String {
    let (uuid, id) = (state.uuid(), state.id("deployments"));
    let row = new_row(state, order, commit, id, &uuid);
    let honoured = state.version.honours_rollback();
    let deployment = Deployment {
        row,
        app: order.app.clone(),
        log: Vec::new(),
        tag: order.rollback.clone().filter(|_| honoured),
        preview: order.preview_tag.clone(),
        is_orphan: false,
        written: state.tick(),
    };
    state.deployments.push(deployment);
    uuid
}

fn new_row(state: &State, order: &Order, commit: &str, id: i64, uuid: &str) -> Row {
    let app = state.app(&order.app).map(|app| app.row.clone()).unwrap_or_default();
    let server = server_id(state, &order.app);
    let named = state.servers.iter().find(|own| number(&own.row, "id") == server);
    let row = json!({
        "id": id, "application_id": number(&app, "id").to_string(), "deployment_uuid": uuid,
        "pull_request_id": order.pull_request, "force_rebuild": order.force, "commit": commit,
        "status": "queued", "is_webhook": order.by == By::Webhook, "created_at": now(), "updated_at": now(),
        "current_process_id": null, "restart_only": order.restart, "git_type": null,
        "server_id": server, "application_name": app["name"],
        "server_name": named.map(|own| own.row["name"].clone()),
        "deployment_url": url(state, &app, uuid),
        "destination_id": number(&app, "destination_id").to_string(), "only_this_server": false,
        "rollback": order.rollback.is_some(), "commit_message": null, "is_api": order.by == By::Api,
        "build_server_id": null, "horizon_job_id": null, "horizon_job_worker": null,
        "finished_at": null, "docker_registry_image_tag": order.preview_tag,
        "configuration_hash": null,
    });
    row.as_object().cloned().unwrap_or_default()
}

fn url(state: &State, app: &Row, uuid: &str) -> String {
    let environment = by_id(&state.environments, number(app, "environment_id"));
    let project = environment.and_then(|row| by_id(&state.projects, number(row, "project_id")));
    let uuid_of = |row: Option<&Row>| row.map_or(String::new(), |row| text(row, "uuid").to_owned());
    let (project, environment) = (uuid_of(project), uuid_of(environment));
    let app = text(app, "uuid");
    format!("/project/{project}/environment/{environment}/application/{app}/deployment/{uuid}")
}

/// A row may start when nothing of its application runs and the server has a place.
fn may_start(state: &State, uuid: &str) -> bool {
    let Some(own) = state.deployment(uuid) else { return false };
    let server = number(&own.row, "server_id");
    let same = |other: &&Deployment| {
        other.app == own.app
            && number(&other.row, "pull_request_id") == number(&own.row, "pull_request_id")
            && text(&other.row, "status") == "in_progress"
    };
    state.deployments.iter().filter(same).count() == 0
        && count(state, server, "in_progress") < setting(state, server, "concurrent_builds")
}

fn start(hub: &Arc<Hub>, state: &mut State, uuid: &str) {
    let Some(own) = state.deployment_mut(uuid) else { return };
    set(&mut own.row, "status", "in_progress");
    let (uuid, handed) = (uuid.to_owned(), job::handed());
    Gate::spawn(hub, move |hub| job::run(hub, &uuid, &handed));
}

/// Starts what may start now, oldest first; an application's second row waits for its first.
pub(super) fn promote(hub: &Arc<Hub>, state: &mut State) {
    let mut waiting: Vec<(i64, String)> = state
        .deployments
        .iter()
        .filter(|own| text(&own.row, "status") == "queued")
        .map(|own| (number(&own.row, "id"), text(&own.row, "deployment_uuid").to_owned()))
        .collect();
    waiting.sort();
    for (_, uuid) in waiting {
        if may_start(state, &uuid) {
            start(hub, state, &uuid);
        }
    }
}

/// The rows of these, in the order in which the database returns them, sorted by number with
/// their first places as keys: a list when they were in order, an object else.
pub(super) fn keyed(mut rows: Vec<(u64, Row)>) -> Value {
    rows.sort_by_key(|(written, _)| *written);
    let mut placed: Vec<(usize, Row)> = rows.into_iter().map(|(_, row)| row).enumerate().collect();
    placed.sort_by_key(|(_, row)| number(row, "id"));
    if placed.iter().enumerate().all(|(at, (place, _))| at == *place) {
        return placed.into_iter().map(|(_, row)| Value::from(row)).collect();
    }
    Value::Object(placed.into_iter().map(|(place, row)| (place.to_string(), row.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::keyed;
    use crate::coolify::api::row::{Row, set};
    use serde_json::json;

    #[test]
    fn rows_that_were_written_out_of_order_make_an_object() {
        let row = |id: i64| {
            let mut row = Row::new();
            set(&mut row, "id", id);
            row
        };
        let in_order = keyed(vec![(1, row(4)), (2, row(5))]);
        assert_eq!(in_order, json!([{ "id": 4 }, { "id": 5 }]));
        let out_of_order = keyed(vec![(3, row(4)), (2, row(5))]);
        assert_eq!(out_of_order.to_string(), r#"{"1":{"id":4},"0":{"id":5}}"#);
    }
}
