//! What Coolify tells others: one unsigned POST for each event that is switched on.

use super::hub::{Gate, Hub, held};
use super::row::{Row, flag, number, text};
use super::state::{State, by_id};
use super::{call, queue};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

/// Says that a deployment ended. A cancelled one is not told of.
pub(super) fn deployed(hub: &Arc<Hub>, state: &State, uuid: &str, succeeded: bool) {
    let Some(own) = state.deployment(uuid).filter(|own| !queue::is_active(&own.row)) else {
        return;
    };
    let Some(app) = state.app(&own.app) else { return };
    let word = if succeeded { "success" } else { "failed" };
    let project = call::project_of(state, &app.row);
    let environment = by_id(&state.environments, number(&app.row, "environment_id"));
    let name_of = |row: Option<&Row>| row.map(|row| text(row, "name").to_owned());
    let panel = held(&hub.panel).clone();
    let mut body = json!({
        "success": succeeded,
        "message": if succeeded { "New version successfully deployed" } else { "Deployment failed" },
        "event": format!("deployment_{word}"),
        "application_name": app.row["name"], "application_uuid": own.app, "deployment_uuid": uuid,
        "deployment_url": format!("{panel}{}", text(&own.row, "deployment_url")),
        "project": name_of(project), "environment": name_of(environment),
    });
    if !text(&app.row, "fqdn").is_empty() {
        body["fqdn"] = app.row["fqdn"].clone();
    }
    let switch = if succeeded { "deployment_success" } else { "deployment_failure" };
    send(hub, state, call::team_of(state, app), switch, body);
}

/// Says that a scheduled task failed.
pub(super) fn task_failed(
    hub: &Arc<Hub>,
    state: &State,
    team: i64,
    task: &Row,
    app: &str,
    output: &str,
) {
    let panel = held(&hub.panel).clone();
    let body = json!({
        "success": false, "message": "Scheduled task failed", "event": "task_failed",
        "task_name": task["name"], "task_uuid": task["uuid"], "application_uuid": app,
        "url": format!("{panel}/application/{app}/tasks/{}", text(task, "uuid")), "output": output,
    });
    send(hub, state, team, "scheduled_task_failure", body);
}

fn send(hub: &Arc<Hub>, state: &State, team: i64, switch: &str, body: Value) {
    let Some(row) = state.notifications.get(&(team, "webhook".to_owned())) else { return };
    let is_on =
        flag(row, "webhook_enabled") && flag(row, &format!("{switch}_webhook_notifications"));
    let url = text(row, "webhook_url").to_owned();
    if is_on && !url.is_empty() {
        // Nobody hears of a webhook that could not be delivered.
        Gate::spawn(hub, move |_| post(&url, &body).unwrap_or_default());
    }
}

fn post(url: &str, body: &Value) -> std::io::Result<()> {
    let rest = url.strip_prefix("http://").ok_or(std::io::ErrorKind::Unsupported)?;
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, String::from("/")), |(host, path)| (host, format!("/{path}")));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: GuzzleHttp/7\r\nContent-Type: \
         application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.read_exact(&mut [0; 12])
}
