//! Docker cleanup of a server: its settings, and a run by hand.

use super::call::Call;
use super::hub::{Gate, Hub};
use super::reply::{Answer, compact, message};
use super::row::{now, set, text, touch, without};
use super::rules::{Check, Errors, Rule};
use super::state::Server;
use super::tasks::{expression, is_frequency};
use super::{row, servers};
use crate::coolify::update::LocalImage;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const NO_CRON: &str = "Invalid Cron / Human expression for Docker Cleanup Frequency.";
const CHANGE: &[Check] = &[
    ("docker_cleanup_frequency", &[Rule::Text, Rule::Said(&Rule::Form(is_frequency), NO_CRON)]),
    ("docker_cleanup_threshold", &[Rule::Whole, Rule::Least(1), Rule::Most(99)]),
    ("force_docker_cleanup", &[Rule::Flag]),
    ("delete_unused_volumes", &[Rule::Flag]),
    ("delete_unused_networks", &[Rule::Flag]),
    ("disable_application_image_retention", &[Rule::Flag]),
];
const RUN: &[Check] =
    &[("delete_unused_volumes", &[Rule::Flag]), ("delete_unused_networks", &[Rule::Flag])];

fn known(checks: &'static [Check]) -> impl Fn(&str) -> bool {
    move |name| checks.iter().any(|(own, _)| *own == name)
}

fn shown(server: &Server) -> Value {
    let columns =
        CHANGE.iter().map(|(name, _)| ((*name).to_owned(), server.settings[*name].clone()));
    Value::Object(columns.collect())
}

/// `GET …/docker-cleanup`.
pub(super) fn settings(call: &Call<'_>) -> Answer {
    let state = call.state();
    Ok(compact(200, &shown(servers::find(&state, call, call.param(0))?)))
}

/// `PATCH …/docker-cleanup`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let mut state = call.state();
    let uuid = text(&servers::find(&state, call, call.param(0))?.row, "uuid").to_owned();
    Errors::of(&input, CHANGE).only(&input, known(CHANGE)).refuse()?;
    let Some(server) = state.servers.iter_mut().find(|own| text(&own.row, "uuid") == uuid) else {
        return Err(message(404, "Server not found."));
    };
    for (name, value) in &input.fields {
        let word = value.as_str().and_then(expression);
        set(&mut server.settings, name, word.map_or_else(|| value.clone(), Value::from));
    }
    touch(&mut server.settings);
    Ok(compact(200, &shown(server)))
}

/// `POST …/docker-cleanup/run`.
pub(super) fn run(call: &Call<'_>) -> Answer {
    let input = super::body::lenient(call.request);
    let mut state = call.state();
    servers::find(&state, call, call.param(0))?;
    Errors::of(&input, RUN).only(&input, known(RUN)).refuse()?;
    let mut row = state.new_row("cleanups");
    set(&mut row, "status", "running");
    set(&mut row, "message", Value::Null);
    set(&mut row, "finished_at", Value::Null);
    let uuid = text(&row, "uuid").to_owned();
    state.cleanups.push(row);
    Gate::spawn(call.hub, move |hub| work(hub, &uuid));
    Ok(message(
        200,
        "Manual cleanup job started. Depending on the amount of data, this might take a while.",
    ))
}

/// `GET …/docker-cleanup/executions`, the newest twenty.
pub(super) fn executions(call: &Call<'_>) -> Answer {
    let state = call.state();
    servers::find(&state, call, call.param(0))?;
    let rows = state.cleanups.iter().rev().take(20);
    let rows = rows.map(|row| Value::from(row::sorted(&without(row.clone(), &["id"]))));
    Ok(compact(200, &rows.collect()))
}

/// The newest images of each repository stay, and those in use; the rest of its tags go.
fn work(hub: &Arc<Hub>, uuid: &str) {
    let apps = hub.state().apps.len();
    // Two calls over SSH for each application.
    for _ in 0..apps.max(1) {
        hub.pass(1200);
    }
    if hub.gate().is_over() {
        return;
    }
    for (repository, keep) in repositories(hub) {
        retain(hub, &repository, keep);
    }
    hub.containers.prune_host();
    hub.pass(2000);
    let mut state = hub.state();
    if let Some(row) = state.cleanups.iter_mut().find(|row| text(row, "uuid") == uuid) {
        set(row, "status", "success");
        set(row, "message", "Docker cleanup job executed successfully.");
        set(row, "finished_at", now());
    }
}

/// Each repository with what its applications want to keep; the most of them counts.
fn repositories(hub: &Arc<Hub>) -> BTreeMap<String, usize> {
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for app in &hub.state().apps {
        let keep = app.settings["docker_images_to_keep"].as_u64().unwrap_or(2);
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let name = text(&app.row, "docker_registry_image_name").to_owned();
        kept.entry(name).and_modify(|own| *own = (*own).max(keep)).or_insert(keep);
    }
    kept
}

fn retain(hub: &Arc<Hub>, repository: &str, keep: usize) {
    let used: Vec<String> = hub.containers.all().into_iter().map(|own| own.image).collect();
    let mut images: Vec<LocalImage> = hub.containers.images(repository);
    images.sort_by_key(|image| std::cmp::Reverse(image.created));
    let name = |image: &LocalImage| format!("{}:{}", image.repository, image.tag);
    images.retain(|image| !used.contains(&name(image)) && image.tag != "<none>");
    for image in images.iter().skip(keep) {
        hub.containers.remove_image(&name(image));
    }
}
