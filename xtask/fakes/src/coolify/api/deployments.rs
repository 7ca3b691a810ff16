//! Deployments as rows, and their cancelling.

use super::call::{Call, NO_APP_BARE, team_of};
use super::hub::Hub;
use super::queue;
use super::reply::{Answer, compact, message, server_error};
use super::row::{Row, number, set, sorted, text};
use super::rules::{Check, Errors, Rule};
use super::state::{Deployment, State};
use serde_json::{Value, json};
use std::sync::Arc;

fn team(state: &State, own: &Deployment) -> i64 {
    state.app(&own.app).map_or(-1, |app| team_of(state, app))
}

/// `GET /deployments`: those that are queued or run.
pub(super) fn active(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mine =
        |own: &&Deployment| queue::is_active(&own.row) && team(&state, own) == call.caller.team;
    let rows = state.deployments.iter().filter(mine).map(|own| (own.written, sorted(&own.row)));
    Ok(compact(200, &queue::keyed(rows.collect())))
}

/// `GET /deployments/{uuid}`, with the application as it is now.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let state = call.state();
    let found = state.deployment(call.param(0)).filter(|own| team(&state, own) == call.caller.team);
    let own = found.ok_or_else(|| message(404, "Deployment not found."))?;
    let mut row = with_logs(own, call.caller.is_sensitive);
    let app = state.app(&own.app).map(|app| super::app_read::placed(&state, app));
    set(&mut row, "application", app);
    Ok(compact(200, &sorted(&row).into()))
}

fn with_logs(own: &Deployment, is_sensitive: bool) -> Row {
    let mut row = own.row.clone();
    if is_sensitive {
        let logs = (!own.log.is_empty()).then(|| Value::from(own.log.clone()).to_string());
        set(&mut row, "logs", logs);
    }
    row
}

const PAGE: &[Check] = &[
    ("skip", &[Rule::Nullable, Rule::Whole, Rule::Least(0)]),
    ("take", &[Rule::Nullable, Rule::Whole, Rule::Least(1)]),
];

/// `GET /deployments/applications/{uuid}`, newest first.
pub(super) fn of_app(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP_BARE);
    let input = call.input();
    let errors = Errors::of(&input, PAGE);
    if let Some(first) = errors.first().map(str::to_owned) {
        return Err(compact(422, &json!({ "message": first, "errors": errors.into_map() })));
    }
    let (uuid, state) = (uuid?, call.state());
    let page = |name: &str, default: usize| {
        let value = input.get(name).and_then(super::rules::whole);
        value.and_then(|value| usize::try_from(value).ok()).unwrap_or(default)
    };
    let mut rows: Vec<&Deployment> =
        state.deployments.iter().filter(|own| own.app == uuid).collect();
    rows.sort_by_key(|own| std::cmp::Reverse(number(&own.row, "id")));
    let count = rows.len();
    let shown = rows.into_iter().skip(page("skip", 0)).take(page("take", 10));
    let shown: Vec<Row> = shown.map(|own| with_logs(own, call.caller.is_sensitive)).collect();
    Ok(compact(200, &json!({ "count": count, "deployments": shown })))
}

/// `POST /deployments/{uuid}/cancel`.
pub(super) fn cancel(call: &Call<'_>) -> Answer {
    let mut state = call.state();
    let found = state.deployment(call.param(0));
    let own = found.ok_or_else(|| message(404, "Deployment not found."))?;
    if team(&state, own) != call.caller.team {
        return Err(message(403, "You do not have permission to cancel this deployment."));
    }
    let status = text(&own.row, "status").to_owned();
    if !queue::is_active(&own.row) {
        let text = format!("Deployment cannot be cancelled. Current status: {status}");
        return Err(message(400, &text));
    }
    let uuid = call.param(0).to_owned();
    mark_cancelled(&mut state, &uuid);
    if !state.version.can_cancel() {
        // It broke after the row was written, and nothing was promoted.
        return Err(server_error(call.request));
    }
    queue::promote(call.hub, &mut state);
    Ok(compact(
        200,
        &json!({
            "message": "Deployment cancelled successfully.", "deployment_uuid": uuid,
            "status": "cancelled-by-user",
        }),
    ))
}

fn mark_cancelled(state: &mut State, uuid: &str) {
    if let Some(own) = state.deployment_mut(uuid) {
        set(&mut own.row, "status", "cancelled-by-user");
    }
}

/// What a restart of Coolify does: every row that is active fails, and the jobs go on.
pub(super) fn fail_all(hub: &Arc<Hub>) {
    let mut state = hub.state();
    let active: Vec<String> = state
        .deployments
        .iter()
        .filter(|own| queue::is_active(&own.row))
        .map(|own| text(&own.row, "deployment_uuid").to_owned())
        .collect();
    for uuid in active {
        if let Some(own) = state.deployment_mut(&uuid) {
            set(&mut own.row, "status", "failed");
        }
    }
}

/// What a killed worker leaves: the row of the application stays `in_progress`.
pub(super) fn orphan(hub: &Arc<Hub>, app: &str) {
    let mut state = hub.state();
    let running =
        |own: &&mut Deployment| own.app == app && text(&own.row, "status") == "in_progress";
    for own in state.deployments.iter_mut().filter(running) {
        own.is_orphan = true;
    }
}
