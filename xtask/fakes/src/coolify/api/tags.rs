//! Tags that applications carry, for deploying them together.

use super::call::{Call, NO_APP, team_of};
use super::reply::{Answer, compact, message};
use super::row::{Row, number, set, text, without};
use super::rules::{Check, Errors, Rule};
use super::state::{App, State};
use serde_json::Value;

const RULES: &[Check] = &[
    ("tag_name", &[Rule::Nullable, Rule::Text]),
    ("tag_names", &[Rule::Nullable, Rule::List, Rule::Each(&[Rule::Text])]),
];
const BOTH: &str = "Provide either tag_name or tag_names, not both.";
const SHORT: &str = "Each tag name must be at least 2 characters after sanitization.";

fn shown(row: &Row) -> Value {
    let mut shown = Row::new();
    for column in ["uuid", "name", "created_at", "updated_at"] {
        set(&mut shown, column, row[column].clone());
    }
    without(shown, &[]).into()
}

/// The tag of this name in the team, made when it is not there; the application carries it.
pub(super) fn attach(state: &mut State, app: &mut App, name: &str) {
    let name = name.to_lowercase();
    let team = team_of(state, app);
    if !state.tags.iter().any(|row| text(row, "name") == name && number(row, "team_id") == team) {
        let mut row = state.new_row("tags");
        set(&mut row, "name", name.as_str());
        set(&mut row, "team_id", team);
        state.tags.push(row);
    }
    if !app.tags.contains(&name) {
        app.tags.push(name);
    }
}

fn carried(state: &State, app: &App) -> Value {
    let team = team_of(state, app);
    let rows = app.tags.iter().filter_map(|name| {
        state.tags.iter().find(|row| text(row, "name") == name && number(row, "team_id") == team)
    });
    rows.map(shown).collect()
}

/// `GET …/tags`.
pub(super) fn of_app(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let state = call.state();
    Ok(compact(200, &state.app(&uuid).map(|app| carried(&state, app)).unwrap_or_default()))
}

/// `GET /tags`, by name.
pub(super) fn all(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mut rows: Vec<&Row> =
        state.tags.iter().filter(|row| number(row, "team_id") == call.caller.team).collect();
    rows.sort_by_key(|row| text(row, "name"));
    Ok(compact(200, &rows.into_iter().map(shown).collect()))
}

/// `POST …/tags`, again and again if need be.
pub(super) fn add(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP)?;
    let mut errors = Errors::of(&input, RULES).only(&input, |name| name.starts_with("tag_name"));
    if input.get("tag_name").is_some() && input.get("tag_names").is_some() {
        errors.add("tag_name", BOTH.to_owned());
    }
    errors.refuse()?;
    let mut names: Vec<String> = input.text("tag_name").map(str::to_owned).into_iter().collect();
    let list = input.get("tag_names").and_then(Value::as_array).into_iter().flatten();
    names.extend(list.filter_map(Value::as_str).map(str::to_owned));
    if names.is_empty() || names.iter().any(|name| name.chars().count() < 2) {
        return Err(super::reply::invalid_list("tag_name", SHORT));
    }
    let mut state = call.state();
    let Some(mut app) = state.app(&uuid).cloned() else { return Err(message(404, NO_APP)) };
    for name in names {
        attach(&mut state, &mut app, &name);
    }
    let shown = carried(&state, &app);
    if let Some(own) = state.app_mut(&uuid) {
        own.tags = app.tags;
    }
    Ok(compact(201, &shown))
}

/// `DELETE …/tags/{tag}`; a tag that nobody carries any more vanishes.
pub(super) fn remove(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let mut state = call.state();
    let found = state.tags.iter().find(|row| text(row, "uuid") == call.param(1));
    let name = found.map(|row| text(row, "name").to_owned());
    let has = |app: &App| name.as_ref().is_some_and(|name| app.tags.contains(name));
    let carries = state.app(&uuid).is_some_and(has);
    let name = name.filter(|_| carries).ok_or_else(|| message(404, "Tag not found."))?;
    if let Some(app) = state.app_mut(&uuid) {
        app.tags.retain(|own| *own != name);
    }
    if !state.apps.iter().any(|app| app.tags.contains(&name)) {
        state.tags.retain(|row| text(row, "name") != name);
    }
    Ok(message(200, "Tag removed."))
}
