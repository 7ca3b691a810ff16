//! Applications, as Coolify shows them: alone, in a list, and inside other rows.

use super::call::{Call, NO_APP, team_of};
use super::reply::{Answer, compact};
use super::row::{Row, number, set, sorted, text, without};
use super::servers;
use super::state::{App, State, by_id};
use serde_json::Value;

/// What only those see who may see secrets.
const SECRETS: &[&str] = &[
    "custom_labels",
    "docker_compose",
    "docker_compose_raw",
    "dockerfile",
    "http_basic_auth_password",
    "manual_webhook_secret_bitbucket",
    "manual_webhook_secret_gitea",
    "manual_webhook_secret_github",
    "manual_webhook_secret_gitlab",
];

/// Where it is placed: the destination, with its server.
fn destination(state: &State, app: &App, is_sensitive: bool) -> Value {
    let Some(row) = by_id(&state.destinations, number(&app.row, "destination_id")) else {
        return Value::Null;
    };
    let columns = ["id", "name", "uuid", "network", "server_id", "created_at", "updated_at"];
    let mut shown: Row =
        columns.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect();
    let server = state.servers.iter().find(|own| own.row.get("id") == row.get("server_id"));
    set(&mut shown, "server", server.map(|server| servers::nested(server, is_sensitive)));
    shown.into()
}

fn environment(state: &State, app: &App) -> Value {
    let Some(row) = by_id(&state.environments, number(&app.row, "environment_id")) else {
        return Value::Null;
    };
    let mut row = row.clone();
    let project = by_id(&state.projects, number(&row, "project_id")).cloned();
    let project = project.map(|mut project| {
        let team = by_id(&state.teams, number(&project, "team_id")).cloned();
        set(&mut project, "team", team);
        project
    });
    set(&mut row, "project", project);
    row.into()
}

/// As the database has it, inside an environment or a storage.
pub(super) fn nested(state: &State, app: &App) -> Row {
    let mut row = without(app.row.clone(), SECRETS);
    set(&mut row, "destination", destination(state, app, false));
    row
}

/// The same with its environment, inside a deployment.
pub(super) fn placed(state: &State, app: &App) -> Row {
    let mut row = nested(state, app);
    set(&mut row, "environment", environment(state, app));
    row
}

fn listed(state: &State, app: &App, is_sensitive: bool) -> Row {
    let mut row = if is_sensitive {
        app.row.clone()
    } else {
        without(without(app.row.clone(), SECRETS), &["private_key_id"])
    };
    row.remove("id");
    set(&mut row, "destination", destination(state, app, is_sensitive));
    row
}

/// `GET /applications`, by name; `?tag=` picks those that carry it.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.state();
    let tag = call.request.parameter("tag");
    let mut mine: Vec<&App> = state
        .apps
        .iter()
        .filter(|app| team_of(&state, app) == call.caller.team)
        .filter(|app| tag.is_none_or(|tag| app.tags.iter().any(|own| own == tag)))
        .collect();
    mine.sort_by_key(|app| text(&app.row, "name"));
    let rows = mine.into_iter().map(|app| sorted(&listed(&state, app, call.caller.is_sensitive)));
    Ok(compact(200, &rows.map(Value::from).collect()))
}

/// `GET /applications/{uuid}`, with settings and placement.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let state = call.state();
    let Some(app) = state.app(&uuid) else {
        return Err(super::reply::message(404, NO_APP));
    };
    let mut row = listed(&state, app, call.caller.is_sensitive);
    set(&mut row, "settings", app.settings.clone());
    set(&mut row, "environment", environment(&state, app));
    Ok(compact(200, &sorted(&row).into()))
}
