//! What is done with an application beside deploying it: start, stop, restart, logs, rollback.

use super::call::{Call, NO_APP};
use super::hub::{Gate, Hub};
use super::queue::{self, Order, Outcome};
use super::reply::{Answer, compact, message};
use super::row::text;
use super::rules::{Check, Errors, Rule};
use super::{body, sweep};
use crate::coolify::update::Cleanup;
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST …/start`. Of a full queue it says nothing, and gives a uuid that was never stored.
pub(super) fn start(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let input = call.input();
    let yes = |name: &str| input.flag(name).unwrap_or(false);
    let order = Order { force: yes("force"), at_once: yes("instant_deploy"), ..Order::of(&uuid) };
    queued(call, &order, "Deployment request queued.")
}

/// `POST …/restart`: a whole deployment, with its pull.
pub(super) fn restart(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    queued(call, &Order { restart: true, ..Order::of(&uuid) }, "Restart request queued.")
}

fn queued(call: &Call<'_>, order: &Order, text: &str) -> Answer {
    let mut state = call.state();
    let uuid = match queue::enqueue(call.hub, &mut state, order) {
        Outcome::Skipped => return Ok(message(200, queue::SKIPPED)),
        Outcome::Queued(uuid) => uuid,
        Outcome::Full => state.uuid(),
    };
    Ok(compact(200, &json!({ "message": text, "deployment_uuid": uuid })))
}

/// Whether the whole host is pruned on the way, which is the default.
pub(super) fn prunes(input: &body::Input) -> bool {
    input.flag("docker_cleanup").unwrap_or(!input.has("docker_cleanup"))
}

/// `POST …/stop`.
pub(super) fn stop(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let cleanup = if prunes(&call.input()) { Cleanup::WholeHost } else { Cleanup::None };
    Gate::spawn(call.hub, move |hub| stop_work(hub, &uuid, cleanup));
    Ok(message(200, "Application stopping request queued."))
}

fn stop_work(hub: &Arc<Hub>, uuid: &str, cleanup: Cleanup) {
    hub.gate().wait();
    if !hub.gate().is_over() {
        sweep::stop_all(hub, uuid, cleanup);
    }
}

/// `GET …/logs`, of the first container; a wrong `lines` is passed over.
pub(super) fn logs(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let containers = call.hub.containers.list(&uuid);
    let running = containers.iter().find(|own| own.state == "running");
    let Some(first) = running.filter(|_| !is_stopped(call, &uuid)) else {
        return Err(message(400, "Application is not running."));
    };
    let lines = call.request.parameter("lines").and_then(|lines| lines.parse().ok());
    let logs = call.hub.containers.logs(&first.name, lines.unwrap_or(100));
    Ok(compact(200, &json!({ "logs": logs })))
}

fn is_stopped(call: &Call<'_>, uuid: &str) -> bool {
    let state = call.state();
    state.app(uuid).is_none_or(|app| text(&app.row, "status").starts_with("exited"))
}

/// `GET …/rollback-images`: every local tag of the repository, whoever's it is.
pub(super) fn rollback_images(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let repository = {
        let state = call.state();
        state.app(&uuid).map(|app| text(&app.row, "docker_registry_image_name").to_owned())
    };
    // A rolling application's container is never named as the application.
    let containers = call.hub.containers.list(&uuid);
    let named = containers.iter().find(|own| own.name == uuid);
    let current = named.and_then(|own| own.image.rsplit_once(':')).map(|(_, tag)| tag.to_owned());
    let mut images = call.hub.containers.images(&repository.unwrap_or_default());
    images.retain(|image| image.tag != "<none>");
    images.sort_by_key(|image| std::cmp::Reverse(image.created));
    let images = images.iter().map(|image| {
        json!({
            "tag": image.tag, "created_at": moment(image.created),
            "is_current": current.as_deref() == Some(image.tag.as_str()),
        })
    });
    Ok(compact(200, &json!({ "current": current, "images": images.collect::<Value>() })))
}

fn moment(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}

const COMMIT: &[Check] = &[(
    "commit",
    &[
        Rule::Required,
        Rule::Text,
        Rule::Said(
            &Rule::Form(is_commit),
            "Invalid rollback commit: contains disallowed characters. Only alphanumeric \
             characters, dots, hyphens, underscores, and slashes are allowed.",
        ),
    ],
)];

fn is_commit(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_/".contains(letter))
}

/// `POST …/rollback`: recorded, yet the configured tag is deployed in the recorded version.
pub(super) fn rollback(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP)?;
    Errors::of(&input, COMMIT).only(&input, |name| name == "commit").refuse()?;
    let commit = input.text("commit").map(str::to_owned);
    let order = Order { rollback: commit, ..Order::of(&uuid) };
    let mut state = call.state();
    match queue::enqueue(call.hub, &mut state, &order) {
        Outcome::Queued(uuid) => {
            let text = "Rollback deployment queued.";
            Ok(compact(200, &json!({ "message": text, "deployment_uuid": uuid })))
        }
        Outcome::Skipped => Err(message(400, queue::SKIPPED)),
        Outcome::Full => Err(message(
            400,
            "Deployment queue is full. Please wait for existing deployments to complete.",
        )),
    }
}
