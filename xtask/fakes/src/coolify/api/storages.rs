//! Persistent storages and mounted files of an application.

use super::call::{Call, NO_APP, NO_APP_BARE};
use super::reply::{Answer, compact, message, server_error};
use super::row::{Row, number, set, text, touch, without};
use super::rules::{Check, Errors, Rule};
use super::state::State;
use super::{app_read, body::Input};
use crate::http::Response;
use serde_json::{Value, json};

const KIND: &str = "App\\Models\\Application";
const MAYBE: &[Rule] = &[Rule::Nullable, Rule::Text];

const NEW: &[Check] = &[
    ("type", &[Rule::Required, Rule::OneOf(&["persistent", "file"])]),
    ("name", &[Rule::Nullable, Rule::Text, Rule::Form(is_volume)]),
    ("mount_path", &[Rule::Required, Rule::Text]),
    ("host_path", MAYBE),
    ("content", MAYBE),
    ("is_directory", &[Rule::Flag]),
    ("fs_path", MAYBE),
];

fn is_volume(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
}

fn known(checks: &'static [Check]) -> impl Fn(&str) -> bool {
    move |name| checks.iter().any(|(own, _)| *own == name)
}

/// The application's number.
fn id_of(state: &State, uuid: &str) -> i64 {
    state.app(uuid).map_or(-1, |app| number(&app.row, "id"))
}

fn rows_of(rows: &[Row], id: i64) -> Value {
    let own = rows.iter().filter(|row| number(row, "resource_id") == id);
    own.cloned().map(Value::from).collect()
}

/// `GET …/storages`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP_BARE)?;
    let state = call.state();
    let id = id_of(&state, &uuid);
    Ok(compact(
        200,
        &json!({
            "persistent_storages": rows_of(&state.storages, id),
            "file_storages": rows_of(&state.files, id),
        }),
    ))
}

/// `POST …/storages`.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP_BARE)?;
    Errors::of(&input, NEW).only(&input, known(NEW)).refuse()?;
    let mut state = call.state();
    if input.text("type") == Some("file") {
        return Ok(create_file(&mut state, &uuid, &input));
    }
    create_volume(call, &mut state, &uuid, &input)
}

fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// A name that is taken breaks the database's own rule, after the number was spent.
fn create_volume(call: &Call<'_>, state: &mut State, uuid: &str, input: &Input) -> Answer {
    let Some(given) = input.text("name") else {
        return Err(super::reply::invalid_list("name", "This field is required."));
    };
    let name = format!("{uuid}-{given}");
    let mut row = state.new_row("storages");
    if state.storages.iter().any(|own| text(own, "name") == name) {
        return Err(server_error(call.request));
    }
    set(&mut row, "name", name);
    set(&mut row, "mount_path", absolute(input.text("mount_path").unwrap_or_default()));
    set(&mut row, "host_path", input.text("host_path"));
    set(&mut row, "resource_id", id_of(state, uuid));
    set(&mut row, "resource_type", KIND);
    let shown = compact(201, &row.clone().into());
    set(&mut row, "container_id", Value::Null);
    set(&mut row, "is_preview_suffix_enabled", true);
    state.storages.push(row);
    Ok(shown)
}

fn create_file(state: &mut State, uuid: &str, input: &Input) -> Response {
    let path = absolute(input.text("mount_path").unwrap_or_default());
    let mut row = state.new_row("files");
    set(&mut row, "fs_path", format!("/data/coolify/applications/{uuid}{path}"));
    set(&mut row, "mount_path", path);
    set(&mut row, "is_directory", input.flag("is_directory").unwrap_or(false));
    set(&mut row, "resource_id", id_of(state, uuid));
    set(&mut row, "resource_type", KIND);
    set(&mut row, "is_binary", false);
    set(&mut row, "is_too_large", false);
    let mut shown = row.clone();
    set(&mut shown, "service", Value::Null);
    set(&mut shown, "resource", state.app(uuid).map(|app| app_read::nested(state, app)));
    for column in ["chown", "chmod"] {
        set(&mut row, column, Value::Null);
    }
    for column in ["is_based_on_git", "is_host_file"] {
        set(&mut row, column, false);
    }
    set(&mut row, "is_preview_suffix_enabled", true);
    state.files.push(row);
    compact(201, &shown.into())
}

const CHANGE: &[Check] = &[
    ("uuid", MAYBE),
    ("id", &[Rule::Nullable, Rule::Whole]),
    ("type", &[Rule::Required, Rule::OneOf(&["persistent", "file"])]),
    ("name", &[Rule::Nullable, Rule::Text, Rule::Form(is_volume)]),
    ("mount_path", MAYBE),
    ("host_path", MAYBE),
    ("content", MAYBE),
    ("is_preview_suffix_enabled", &[Rule::Flag]),
];

/// `PATCH …/storages`, by uuid and type.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP_BARE)?;
    Errors::of(&input, CHANGE).only(&input, known(CHANGE)).refuse()?;
    let mut state = call.state();
    let id = id_of(&state, &uuid);
    let is_file = input.text("type") == Some("file");
    let rows = if is_file { &mut state.files } else { &mut state.storages };
    let own = |row: &&mut Row| {
        number(row, "resource_id") == id && input.text("uuid") == row["uuid"].as_str()
    };
    let row = rows.iter_mut().find(own).ok_or_else(|| message(404, "Storage not found."))?;
    for name in ["name", "mount_path", "host_path", "is_preview_suffix_enabled"] {
        if let Some(value) = input.fields.get(name) {
            set(row, name, value.clone());
        }
    }
    touch(row);
    let mut shown = row.clone();
    set(&mut shown, "resource", state.app(&uuid).map(|app| app_read::nested(&state, app)));
    Ok(compact(200, &without(shown, &[]).into()))
}

/// `DELETE …/storages/{storage}`.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let mut state = call.state();
    let id = id_of(&state, &uuid);
    let own = |row: &Row| number(row, "resource_id") == id && text(row, "uuid") == call.param(1);
    let before = state.storages.len() + state.files.len();
    state.storages.retain(|row| !own(row));
    state.files.retain(|row| !own(row));
    if state.storages.len() + state.files.len() == before {
        return Err(message(404, "Storage not found."));
    }
    Ok(message(200, "Storage deleted."))
}
