//! Variables of an application: production rows and their preview twins.

use super::body::{Input, is_yes};
use super::call::{Call, NO_APP, NO_APP_BARE};
use super::reply::{Answer, compact, message, server_error};
use super::row::{Row, flag, number, set, sorted, text, touch, without};
use super::rules::{Check, Errors, Rule};
use super::state::State;
use crate::coolify::update::real_value;
use crate::http::Response;
use serde_json::{Value, json};

const RULES: &[Check] = &[
    ("key", &[Rule::Required, Rule::Text, Rule::Longest(255), Rule::Form(is_key)]),
    ("value", &[Rule::Nullable, Rule::Text]),
    ("is_preview", &[Rule::Flag]),
    ("is_literal", &[Rule::Flag]),
    ("is_multiline", &[Rule::Flag]),
    ("is_shown_once", &[Rule::Flag]),
    ("is_runtime", &[Rule::Flag]),
    ("is_buildtime", &[Rule::Flag]),
    ("comment", &[Rule::Nullable, Rule::Text, Rule::Longest(256)]),
];

fn is_key(text: &str) -> bool {
    let mut letters = text.chars();
    // Beyond 255 the length is what is said.
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_.".contains(letter))
}

fn is_known(name: &str) -> bool {
    RULES.iter().any(|(own, _)| *own == name)
}

/// A variable, with its value for those who may see it.
fn shown(row: &Row, is_sensitive: bool) -> Row {
    let mut shown = without(row.clone(), &["id", "resource_id"]);
    if is_sensitive && !flag(row, "is_shown_once") {
        let real = real_value(&super::job::variable(row));
        set(&mut shown, "real_value", real.unwrap_or_default());
    } else {
        shown.remove("value");
    }
    sorted(&shown)
}

fn app_id(state: &State, uuid: &str) -> i64 {
    state.app(uuid).map_or(-1, |app| number(&app.row, "id"))
}

/// `GET …/envs`: production first, then previews.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP_BARE)?;
    let state = call.state();
    let id = app_id(&state, &uuid);
    let own = |preview: bool| {
        let rows = state.variables.iter().filter(move |row| number(row, "resource_id") == id);
        rows.filter(move |row| flag(row, "is_preview") == preview)
    };
    let rows = own(false).chain(own(true)).map(|row| shown(row, call.caller.is_sensitive));
    Ok(compact(200, &rows.map(Value::from).collect()))
}

fn find<'a>(state: &'a mut State, app: i64, key: &str, preview: bool) -> Option<&'a mut Row> {
    state.variables.iter_mut().find(|row| {
        number(row, "resource_id") == app
            && text(row, "key") == key
            && flag(row, "is_preview") == preview
    })
}

/// `POST …/envs`: a production variable makes its preview twin as well.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP_BARE)?;
    let input = call.input();
    Errors::of(&input, RULES).only(&input, is_known).refuse()?;
    let mut state = call.state();
    let app = app_id(&state, &uuid);
    let preview = input.flag("is_preview").unwrap_or(false);
    if find(&mut state, app, input.text("key").unwrap_or_default(), preview).is_some() {
        let text = "Environment variable already exists. Use PATCH request to update it.";
        return Err(message(409, text));
    }
    let row = add(&mut state, app, &input);
    Ok(compact(201, &json!({ "uuid": row["uuid"] })))
}

/// A new row, and its twin if it is the first production row of its key.
fn add(state: &mut State, app: i64, input: &Input) -> Row {
    let row = new_row(state, app, input);
    state.variables.push(row.clone());
    let key = text(&row, "key");
    if !flag(&row, "is_preview") && find(state, app, key, true).is_none() {
        let mut twin = row.clone();
        let fresh = state.new_row("variables");
        twin.extend(fresh);
        set(&mut twin, "is_preview", true);
        set(&mut twin, "is_shown_once", false);
        state.variables.push(twin);
    }
    row
}

