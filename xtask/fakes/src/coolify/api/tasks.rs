//! Scheduled tasks of an application, and their executions.

use super::call::{Call, NO_APP};
use super::hub::{Gate, Hub};
use super::reply::{Answer, compact, message};
use super::row::{Row, now, number, optional, set, sorted, text, touch, without};
use super::rules::{Check, Errors, Rule};
use super::state::State;
use super::webhook;
use crate::http::Response;
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;

const NEW: &[Check] = &[
    ("name", &[Rule::Required, Rule::Text, Rule::Longest(255)]),
    ("command", &[Rule::Required, Rule::Text]),
    ("frequency", &[Rule::Required, Rule::Text, Rule::Said(&Rule::Form(is_frequency), NO_CRON)]),
    ("container", &[Rule::Nullable, Rule::Text]),
    ("timeout", &[Rule::Whole, Rule::Least(1)]),
    ("enabled", &[Rule::Flag]),
];
const NO_CRON: &str = "Invalid cron expression or frequency format.";
const CHANGE: &[Check] = &[
    ("name", &[Rule::Text, Rule::Longest(255)]),
    ("command", &[Rule::Text]),
    ("frequency", &[Rule::Text, Rule::Said(&Rule::Form(is_frequency), NO_CRON)]),
    ("container", &[Rule::Nullable, Rule::Text]),
    ("timeout", &[Rule::Whole, Rule::Least(1)]),
    ("enabled", &[Rule::Flag]),
];

/// A cron expression for each word that stands for one.
const WORDS: &[(&str, &str)] = &[
    ("every_minute", "* * * * *"),
    ("hourly", "0 * * * *"),
    ("daily", "0 0 * * *"),
    ("weekly", "0 0 * * 0"),
    ("monthly", "0 0 1 * *"),
    ("yearly", "0 0 1 1 *"),
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

/// The expression that a word stands for.
pub(super) fn expression(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(own, _)| *own == word).map(|(_, expression)| *expression)
}

/// A word, or five fields.
pub(super) fn is_frequency(text: &str) -> bool {
    let field = |field: &str| field.chars().all(|own| own.is_ascii_digit() || "*/,-".contains(own));
    let fields: Vec<&str> = text.split_whitespace().collect();
    expression(text).is_some() || (fields.len() == 5 && fields.into_iter().all(field))
}

fn known(name: &str) -> bool {
    NEW.iter().any(|(own, _)| *own == name)
}

fn shown(row: &Row) -> Value {
    sorted(&without(row.clone(), &["id", "resource_id"])).into()
}

fn id_of(state: &State, uuid: &str) -> i64 {
    state.app(uuid).map_or(-1, |app| number(&app.row, "id"))
}

fn place(state: &State, call: &Call<'_>, app: &str) -> Result<usize, Response> {
    let id = id_of(state, app);
    let own = |row: &Row| number(row, "resource_id") == id && text(row, "uuid") == call.param(1);
    let place = state.tasks.iter().position(own);
    place.ok_or_else(|| message(404, "Scheduled task not found."))
}

/// `GET …/scheduled-tasks`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let state = call.state();
    let id = id_of(&state, &uuid);
    let own = state.tasks.iter().filter(|row| number(row, "resource_id") == id);
    Ok(compact(200, &own.map(shown).collect()))
}

/// `POST …/scheduled-tasks`.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP)?;
    Errors::of(&input, NEW).only(&input, known).refuse()?;
    let mut state = call.state();
    let mut row = state.new_row("tasks");
    for name in ["name", "command", "frequency", "container"] {
        set(&mut row, name, input.text(name));
    }
    set(&mut row, "enabled", input.flag("enabled").unwrap_or(true));
    let timeout = input.get("timeout").and_then(super::rules::whole);
    set(&mut row, "timeout", timeout.unwrap_or(300));
    set(&mut row, "resource_id", id_of(&state, &uuid));
    state.tasks.push(row.clone());
    Ok(compact(201, &shown(&row)))
}

/// `PATCH …/scheduled-tasks/{task}`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let uuid = call.app(0, NO_APP)?;
    Errors::of(&input, CHANGE).only(&input, known).refuse()?;
    let mut state = call.state();
    let place = place(&state, call, &uuid)?;
    let row = &mut state.tasks[place];
    for (name, value) in &input.fields {
        set(row, name, value.clone());
    }
    touch(row);
    let shown = shown(row);
    Ok(compact(200, &shown))
}

/// `DELETE …/scheduled-tasks/{task}`.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let mut state = call.state();
    let place = place(&state, call, &uuid)?;
    state.tasks.remove(place);
    Ok(message(200, "Scheduled task deleted."))
}

/// `GET …/executions`, newest first.
pub(super) fn executions(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let state = call.state();
    let id = number(&state.tasks[place(&state, call, &uuid)?], "id");
    let own = state.executions.iter().filter(|row| number(row, "resource_id") == id);
    Ok(compact(200, &own.rev().map(shown).collect()))
}

/// `POST …/execute`, whether the task is switched on or not.
pub(super) fn execute(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP)?;
    let state = call.state();
    let task = state.tasks[place(&state, call, &uuid)?].clone();
    let team = call.caller.team;
    Gate::spawn(call.hub, move |hub| run(hub, team, &uuid, &task));
    Ok(message(200, "Scheduled task execution queued."))
}

fn run(hub: &Arc<Hub>, team: i64, app: &str, task: &Row) {
    hub.pass(300);
    let began = (Instant::now(), now());
    let outcome = outcome(hub, app, task);
    let mut state = hub.state();
    let mut row = state.new_row("executions");
    let (status, output) = match &outcome {
        Ok(output) => ("success", output.clone()),
        Err(cause) => (
            "failed",
            format!("Job permanently failed after 1 attempts: ScheduledTaskJob failed: {cause}"),
        ),
    };
    set(&mut row, "status", status);
    set(&mut row, "message", output.as_str());
    set(&mut row, "duration", format!("{:.2}", began.0.elapsed().as_secs_f64()));
    set(&mut row, "error_details", outcome.is_err().then_some("#0 ScheduledTaskJob->handle()"));
    set(&mut row, "started_at", began.1);
    set(&mut row, "finished_at", now());
    set(&mut row, "retry_count", 0);
    set(&mut row, "resource_id", number(task, "id"));
    state.executions.push(row);
    if outcome.is_err() {
        webhook::task_failed(hub, &state, team, task, app, &output);
    }
}

/// It runs in the one container that runs, or in the one that is named.
fn outcome(hub: &Arc<Hub>, app: &str, task: &Row) -> Result<String, String> {
    let containers = hub.containers.list(app);
    let running: Vec<_> = containers.iter().filter(|own| own.state == "running").collect();
    let wanted = optional(task, "container");
    let named =
        |name: &String| running.iter().find(|own| own.name.starts_with(&format!("{name}-{app}")));
    let container = match (running.as_slice(), &wanted) {
        ([], _) => return Err("No containers running.".to_owned()),
        ([only], None) => only,
        (_, Some(name)) => {
            named(name).ok_or("No valid container was found. Is the container name correct?")?
        }
        (_, None) => {
            return Err(
                "More than one container exists but no container name was provided.".to_owned()
            );
        }
    };
    let result = hub.containers.exec(&container.name, text(task, "command"));
    if result.status == 0 { Ok(result.output) } else { Err(result.output) }
}
