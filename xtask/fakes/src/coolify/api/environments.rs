//! Environments of a project, found by name first and by uuid then.

use super::call::Call;
use super::projects::{self, DESCRIPTION, NAME, NAME_IF_GIVEN, is_known};
use super::reply::{Answer, compact, message};
use super::row::{Row, now, number, set, sorted, text, touch};
use super::rules::{Check, Errors};
use super::state::State;
use crate::http::Response;
use serde_json::{Value, json};

/// Adds one to a project; its uuid.
pub(super) fn add(state: &mut State, project: i64, name: &str) -> String {
    let uuid = state.uuid();
    let row = json!({
        "id": state.id("environments"), "name": name, "project_id": project, "created_at": now(),
        "updated_at": now(), "description": null, "uuid": uuid,
    });
    state.environments.extend(row.as_object().cloned());
    uuid
}

/// Where the environment of a project is, by name or uuid.
pub(super) fn named(state: &State, project: i64, key: &str) -> Option<usize> {
    let find = |column: &str| {
        state
            .environments
            .iter()
            .position(|row| number(row, "project_id") == project && text(row, column) == key)
    };
    find("name").or_else(|| find("uuid"))
}

fn place(state: &State, call: &Call<'_>) -> Result<usize, Response> {
    let project = number(&state.projects[projects::place(state, call)?], "id");
    let place = named(state, project, call.param(1));
    place.ok_or_else(|| message(404, "Environment not found."))
}

/// `GET /projects/{uuid}/environments`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.state();
    let project = number(&state.projects[projects::place(&state, call)?], "id");
    let own = state.environments.iter().filter(|row| number(row, "project_id") == project);
    let rows = own.map(|row| json!({ "id": row["id"], "uuid": row["uuid"], "name": row["name"] }));
    Ok(compact(200, &rows.collect()))
}

const NEW: &[Check] = &[("name", NAME), ("description", DESCRIPTION)];

/// `POST /projects/{uuid}/environments`.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    Errors::of(&input, NEW).only(&input, |name| name == "name").refuse()?;
    let mut state = call.state();
    let project = number(&state.projects[projects::place(&state, call)?], "id");
    let name = input.text("name").unwrap_or_default();
    let is_taken = |row: &Row| number(row, "project_id") == project && text(row, "name") == name;
    if state.environments.iter().any(is_taken) {
        return Err(message(409, "Environment with this name already exists."));
    }
    let uuid = add(&mut state, project, name);
    Ok(compact(201, &json!({ "uuid": uuid })))
}

const KINDS: &[&str] = &["mariadbs", "mongodbs", "mysqls", "postgresqls", "redis", "services"];

/// `GET /projects/{uuid}/{name}`, with its applications.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mut row = state.environments[place(&state, call)?].clone();
    let id = number(&row, "id");
    let apps = state.apps.iter().filter(|app| number(&app.row, "environment_id") == id);
    let apps = apps.map(|app| Value::from(super::app_read::nested(&state, app)));
    set(&mut row, "applications", apps.collect::<Value>());
    for kind in KINDS {
        set(&mut row, kind, Value::Array(Vec::new()));
    }
    Ok(compact(200, &sorted(&row).into()))
}

const CHANGE: &[Check] = &[("name", NAME_IF_GIVEN), ("description", DESCRIPTION)];

/// `PATCH /projects/{uuid}/environments/{name}`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    Errors::of(&input, CHANGE).only(&input, is_known).refuse()?;
    let mut state = call.state();
    let place = place(&state, call)?;
    let row = &mut state.environments[place];
    for (name, value) in &input.fields {
        set(row, name, value.clone());
    }
    touch(row);
    let shown = json!({
        "uuid": row["uuid"], "name": row["name"], "description": row["description"],
    });
    Ok(compact(200, &shown))
}

/// `DELETE /projects/{uuid}/environments/{name}`.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let mut state = call.state();
    let place = place(&state, call)?;
    let id = number(&state.environments[place], "id");
    if state.apps.iter().any(|app| number(&app.row, "environment_id") == id) {
        return Err(message(400, "Environment has resources, so it cannot be deleted."));
    }
    state.environments.remove(place);
    Ok(message(200, "Environment deleted."))
}
