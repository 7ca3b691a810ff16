//! `PATCH /applications/{uuid}`: all of it, or nothing.

use super::app_fields::for_change;
use super::app_write::{self, label_fault, mapping_fault};
use super::body::{Input, is_true};
use super::call::{Call, NO_APP_BARE};
use super::domains;
use super::queue::{self, Order, Outcome};
use super::reply::{Answer, compact, invalid, invalid_string, message, server_error};
use super::row::{set, text, touch};
use super::rules::Errors;
use super::state::{App, State};
use crate::http::Response;
use serde_json::{Map, Value, json};

/// Changes an application.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP_BARE)?;
    let mut state = call.state();
    let Some(mut app) = state.app(&uuid).cloned() else {
        return Err(message(404, NO_APP_BARE));
    };
    check(&input, &app)?;
    let domains = wanted_domains(&state, &app, &input)?;
    app_write::write(&mut app, &input).map_err(|_| server_error(call.request))?;
    settle(&state, &mut app, &input, domains);
    if let Some(own) = state.app_mut(&uuid) {
        *own = app;
    }
    finish(call, &mut state, &input, &uuid)
}

fn check(input: &Input, app: &App) -> Result<(), Response> {
    let checks = for_change();
    let known = |name: &str| checks.iter().any(|(own, _)| *own == name);
    Errors::of(input, &checks).only(input, known).refuse()?;
    check_auth(input, app)?;
    let ports = input.fields.get("ports_exposes").filter(|value| value.is_null());
    let ports = ports.map(|_| "The ports_exposes should be a comma separated list of numbers.");
    let faults = [
        ("ports_exposes", ports),
        ("ports_mappings", mapping_fault(input)),
        ("custom_labels", label_fault(input)),
    ];
    match faults.into_iter().find_map(|(field, fault)| Some((field, fault?))) {
        Some((field, fault)) => Err(invalid_string(field, fault)),
        None => Ok(()),
    }
}

/// Basic authentication needs both, sent or stored.
fn check_auth(input: &Input, app: &App) -> Result<(), Response> {
    if input.flag("is_http_basic_auth_enabled") != Some(true) {
        return Ok(());
    }
    let mut errors = Map::new();
    for field in ["http_basic_auth_username", "http_basic_auth_password"] {
        if input.get(field).is_none() && text(&app.row, field).is_empty() {
            errors.insert(field.to_owned(), Value::from(format!("The {field} is required.")));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(invalid(errors)) }
}

/// The new domains: none if the request has none, or no proxy runs on the server.
fn wanted_domains(state: &State, app: &App, input: &Input) -> Result<Option<Value>, Response> {
    if !input.has("domains") || !has_proxy(state, app) {
        return Ok(None);
    }
    let Some(list) = input.text("domains") else { return Ok(Some(Value::Null)) };
    let parsed = domains::parse(list).map_err(invalid)?;
    if input.flag("force_domain_override") != Some(true) {
        domains::refuse_taken(state, text(&app.row, "uuid"), &parsed)?;
    }
    Ok(Some(Value::from(parsed.join(","))))
}

fn has_proxy(state: &State, app: &App) -> bool {
    let destination =
        super::state::by_id(&state.destinations, super::row::number(&app.row, "destination_id"));
    let server = destination
        .and_then(|row| state.servers.iter().find(|own| own.row["id"] == row["server_id"]));
    server.is_some_and(|server| server.row["proxy"]["type"] != "NONE")
}

/// Labels are made anew only when the request holds a field that asks for it.
fn settle(state: &State, app: &mut App, input: &Input, domains: Option<Value>) {
    let network = app_write::network(state, &app.row);
    let relabels = [
        "domains",
        "noindex_domains",
        "is_http_basic_auth_enabled",
        "http_basic_auth_username",
        "http_basic_auth_password",
        "is_gzip_enabled",
        "is_stripprefix_enabled",
    ];
    if let Some(domains) = domains {
        set(&mut app.row, "fqdn", domains);
    }
    if let Some(wanted) = input.get("noindex_domains") {
        let kept = app_write::noindex(&app.row, wanted);
        set(&mut app.row, "noindex_domains", kept);
    }
    if relabels.iter().any(|field| input.has(field)) {
        app_write::relabel(app, &network);
    }
    if let Some(labels) = input.get("custom_labels") {
        set(&mut app.row, "custom_labels", labels.clone());
    }
    touch(&mut app.row);
}

/// With `instant_deploy` it is queued; a full queue is passed over in silence.
fn finish(call: &Call<'_>, state: &mut State, input: &Input, uuid: &str) -> Answer {
    let done = compact(200, &json!({ "uuid": uuid }));
    if !input.get("instant_deploy").is_some_and(is_true) {
        return Ok(done);
    }
    Ok(match queue::enqueue(call.hub, state, &Order::of(uuid)) {
        Outcome::Skipped => message(200, queue::SKIPPED),
        Outcome::Queued(_) | Outcome::Full => done,
    })
}