fn new_row(state: &mut State, app: i64, input: &Input) -> Row {
    let mut row = state.new_row("variables");
    let given = |name: &str, default: bool| input.flag(name).unwrap_or(default);
    set(&mut row, "key", input.text("key").unwrap_or_default());
    set(&mut row, "value", input.text("value"));
    set(&mut row, "comment", input.text("comment"));
    for name in ["is_preview", "is_literal", "is_multiline", "is_shown_once"] {
        set(&mut row, name, given(name, false));
    }
    for name in ["is_runtime", "is_buildtime"] {
        set(&mut row, name, given(name, true));
    }
    for name in
        ["is_buildpack_control", "is_coolify", "is_really_required", "is_required", "is_shared"]
    {
        set(&mut row, name, false);
    }
    set(&mut row, "order", Value::Null);
    set(&mut row, "version", state.version.to_string());
    set(&mut row, "resource_id", app);
    row
}

/// An update erases a value that is not sent, and breaks on a true flag that is not sent.
fn update(row: &mut Row, input: &Input) -> Option<()> {
    for name in ["is_multiline", "is_shown_once"] {
        if flag(row, name) && !input.has(name) {
            return None;
        }
    }
    set(row, "value", input.text("value"));
    set(row, "is_literal", input.flag("is_literal").unwrap_or(false));
    for name in ["is_multiline", "is_shown_once", "is_runtime", "is_buildtime"] {
        if let Some(value) = input.fields.get(name) {
            set(row, name, is_yes(value));
        }
    }
    if input.has("comment") {
        set(row, "comment", input.text("comment"));
    }
    touch(row);
    Some(())
}

/// `PATCH …/envs`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP_BARE)?;
    Errors::of(&input, RULES).only(&input, is_known).refuse()?;
    let mut state = call.state();
    let app = app_id(&state, &uuid);
    let preview = input.flag("is_preview").unwrap_or(false);
    let key = input.text("key").unwrap_or_default();
    let row = find(&mut state, app, key, preview);
    let row = row.ok_or_else(|| message(404, "Environment variable not found."))?;
    update(row, &input).ok_or_else(|| server_error(call.request))?;
    Ok(compact(201, &shown(row, call.caller.is_sensitive).into()))
}

/// `PATCH …/envs/bulk`: item after item; a bad one ends it, and those before it stay.
pub(super) fn bulk(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP_BARE)?;
    let items = match input.get("data") {
        Some(Value::Array(items)) if !items.is_empty() => items.clone(),
        Some(Value::Object(items)) if !items.is_empty() => items.values().cloned().collect(),
        Some(Value::String(_)) => vec![Value::Null],
        _ => return Err(message(400, "Bulk data is required.")),
    };
    let mut state = call.state();
    let app = app_id(&state, &uuid);
    let before: Vec<(String, bool)> = keys(&state, app);
    let rows: Result<Vec<Value>, Response> =
        items.iter().map(|item| upsert(call, &mut state, app, item, &before)).collect();
    Ok(compact(201, &Value::from(rows?)))
}

fn keys(state: &State, app: i64) -> Vec<(String, bool)> {
    let own = state.variables.iter().filter(|row| number(row, "resource_id") == app);
    own.map(|row| (text(row, "key").to_owned(), flag(row, "is_preview"))).collect()
}

/// What was there is read once, before the first item: a new key given twice makes two rows.
fn upsert(
    call: &Call<'_>,
    state: &mut State,
    app: i64,
    item: &Value,
    before: &[(String, bool)],
) -> Result<Value, Response> {
    let mut input = Input { fields: item.as_object().cloned().unwrap_or_default() };
    input.fields.retain(|name, _| is_known(name));
    Errors::of(&input, RULES).refuse()?;
    let preview = input.flag("is_preview").unwrap_or(false);
    let key = input.text("key").unwrap_or_default();
    let is_sensitive = call.caller.is_sensitive;
    if !before.iter().any(|(own, is_preview)| own == key && *is_preview == preview) {
        let row = add(state, app, &input);
        return Ok(without(shown(&row, is_sensitive), &["is_required", "order"]).into());
    }
    let row = find(state, app, key, preview);
    let row = row.ok_or_else(|| message(404, "Environment variable not found."))?;
    update(row, &input).ok_or_else(|| server_error(call.request))?;
    Ok(shown(row, is_sensitive).into())
}

/// `DELETE …/envs/{env}`: the twin stays.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let mut state = call.state();
    let app = app_id(&state, &uuid);
    let own = |row: &Row| number(row, "resource_id") == app && text(row, "uuid") == call.param(1);
    let place = state.variables.iter().position(own);
    let place = place.ok_or_else(|| message(404, "Environment variable not found."))?;
    state.variables.remove(place);
    Ok(message(200, "Environment variable deleted."))
}
