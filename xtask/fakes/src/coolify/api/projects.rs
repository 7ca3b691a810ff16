//! Projects. A new one has an environment named `production`.

use super::call::Call;
use super::reply::{Answer, compact, message};
use super::row::{Row, number, set, sorted, text, touch};
use super::rules::{Check, Errors, Rule};
use super::state::State;
use crate::http::Response;
use serde_json::{Value, json};

/// The name of a project or an environment, in words of its own.
pub(super) const NAME: &[Rule] = &[
    Rule::Said(&Rule::Required, "The name field is required."),
    Rule::Text,
    Rule::Said(&Rule::Shortest(3), "The name must be at least 3 characters."),
    Rule::Said(&Rule::Longest(255), "The name may not be greater than 255 characters."),
    Rule::Said(
        &Rule::Form(is_name),
        "The name may only contain letters (including Unicode), numbers, spaces, and these \
         characters: - _ . / @ & ( ) # , : +",
    ),
];
/// The same, where it may be left out.
pub(super) const NAME_IF_GIVEN: &[Rule] = match NAME {
    [_, rest @ ..] => rest,
    [] => &[],
};
pub(super) const DESCRIPTION: &[Rule] = &[Rule::Nullable, Rule::Text, Rule::Longest(255)];

fn is_name(text: &str) -> bool {
    text.chars().all(|letter| letter.is_alphanumeric() || " -_./@&()#,:+".contains(letter))
}

const NEW: &[Check] = &[("name", NAME), ("description", DESCRIPTION)];
const CHANGE: &[Check] = &[("name", NAME_IF_GIVEN), ("description", DESCRIPTION)];

/// Whether a field is one of the two.
pub(super) fn is_known(name: &str) -> bool {
    name == "name" || name == "description"
}

/// Where a project of the caller's team is, or the refusal.
pub(super) fn place(state: &State, call: &Call<'_>) -> Result<usize, Response> {
    let mine = |row: &Row| {
        text(row, "uuid") == call.param(0) && number(row, "team_id") == call.caller.team
    };
    let place = state.projects.iter().position(mine);
    place.ok_or_else(|| message(404, "Project not found."))
}

/// `GET /projects`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mine = state.projects.iter().filter(|row| number(row, "team_id") == call.caller.team);
    let brief = mine.map(|row| {
        let mut row = row.clone();
        row.retain(|name, _| ["id", "uuid", "name", "description"].contains(&name.as_str()));
        Value::from(sorted(&row))
    });
    Ok(compact(200, &brief.collect()))
}

/// `POST /projects`.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    Errors::of(&input, NEW).only(&input, is_known).refuse()?;
    let mut state = call.state();
    let mut row = state.new_row("projects");
    set(&mut row, "name", input.text("name").unwrap_or_default());
    set(&mut row, "description", input.text("description").unwrap_or_default());
    set(&mut row, "team_id", call.caller.team);
    for column in ["icon_path", "icon_storage_type", "icon_s3_storage_id"] {
        set(&mut row, column, Value::Null);
    }
    let uuid = row["uuid"].clone();
    super::environments::add(&mut state, number(&row, "id"), "production");
    state.projects.push(row);
    Ok(compact(201, &json!({ "uuid": uuid })))
}

/// `GET /projects/{uuid}`.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mut row = state.projects[place(&state, call)?].clone();
    let id = number(&row, "id");
    let environments = state.environments.iter().filter(|own| number(own, "project_id") == id);
    set(&mut row, "environments", environments.cloned().map(Value::from).collect::<Value>());
    Ok(compact(200, &sorted(&row).into()))
}

/// `PATCH /projects/{uuid}`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let mut state = call.state();
    Errors::of(&input, CHANGE).only(&input, is_known).refuse()?;
    let place = place(&state, call)?;
    let row = &mut state.projects[place];
    for (name, value) in &input.fields {
        set(row, name, value.clone());
    }
    touch(row);
    let shown = json!({
        "uuid": row["uuid"], "name": row["name"], "description": row["description"],
    });
    Ok(compact(201, &shown))
}

/// `DELETE /projects/{uuid}`.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let mut state = call.state();
    let place = place(&state, call)?;
    let id = number(&state.projects[place], "id");
    let own = |environment: &Row| number(environment, "project_id") == id;
    let environments: Vec<i64> =
        state.environments.iter().filter(|row| own(row)).map(|row| number(row, "id")).collect();
    if state.apps.iter().any(|app| environments.contains(&number(&app.row, "environment_id"))) {
        return Err(message(400, "Project has resources, so it cannot be deleted."));
    }
    state.environments.retain(|row| !own(row));
    state.projects.remove(place);
    Ok(message(200, "Project deleted."))
}
