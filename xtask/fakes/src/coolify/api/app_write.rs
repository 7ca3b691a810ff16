//! Writing an application's fields into its row, for a new one and for a change.

use super::app_fields::{COLUMNS, SETTINGS, SHORT, WHOLE};
use super::body::{Input, is_yes};
use super::labels;
use super::row::{Row, set, text};
use super::rules::whole;
use super::state::{App, State, by_id};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The database refused a value; nothing is saved.
#[derive(Debug)]
pub(super) struct Refused;

/// Writes what was sent.
pub(super) fn write(app: &mut App, input: &Input) -> Result<(), Refused> {
    for (name, value) in &input.fields {
        let rules = |checks: &[super::rules::Check]| checks.iter().any(|(own, _)| *own == name);
        if rules(COLUMNS) || name == "docker_registry_image_name" {
            let value = column(name, value)?;
            set(&mut app.row, name, value);
        } else if rules(SETTINGS) {
            let value = column(name, value)?;
            set(&mut app.settings, name, value);
        }
    }
    Ok(())
}

fn column(name: &str, value: &Value) -> Result<Value, Refused> {
    if SHORT.contains(&name) && value.as_str().is_some_and(|text| text.chars().count() > 255) {
        return Err(Refused);
    }
    if WHOLE.contains(&name) && !value.is_null() {
        return whole(value).map(Value::from).ok_or(Refused);
    }
    if name.starts_with("is_")
        || ["health_check_enabled", "connect_to_docker_network"].contains(&name)
    {
        return Ok(Value::from(is_yes(value)));
    }
    Ok(match (name, value) {
        ("health_check_port", Value::Number(port)) => Value::from(port.to_string()),
        ("name", Value::String(name)) => Value::from(without_tags(name)),
        ("custom_network_aliases", Value::String(list)) => aliases(list),
        _ => value.clone(),
    })
}

/// What stands between angles is cut out, as PHP does it.
fn without_tags(text: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            letter if !inside => kept.push(letter),
            _ => {}
        }
    }
    kept
}

fn aliases(list: &str) -> Value {
    let mut names: Vec<String> = Vec::new();
    for name in list.split(',').map(|name| name.trim().replace(' ', "-")) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { Value::Null } else { Value::from(names.join(",")) }
}

/// The network of an application's destination.
pub(super) fn network(state: &State, app: &Row) -> String {
    let row = by_id(&state.destinations, super::row::number(app, "destination_id"));
    row.map(|row| text(row, "network").to_owned()).unwrap_or_default()
}

/// Generates the labels anew, as plain text.
pub(super) fn relabel(app: &mut App, network: &str) {
    let lines = labels::generated(&app.row, &app.settings, network);
    set(&mut app.row, "custom_labels", lines);
}

/// The hash of what a deployment would use.
pub(super) fn rehash(app: &mut App, length: usize) {
    let mut own = app.row.clone();
    own.retain(|name, _| !["config_hash", "updated_at", "status", "uuid"].contains(&name.as_str()));
    let hash = hex::encode(Sha256::digest(Value::from(own).to_string()));
    set(&mut app.row, "config_hash", &hash[..length]);
}

/// Of the domains not to be indexed, those that the application has.
pub(super) fn noindex(app: &Row, wanted: &Value) -> Value {
    let own: Vec<&str> = text(app, "fqdn").split(',').collect();
    let items = wanted.as_array().into_iter().flatten();
    items.filter(|item| item.as_str().is_some_and(|url| own.contains(&url))).cloned().collect()
}

/// What is said of `custom_labels` when it is no base64 of a text.
pub(super) fn label_fault(input: &Input) -> Option<&'static str> {
    use base64::Engine as _;
    if !input.has("custom_labels") {
        return None;
    }
    let decoded = input
        .text("custom_labels")
        .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let is_text = decoded.is_some_and(|bytes| String::from_utf8(bytes).is_ok());
    (!is_text).then_some("The custom_labels should be base64 encoded.")
}

/// What is said of ports of the host that are used twice.
pub(super) fn mapping_fault(input: &Input) -> Option<&'static str> {
    let list = input.text("ports_mappings")?;
    let mut hosts: Vec<&str> = list.split(',').filter_map(|pair| pair.split(':').next()).collect();
    let count = hosts.len();
    hosts.sort_unstable();
    hosts.dedup();
    (hosts.len() < count).then_some("The first number before : should be unique between mappings.")
}
