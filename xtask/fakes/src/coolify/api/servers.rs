//! Servers and their settings.

use super::call::{Call, team_of};
use super::reply::{Answer, compact, message};
use super::row::{Row, flag, number, set, sorted, text, touch, without};
use super::rules::{Check, Errors, Rule};
use super::state::{Server, State};
use crate::http::Response;
use serde_json::{Value, json};

/// What only those see who may see secrets.
const SECRETS: &[&str] = &[
    "logdrain_newrelic_license_key",
    "logdrain_axiom_api_key",
    "logdrain_custom_config",
    "logdrain_custom_config_parser",
    "sentinel_token",
    "sentinel_custom_url",
];

/// The settings, as the database has them.
pub(super) fn settings(server: &Server, is_sensitive: bool) -> Row {
    let hidden: &[&str] = if is_sensitive { &[] } else { SECRETS };
    without(server.settings.clone(), hidden)
}

/// A server with its settings, as other rows carry it.
pub(super) fn nested(server: &Server, is_sensitive: bool) -> Row {
    let mut row = server.row.clone();
    set(&mut row, "settings", settings(server, is_sensitive));
    row
}

/// The server of a caller's team, or the refusal.
pub(super) fn find<'a>(
    state: &'a State,
    call: &Call<'_>,
    uuid: &str,
) -> Result<&'a Server, Response> {
    let mine = |server: &&Server| {
        text(&server.row, "uuid") == uuid && number(&server.row, "team_id") == call.caller.team
    };
    state.servers.iter().find(mine).ok_or_else(|| message(404, "Server not found."))
}

/// `GET /servers`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mine = state.servers.iter().filter(|own| number(&own.row, "team_id") == call.caller.team);
    let rows = mine.map(|server| Value::from(listed(server, call.caller.is_sensitive)));
    Ok(compact(200, &rows.collect()))
}

fn listed(server: &Server, is_sensitive: bool) -> Row {
    let shown = ["uuid", "name", "description", "ip", "port", "user", "is_coolify_host"];
    let mut row: Row = server.row.clone();
    row.retain(|name, _| shown.contains(&name.as_str()));
    for state in ["is_reachable", "is_usable"] {
        set(&mut row, state, flag(&server.settings, state));
    }
    set(&mut row, "proxy", json!({ "redirect_enabled": true }));
    set(&mut row, "settings", sorted(&settings(server, is_sensitive)));
    sorted(&row)
}

/// `GET /servers/{uuid}`.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let state = call.state();
    let server = find(&state, call, call.param(0))?;
    let mut row = without(server.row.clone(), &["id"]);
    set(&mut row, "settings", sorted(&settings(server, call.caller.is_sensitive)));
    if call.request.parameter("resources").is_some() {
        set(&mut row, "resources", running(&state, call));
    }
    Ok(compact(200, &sorted(&row).into()))
}

/// What runs on it, briefly.
fn running(state: &State, call: &Call<'_>) -> Value {
    let mine = state.apps.iter().filter(|app| team_of(state, app) == call.caller.team);
    mine.map(|app| {
        json!({
            "id": app.row["id"], "uuid": app.row["uuid"], "name": app.row["name"],
            "type": "application", "created_at": app.row["created_at"],
            "updated_at": app.row["updated_at"], "status": app.row["status"],
        })
    })
    .collect()
}

/// `GET /servers/{uuid}/resources`.
pub(super) fn resources(call: &Call<'_>) -> Answer {
    let state = call.state();
    find(&state, call, call.param(0))?;
    Ok(compact(200, &running(&state, call)))
}

/// `GET /servers/{uuid}/domains`.
pub(super) fn domains(call: &Call<'_>) -> Answer {
    let state = call.state();
    let server = find(&state, call, call.param(0))?;
    let mine = state.apps.iter().filter(|app| team_of(&state, app) == call.caller.team);
    let domains: Vec<String> = mine
        .flat_map(|app| text(&app.row, "fqdn").split(',').map(host_of).collect::<Vec<_>>())
        .filter(|host| !host.is_empty())
        .collect();
    let one = json!({ "ip": server.row["ip"], "domains": domains });
    let all: Value = (!domains.is_empty()).then_some(one).into_iter().collect();
    Ok(compact(200, &all))
}

fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default().to_owned()
}

const COLUMNS: &[Check] = &[
    ("name", &[Rule::Nullable, Rule::Text, Rule::Longest(255)]),
    ("description", &[Rule::Nullable, Rule::Text]),
    ("ip", &[Rule::Nullable, Rule::Text]),
    ("port", &[Rule::Nullable, Rule::Whole, Rule::Least(1), Rule::Most(65535)]),
    ("user", &[Rule::Nullable, Rule::Text]),
];
const SETTINGS: &[Check] = &[
    ("is_build_server", &[Rule::Nullable, Rule::Flag]),
    ("concurrent_builds", &[Rule::Whole, Rule::Least(1)]),
    ("dynamic_timeout", &[Rule::Whole, Rule::Least(1)]),
    ("deployment_queue_limit", &[Rule::Whole, Rule::Least(1)]),
    ("connection_timeout", &[Rule::Whole, Rule::Least(1), Rule::Most(300)]),
    ("server_disk_usage_notification_threshold", &[Rule::Whole, Rule::Least(1), Rule::Most(100)]),
    ("server_disk_usage_check_frequency", &[Rule::Text]),
];
const OTHERS: &[Check] = &[
    ("private_key_uuid", &[Rule::Nullable, Rule::Text]),
    ("instant_validate", &[Rule::Nullable, Rule::Flag]),
    ("proxy_type", &[Rule::Nullable, Rule::OneOf(&["traefik", "caddy", "none"])]),
];

/// `PATCH /servers/{uuid}`: validated before the server is looked for.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let checks = [COLUMNS, SETTINGS, OTHERS].concat();
    let known = |name: &str| checks.iter().any(|(own, _)| *own == name);
    Errors::of(&input, &checks).only(&input, known).refuse()?;
    let mut state = call.state();
    let uuid = text(&find(&state, call, call.param(0))?.row, "uuid").to_owned();
    let server = state.servers.iter_mut().find(|own| text(&own.row, "uuid") == uuid);
    if let Some(server) = server {
        for (name, value) in &input.fields {
            write(server, name, value);
        }
        touch(&mut server.row);
        touch(&mut server.settings);
    }
    Ok(compact(201, &json!({ "uuid": uuid })))
}

fn write(server: &mut Server, name: &str, value: &Value) {
    let value = super::rules::whole(value).map_or_else(|| value.clone(), Value::from);
    if name == "proxy_type" {
        let kind = value.as_str().unwrap_or_default().to_uppercase();
        server.row["proxy"]["type"] = Value::from(kind);
    } else if COLUMNS.iter().any(|(own, _)| *own == name) {
        set(&mut server.row, name, value);
    } else if SETTINGS.iter().any(|(own, _)| *own == name) {
        set(&mut server.settings, name, value);
    }
}

/// `POST /servers/{uuid}/validate`.
pub(super) fn validate(call: &Call<'_>) -> Answer {
    find(&call.state(), call, call.param(0))?;
    Ok(message(201, "Validation started."))
}
