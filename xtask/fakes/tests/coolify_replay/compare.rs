//! What is compared of two answers, and what is not.

use crate::labels::Labels;
use serde_json::Value;

/// Matters of time and chance: only their type counts.
const CHANCE: &[&str] = &[
    "id",
    "application_id",
    "resource_id",
    "environment_id",
    "project_id",
    "config_hash",
    "created_at",
    "updated_at",
    "last_online_at",
    "email_verified_at",
    "started_at",
    "duration",
    "timestamp",
    "sentinel_token",
    "sentinel_updated_at",
    "manual_webhook_secret_bitbucket",
    "manual_webhook_secret_gitea",
    "manual_webhook_secret_github",
    "manual_webhook_secret_gitlab",
    "error_details",
    "logs",
    "version",
    "restart_count",
    "last_restart_at",
    // Changed beside the recording while several files were recorded side by side.
    "concurrent_builds",
];
/// Those that are null until something happened in the background: not even their type counts.
const LATER: &[&str] = &[
    "finished_at",
    "current_process_id",
    "horizon_job_id",
    "horizon_job_worker",
    "configuration_hash",
    "docker_version",
    "docker_version_checked_at",
];

/// What differs, in a few words each.
pub(crate) fn differences(recorded: &Value, actual: &Value, labels: &Labels) -> Vec<String> {
    let mut found = Vec::new();
    compare("", "", recorded, actual, labels, &mut found);
    found
}

fn compare(
    path: &str,
    name: &str,
    recorded: &Value,
    actual: &Value,
    labels: &Labels,
    found: &mut Vec<String>,
) {
    if LATER.contains(&name) {
        return;
    }
    match (recorded, actual) {
        (Value::Object(recorded), Value::Object(actual)) => {
            for key in recorded.keys().filter(|key| !actual.contains_key(*key)) {
                found.push(format!("{path}.{key} is missing"));
            }
            for (key, actual) in actual {
                match recorded.get(key) {
                    Some(own) => compare(&format!("{path}.{key}"), key, own, actual, labels, found),
                    None => found.push(format!("{path}.{key} is new")),
                }
            }
        }
        (Value::Array(recorded), Value::Array(actual)) if recorded.len() == actual.len() => {
            let placed = in_order(recorded, actual, labels);
            for (at, (recorded, actual)) in recorded.iter().zip(placed).enumerate() {
                compare(&format!("{path}[{at}]"), "", recorded, actual, labels, found);
            }
        }
        _ if is_same(name, recorded, actual, labels) => {}
        _ => found.push(format!("{path}: recorded {}, here {}", cut(recorded), cut(actual))),
    }
}

/// The rows of an answer in the order of the recorded ones: names that Coolify made up sort as
/// chance has it.
fn in_order<'a>(recorded: &[Value], actual: &'a [Value], labels: &Labels) -> Vec<&'a Value> {
    let place = |row: &Value| {
        let (uuid, _) = labels.replaced(row["uuid"].as_str()?);
        actual.iter().find(|own| own["uuid"] == uuid)
    };
    let placed: Option<Vec<&Value>> = recorded.iter().map(place).collect();
    placed.unwrap_or_else(|| actual.iter().collect())
}

fn is_same(name: &str, recorded: &Value, actual: &Value, labels: &Labels) -> bool {
    if CHANCE.contains(&name) {
        return kind(recorded) == kind(actual);
    }
    match (recorded, actual) {
        (Value::String(recorded), Value::String(actual)) => {
            let (text, complete) = labels.replaced(recorded);
            if name == "custom_labels" {
                return without_hashes(&text) == without_hashes(actual);
            }
            // A label that nothing has been said of yet may be anything.
            text == *actual || (!complete && fits(&text, actual))
        }
        _ => recorded == actual,
    }
}

/// Passwords are hashed with a salt.
fn without_hashes(labels: &str) -> Vec<&str> {
    let hash = |line: &&str| !line.contains("basicauth");
    labels.lines().filter(hash).collect()
}

fn fits(pattern: &str, text: &str) -> bool {
    let (start, rest) = pattern.split_once('<').unwrap_or((pattern, ""));
    let end = rest.rsplit_once('>').map_or("", |(_, end)| end);
    text.starts_with(start) && text.ends_with(end)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn cut(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

/// Whether a row has gone further here than in the recording; waiting will not bring it back.
pub(crate) fn is_past(recorded: &Value, actual: &Value) -> bool {
    let rank = |row: &Value| match row["status"].as_str() {
        Some("queued") => Some(0),
        Some("in_progress") => Some(1),
        Some("finished" | "failed" | "cancelled-by-user") => Some(2),
        _ => None,
    };
    rank(recorded).zip(rank(actual)).is_some_and(|(recorded, actual)| actual > recorded)
}

/// A list of rows, whether it came as a list or as an object with numbers.
pub(crate) fn as_list(value: &Value) -> Value {
    let is_number = |key: &String| key.chars().all(|letter| letter.is_ascii_digit());
    match value {
        Value::Object(rows) if !rows.is_empty() && rows.keys().all(is_number) => {
            rows.values().cloned().collect()
        }
        other => other.clone(),
    }
}
