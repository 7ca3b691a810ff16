//! A deployment's work in the background. Everything is read when it starts.

use super::hub::Hub;
use super::row::{Row, flag, now, number, optional, precisely, set, text};
use super::state::{App, State, by_id};
use super::{app_write, call, queue, sweep, webhook};
use crate::coolify::update::{
    AppSpec, EnvRow, HealthCheck, HealthKind, Job, Journal, Limits, LogLine, Status, deploy,
};
use base64::Engine as _;
use serde_json::{Value, json};
use std::sync::Arc;

/// Coolify's milliseconds until a worker takes a job, and until the status sweep after its end.
const TAKEN: u64 = 800;
const SWEPT: u64 = 1500;

/// The end of a container's name: the time at which the job was handed to a worker.
pub(super) fn handed() -> String {
    jiff::Timestamp::now().strftime("%H%M%S%6f").to_string()
}

/// Runs a deployment to its end.
pub(super) fn run(hub: &Arc<Hub>, uuid: &str, handed: &str) {
    hub.pass(TAKEN);
    let Some(job) = begin(hub, uuid, handed) else { return };
    let app = app_of(hub, uuid);
    deploy(&job, &*hub.containers, &Paper { hub, uuid, app: app.clone() }, &hub.delays);
    end(hub, uuid, &job);
    if is_finished(hub, uuid) {
        hub.pass(SWEPT);
        sweep::sweep(hub, &app);
    }
}

fn begin(hub: &Arc<Hub>, uuid: &str, handed: &str) -> Option<Job> {
    let mut state = hub.state();
    let job = build(&mut state, uuid, handed).filter(|_| !hub.gate().is_over())?;
    let process = (10_000 + state.tick()).to_string();
    let (worker, horizon) = ("vm", state.uuid());
    let deployment = state.deployment_mut(uuid)?;
    if deployment.is_orphan || text(&deployment.row, "status") != "in_progress" {
        return None;
    }
    set(&mut deployment.row, "current_process_id", process);
    set(&mut deployment.row, "horizon_job_id", horizon);
    set(&mut deployment.row, "horizon_job_worker", worker);
    for server in &mut state.servers {
        set(&mut server.settings, "docker_version", "20.10.24");
        set(&mut server.settings, "docker_version_checked_at", now());
    }
    Some(job)
}

fn build(state: &mut State, uuid: &str, handed: &str) -> Option<Job> {
    let deployment = state.deployment(uuid)?.clone();
    rewrite_labels(state.app_mut(&deployment.app)?);
    let app = state.app(&deployment.app)?;
    let id = number(&app.row, "id");
    let server = number(&deployment.row, "server_id");
    let server = state.servers.iter().find(|own| number(&own.row, "id") == server)?;
    let usable = flag(&server.settings, "is_usable") && flag(&server.settings, "is_reachable");
    let mut spec = spec(state, app);
    let pull_request = number(&deployment.row, "pull_request_id");
    spec.tag = deployment.preview.or(deployment.tag).or(spec.tag);
    if pull_request != 0 {
        as_preview(&mut spec, pull_request);
    }
    let own = state.variables.iter().filter(|row| number(row, "resource_id") == id);
    Some(Job {
        deployment: uuid.to_owned(),
        handed: handed.to_owned(),
        server: text(&server.row, "name").to_owned(),
        server_usable: usable,
        app: spec,
        env: own
            .filter(|row| flag(row, "is_preview") == (pull_request != 0))
            .map(variable)
            .collect(),
    })
}

/// A preview stands beside production, under a name of its own, and is nobody's domain here.
fn as_preview(spec: &mut AppSpec, pull_request: i64) {
    spec.uuid = format!("{}-pr-{pull_request}", spec.uuid);
    spec.domains = None;
    spec.labels = String::new();
    spec.consistent_name = true;
}

