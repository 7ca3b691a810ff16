//! `POST /deploy`, by uuid or by tag.

use super::body::Input;
use super::call::{Call, team_of};
use super::queue::{self, Order, Outcome};
use super::reply::{Answer, compact, message, server_error};
use super::row::text;
use super::state::State;
use crate::http::Response;
use serde_json::{Value, json};

/// What was asked for, with the pull request.
struct Asked {
    force: bool,
    pull_request: i64,
    docker_tag: Option<String>,
}

/// Queues deployments. Its own order of checks; unknown parameters are passed over.
pub(super) fn deploy(call: &Call<'_>) -> Answer {
    let input = call.input();
    let (uuids, tags) = (list(call, &input, "uuid")?, list(call, &input, "tag")?);
    let asked = asked(&input);
    let refused = |text: &str| Err(message(400, text));
    match (uuids, tags) {
        (Some(_), Some(_)) => refused("You can only use uuid or tag, not both."),
        (None, Some(_)) if asked.pull_request != 0 => {
            refused("You can only use tag or pr, not both.")
        }
        _ if asked.docker_tag.is_some() && asked.pull_request == 0 => {
            refused("docker_tag requires pull_request_id.")
        }
        (None, None) => refused("You must provide uuid or tag."),
        (Some(uuids), None) => by_uuid(call, &uuids, &asked),
        (None, Some(tags)) => by_tag(call, &tags, &asked),
    }
}

/// A list with commas. Coolify breaks on one that is an array.
fn list(call: &Call<'_>, input: &Input, name: &str) -> Result<Option<Vec<String>>, Response> {
    let text = match input.get(name) {
        None => return Ok(None),
        Some(Value::Array(_) | Value::Object(_)) => return Err(server_error(call.request)),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    Ok(Some(text.split(',').map(|item| item.trim().to_owned()).collect()))
}

fn asked(input: &Input) -> Asked {
    let number = |name: &str| {
        let value = input.get(name)?;
        Some(super::rules::whole(value).unwrap_or(0))
    };
    Asked {
        force: input.flag("force").unwrap_or(false),
        pull_request: number("pr").or_else(|| number("pull_request_id")).unwrap_or(0),
        docker_tag: input.text("docker_tag").map(str::to_owned),
    }
}

fn by_uuid(call: &Call<'_>, uuids: &[String], asked: &Asked) -> Answer {
    let mut state = call.state();
    let known: Vec<&String> = uuids.iter().filter(|uuid| is_mine(&state, call, uuid)).collect();
    if known.is_empty() {
        return Err(message(404, "No resources found."));
    }
    let mut rows = Vec::new();
    for uuid in known {
        let (text, deployment) = one(call, &mut state, uuid, asked)?;
        let mut row = json!({ "message": text, "resource_uuid": uuid });
        if let Some(deployment) = deployment {
            row["deployment_uuid"] = Value::from(deployment);
        }
        rows.push(row);
    }
    Ok(compact(200, &json!({ "deployments": rows })))
}

fn is_mine(state: &State, call: &Call<'_>, uuid: &str) -> bool {
    state.app(uuid).is_some_and(|app| team_of(state, app) == call.caller.team)
}

fn by_tag(call: &Call<'_>, tags: &[String], asked: &Asked) -> Answer {
    let mut state = call.state();
    let carries = |own: &Vec<String>| own.iter().any(|tag| tags.contains(tag));
    let apps: Vec<String> = state
        .apps
        .iter()
        .filter(|app| carries(&app.tags) && team_of(&state, app) == call.caller.team)
        .map(|app| text(&app.row, "uuid").to_owned())
        .collect();
    if apps.is_empty() {
        return Err(message(404, "No resources found with this tag."));
    }
    let (mut messages, mut details) = (Vec::new(), Vec::new());
    for app in apps {
        let (text, deployment) = one(call, &mut state, &app, asked)?;
        messages.push(text);
        details.push(json!({ "resource_uuid": app, "deployment_uuid": deployment }));
    }
    Ok(compact(200, &json!({ "details": details, "message": messages })))
}

/// One application: what is said, and the uuid that is given. A skipped one gets a uuid that
/// was never stored.
fn one(
    call: &Call<'_>,
    state: &mut State,
    uuid: &str,
    asked: &Asked,
) -> Result<(String, Option<String>), Response> {
    let pull_request = asked.pull_request;
    if pull_request != 0 && !has_preview(state, uuid, asked) {
        return Ok((format!("Pull request {pull_request} not found for this resource."), None));
    }
    let order = Order {
        force: asked.force,
        pull_request,
        preview_tag: asked.docker_tag.clone(),
        ..Order::of(uuid)
    };
    let name = state.app(uuid).map(|app| text(&app.row, "name").to_owned()).unwrap_or_default();
    match queue::enqueue(call.hub, state, &order) {
        Outcome::Queued(own) => Ok((format!("Application {name} deployment queued."), Some(own))),
        Outcome::Skipped => Ok((queue::SKIPPED.to_owned(), Some(state.uuid()))),
        Outcome::Full => {
            let text =
                "Deployment queue is full. Please wait for existing deployments to complete.";
            Err(message(429, text).with("Retry-After", "60"))
        }
    }
}

/// With `docker_tag` a preview is made on the way.
fn has_preview(state: &mut State, uuid: &str, asked: &Asked) -> bool {
    let Some(app) = state.app_mut(uuid) else { return false };
    if let Some(tag) = &asked.docker_tag {
        app.previews.retain(|(own, _)| *own != asked.pull_request);
        app.previews.push((asked.pull_request, tag.clone()));
    }
    app.previews.iter().any(|(own, _)| *own == asked.pull_request)
}
