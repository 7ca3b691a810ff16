//! S3 storages.

use super::body::Input;
use super::call::Call;
use super::reply::{Answer, compact, message};
use super::row::{Row, number, set, sorted, text, touch, without};
use super::rules::{Check, Errors, Rule};
use super::state::State;
use super::targets;
use crate::http::Response;
use serde_json::{Value, json};

const TEXT: &[Rule] = &[Rule::Required, Rule::Text, Rule::Longest(255)];
const NEW: &[Check] = &[
    ("name", &[Rule::Required, Rule::Text, Rule::Shortest(3), Rule::Longest(255)]),
    ("description", &[Rule::Nullable, Rule::Text]),
    ("endpoint", TEXT),
    ("bucket", TEXT),
    ("region", TEXT),
    ("key", TEXT),
    ("secret", TEXT),
    ("is_usable", &[Rule::Flag]),
];
const IF_GIVEN: &[Rule] = &[Rule::Text, Rule::Longest(255)];
const CHANGE: &[Check] = &[
    ("name", &[Rule::Text, Rule::Shortest(3), Rule::Longest(255)]),
    ("description", &[Rule::Nullable, Rule::Text]),
    ("endpoint", IF_GIVEN),
    ("bucket", IF_GIVEN),
    ("region", IF_GIVEN),
    ("key", IF_GIVEN),
    ("secret", IF_GIVEN),
    ("is_usable", &[Rule::Flag]),
];

fn known(name: &str) -> bool {
    NEW.iter().any(|(own, _)| *own == name)
}

fn shown(row: &Row, is_sensitive: bool) -> Value {
    let hidden: &[&str] = if is_sensitive { &["id"] } else { &["id", "key", "secret"] };
    sorted(&without(row.clone(), hidden)).into()
}

fn check(call: &Call<'_>, input: &Input, checks: &[Check]) -> Result<(), Response> {
    let mut errors = Errors::of(input, checks);
    let inside = call.state().internal_targets;
    if let Some(url) = input.text("endpoint")
        && let Some(fault) = targets::fault(call.hub, "endpoint", url, inside)
    {
        errors.add("endpoint", fault);
    }
    errors.only(input, known).refuse()
}

fn place(state: &State, call: &Call<'_>) -> Result<usize, Response> {
    let own = |row: &Row| {
        text(row, "uuid") == call.param(0) && number(row, "team_id") == call.caller.team
    };
    state.s3.iter().position(own).ok_or_else(|| message(404, "S3 storage not found."))
}

/// `GET /s3-storages`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mine = state.s3.iter().filter(|row| number(row, "team_id") == call.caller.team);
    Ok(compact(200, &mine.map(|row| shown(row, call.caller.is_sensitive)).collect()))
}

/// `GET /s3-storages/{uuid}`.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let state = call.state();
    let place = place(&state, call)?;
    Ok(compact(200, &shown(&state.s3[place], call.caller.is_sensitive)))
}

/// `POST /s3-storages`.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    check(call, &input, NEW)?;
    let mut state = call.state();
    let mut row = state.new_row("s3");
    for name in ["name", "description", "endpoint", "bucket", "region", "key", "secret"] {
        set(&mut row, name, input.text(name).unwrap_or_default());
    }
    set(&mut row, "is_usable", input.flag("is_usable").unwrap_or(false));
    set(&mut row, "team_id", call.caller.team);
    set(&mut row, "unusable_email_sent", false);
    let uuid = row["uuid"].clone();
    state.s3.push(row);
    Ok(compact(201, &json!({ "uuid": uuid })))
}

/// `PATCH /s3-storages/{uuid}`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    place(&call.state(), call)?;
    check(call, &input, CHANGE)?;
    let mut state = call.state();
    let place = place(&state, call)?;
    let row = &mut state.s3[place];
    for (name, value) in &input.fields {
        set(row, name, value.clone());
    }
    touch(row);
    let uuid = row["uuid"].clone();
    Ok(compact(200, &json!({ "uuid": uuid })))
}

/// `DELETE /s3-storages/{uuid}`.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let mut state = call.state();
    let place = place(&state, call)?;
    state.s3.remove(place);
    Ok(message(200, "S3 storage deleted."))
}

/// `POST /s3-storages/{uuid}/validate`: the storage is usable when its endpoint answers.
pub(super) fn validate(call: &Call<'_>) -> Answer {
    let mut state = call.state();
    let place = place(&state, call)?;
    let endpoint = text(&state.s3[place], "endpoint").to_owned();
    let answers = answers(&endpoint);
    set(&mut state.s3[place], "is_usable", answers);
    let text = if answers { "Storage is usable." } else { "The endpoint could not be reached." };
    Ok(compact(200, &json!({ "valid": answers, "message": text })))
}

fn answers(endpoint: &str) -> bool {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("http", endpoint));
    let authority = rest.split('/').next().unwrap_or_default();
    let port = if scheme == "https" { 443 } else { 80 };
    let address =
        if authority.contains(':') { authority.to_owned() } else { format!("{authority}:{port}") };
    std::net::TcpStream::connect(address).is_ok()
}