/// The labels are read whichever way they are kept, lose what is Coolify's own, and are kept in
/// base64 from then on.
fn rewrite_labels(app: &mut App) {
    let lines = plain_labels(&app.row);
    let encoded = base64::engine::general_purpose::STANDARD.encode(lines);
    set(&mut app.row, "custom_labels", encoded);
}

fn plain_labels(app: &Row) -> String {
    let kept = text(app, "custom_labels");
    let decoded = base64::engine::general_purpose::STANDARD.decode(kept).ok();
    let lines = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let lines = lines.unwrap_or_else(|| kept.to_owned());
    let own = lines.lines().filter(|line| !line.starts_with("coolify."));
    own.collect::<Vec<_>>().join("\n")
}

pub(super) fn variable(row: &Row) -> EnvRow {
    EnvRow {
        key: text(row, "key").to_owned(),
        value: optional(row, "value"),
        literal: flag(row, "is_literal"),
        multiline: flag(row, "is_multiline"),
        runtime: flag(row, "is_runtime"),
        buildtime: flag(row, "is_buildtime"),
    }
}

/// What the update is told of an application.
pub(super) fn spec(state: &State, app: &App) -> AppSpec {
    let (row, own) = (&app.row, |name: &str| text(&app.row, name).to_owned());
    let name_of =
        |row: Option<&Row>| row.map(|row| text(row, "name").to_owned()).unwrap_or_default();
    AppSpec {
        uuid: own("uuid"),
        id: u64::try_from(number(row, "id")).unwrap_or(0),
        name: own("name"),
        project: name_of(call::project_of(state, row)),
        environment: name_of(by_id(&state.environments, number(row, "environment_id"))),
        version: state.version.to_string(),
        image: own("docker_registry_image_name"),
        tag: optional(row, "docker_registry_image_tag"),
        ports_exposes: optional(row, "ports_exposes"),
        ports_mappings: optional(row, "ports_mappings"),
        domains: optional(row, "fqdn"),
        labels: plain_labels(row),
        network: app_write::network(state, row),
        aliases: optional(row, "custom_network_aliases"),
        consistent_name: flag(&app.settings, "is_consistent_container_name_enabled"),
        internal_name: optional(&app.settings, "custom_internal_name"),
        run_options: optional(row, "custom_docker_run_options"),
        health: health(row),
        limits: limits(row),
        pre_command: optional(row, "pre_deployment_command"),
        post_command: optional(row, "post_deployment_command"),
        stop_grace: app.settings["stop_grace_period"].as_u64(),
    }
}

fn health(row: &Row) -> HealthCheck {
    let own = |name: &str| text(row, name).to_owned();
    let by_command = text(row, "health_check_type") == "cmd";
    HealthCheck {
        enabled: flag(row, "health_check_enabled"),
        kind: if by_command { HealthKind::Command } else { HealthKind::Http },
        command: optional(row, "health_check_command"),
        method: own("health_check_method"),
        scheme: own("health_check_scheme"),
        host: own("health_check_host"),
        port: optional(row, "health_check_port"),
        path: own("health_check_path"),
        interval: number(row, "health_check_interval"),
        timeout: number(row, "health_check_timeout"),
        retries: number(row, "health_check_retries"),
        start_period: number(row, "health_check_start_period"),
    }
}

fn limits(row: &Row) -> Limits {
    let own = |name: &str| text(row, name).to_owned();
    Limits {
        memory: own("limits_memory"),
        memory_swap: own("limits_memory_swap"),
        swappiness: row["limits_memory_swappiness"].as_i64(),
        memory_reservation: own("limits_memory_reservation"),
        cpus: own("limits_cpus"),
        cpuset: optional(row, "limits_cpuset"),
        cpu_shares: row["limits_cpu_shares"].as_i64(),
    }
}

fn app_of(hub: &Hub, uuid: &str) -> String {
    hub.state().deployment(uuid).map(|own| own.app.clone()).unwrap_or_default()
}

