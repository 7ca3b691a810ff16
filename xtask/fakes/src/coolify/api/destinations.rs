//! Destinations: Docker networks of a server. Making one makes the network.

use super::call::Call;
use super::reply::{Answer, compact, message, pretty};
use super::row::{Row, number, set, text, touch};
use super::rules::{Check, Errors, Rule};
use super::state::{Server, State};
use crate::http::Response;
use serde_json::{Value, json};

fn shown(state: &State, row: &Row) -> Value {
    let server = state.servers.iter().find(|own| own.row.get("id") == row.get("server_id"));
    json!({
        "uuid": row["uuid"], "name": row["name"], "network": row["network"], "type": "standalone",
        "server_uuid": server.map(|server| server.row["uuid"].clone()),
        "created_at": row["created_at"], "updated_at": row["updated_at"],
    })
}

/// The framework's words, which name its class.
fn no_model(class: &str) -> Response {
    pretty(404, &format!("No query results for model [App\\Models\\{class}]."))
}

fn server<'a>(state: &'a State, call: &Call<'_>) -> Result<&'a Server, Response> {
    super::servers::find(state, call, call.param(0)).map_err(|_| no_model("Server"))
}

fn is_mine(state: &State, call: &Call<'_>, row: &Row) -> bool {
    let mut servers = state.servers.iter();
    let server = servers.find(|own| own.row.get("id") == row.get("server_id"));
    server.is_some_and(|server| number(&server.row, "team_id") == call.caller.team)
}

fn place(state: &State, call: &Call<'_>) -> Result<usize, Response> {
    let mut rows = state.destinations.iter();
    let place =
        rows.position(|row| text(row, "uuid") == call.param(0) && is_mine(state, call, row));
    place.ok_or_else(|| no_model("SwarmDocker"))
}

/// `GET /servers/{uuid}/destinations`.
pub(super) fn of_server(call: &Call<'_>) -> Answer {
    let state = call.state();
    let id = server(&state, call)?.row["id"].clone();
    let rows = state.destinations.iter().filter(|row| row["server_id"] == id);
    Ok(compact(200, &rows.map(|row| shown(&state, row)).collect()))
}

/// `GET /destinations`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let state = call.state();
    let rows = state.destinations.iter().filter(|row| is_mine(&state, call, row));
    Ok(compact(200, &rows.map(|row| shown(&state, row)).collect()))
}

/// `GET /destinations/{uuid}`.
pub(super) fn one(call: &Call<'_>) -> Answer {
    let state = call.state();
    let place = place(&state, call)?;
    Ok(compact(200, &shown(&state, &state.destinations[place])))
}

const NEW: &[Check] = &[
    ("network", &[Rule::Required, Rule::Text, Rule::Longest(255), Rule::Form(is_network)]),
    ("name", &[Rule::Nullable, Rule::Text, Rule::Longest(255)]),
    ("type", &[Rule::Nullable, Rule::OneOf(&["standalone", "swarm"])]),
];

fn is_network(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
}

/// `POST /servers/{uuid}/destinations`.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let mut state = call.state();
    let server = server(&state, call)?.row["id"].clone();
    let known = |name: &str| NEW.iter().any(|(own, _)| *own == name);
    Errors::of(&input, NEW).only(&input, known).refuse()?;
    if input.text("type") == Some("swarm") {
        return Err(message(422, "Destination type must be standalone for this server."));
    }
    let network = input.text("network").unwrap_or_default();
    if state.destinations.iter().any(|row| row["server_id"] == server && row["network"] == network)
    {
        return Err(message(409, "A destination with this network already exists on the server."));
    }
    let mut row = state.new_row("destinations");
    set(&mut row, "name", input.text("name").unwrap_or(network));
    set(&mut row, "network", network);
    set(&mut row, "server_id", server);
    call.hub.containers.create_network(network);
    state.destinations.push(row.clone());
    Ok(compact(201, &shown(&state, &row)))
}

const NAME: &[Check] = &[("name", &[Rule::Required, Rule::Text, Rule::Longest(255)])];

/// `PATCH /destinations/{uuid}`: only the name.
pub(super) fn rename(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let mut state = call.state();
    let place = place(&state, call)?;
    Errors::of(&input, NAME).only(&input, |name| name == "name").refuse()?;
    let row = &mut state.destinations[place];
    set(row, "name", input.text("name").unwrap_or_default());
    touch(row);
    let row = row.clone();
    Ok(compact(200, &shown(&state, &row)))
}

/// `DELETE /destinations/{uuid}`: the network goes as well.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let mut state = call.state();
    let place = place(&state, call)?;
    let id = number(&state.destinations[place], "id");
    if state.apps.iter().any(|app| number(&app.row, "destination_id") == id) {
        return Err(message(409, "Destination has attached resources, detach first."));
    }
    let row = state.destinations.remove(place);
    call.hub.containers.remove_network(text(&row, "network"));
    Ok(message(200, "Deleted."))
}