fn is_finished(hub: &Hub, uuid: &str) -> bool {
    let state = hub.state();
    let own = state.deployment(uuid);
    !hub.gate().is_over() && own.is_some_and(|own| text(&own.row, "status") == "finished")
}

/// The row is done with: its time of end, unless nobody writes one.
fn end(hub: &Arc<Hub>, uuid: &str, job: &Job) {
    let mut state = hub.state();
    let finished = state.deployment_mut(uuid).filter(|own| !own.is_orphan && job.server_usable);
    if let Some(own) = finished
        && own.row["finished_at"].is_null()
        && !queue::is_active(&own.row)
    {
        set(&mut own.row, "finished_at", now());
    }
    queue::promote(hub, &mut state);
}

/// The row, as the update writes on it.
struct Paper<'a> {
    hub: &'a Arc<Hub>,
    uuid: &'a str,
    app: String,
}

impl Journal for Paper<'_> {
    fn say(&self, line: LogLine) {
        self.hub.gate().wait();
        let mut state = self.hub.state();
        let Some(own) = state.deployment_mut(self.uuid) else { return };
        let order = own.log.len() + 1;
        let mut entry = json!({
            "command": line.command, "output": line.output, "type": line.stream.word(),
            "timestamp": precisely(), "hidden": line.hidden, "batch": line.batch,
        });
        if order > 1 {
            entry["order"] = Value::from(order);
        }
        own.log.push(entry);
    }

    fn status(&self, status: Status) {
        self.hub.gate().wait();
        let mut state = self.hub.state();
        if !close(&mut state, self.uuid, status) {
            return;
        }
        if status == Status::Finished {
            passed(&mut state, &self.app, self.uuid);
        }
        webhook::deployed(self.hub, &state, self.uuid, status == Status::Finished);
        queue::promote(self.hub, &mut state);
    }

    fn is_cancelled(&self) -> bool {
        let state = self.hub.state();
        let row = state.deployment(self.uuid);
        let is_dead = |own: &super::state::Deployment| {
            own.is_orphan || text(&own.row, "status") == "cancelled-by-user"
        };
        self.hub.gate().is_over() || row.is_none_or(is_dead)
    }

    fn is_ended(&self) -> bool {
        let state = self.hub.state();
        !state.deployment(self.uuid).is_some_and(|own| queue::is_active(&own.row))
    }
}

/// Writes the status, unless the row is terminal already.
fn close(state: &mut State, uuid: &str, status: Status) -> bool {
    let has_post = state
        .deployment(uuid)
        .and_then(|own| state.app(&own.app))
        .is_some_and(|app| !text(&app.row, "post_deployment_command").is_empty());
    let Some(own) = state.deployment_mut(uuid).filter(|own| queue::is_active(&own.row)) else {
        return false;
    };
    let word = if status == Status::Finished { "finished" } else { "failed" };
    set(&mut own.row, "status", word);
    if status == Status::Finished && !has_post {
        set(&mut own.row, "finished_at", now());
    }
    true
}

/// A passed gate writes `running`, which reads as unhealthy until the next sweep.
fn passed(state: &mut State, app: &str, uuid: &str) {
    if let Some(app) = state.app_mut(app) {
        let own = |name: &str| !text(&app.row, name).is_empty();
        let rolls = !own("ports_mappings")
            && !flag(&app.settings, "is_consistent_container_name_enabled")
            && text(&app.settings, "custom_internal_name").is_empty();
        if flag(&app.row, "health_check_enabled") && rolls {
            set(&mut app.row, "status", "running:unhealthy");
        }
        set(&mut app.row, "restart_count", 0);
        set(&mut app.row, "last_restart_at", Value::Null);
        set(&mut app.row, "last_restart_type", Value::Null);
        app_write::rehash(app, 64);
        let hash = app.row["config_hash"].clone();
        if let Some(own) = state.deployment_mut(uuid) {
            set(&mut own.row, "configuration_hash", hash);
        }
    }
}
