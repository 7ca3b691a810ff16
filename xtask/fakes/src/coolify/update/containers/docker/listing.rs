//! Reads what the client prints about containers.

use super::super::{Container, Health};
use serde_json::Value;
use std::cmp::Reverse;

/// The containers in the output of `container inspect`, newest first.
pub(super) fn containers(printed: &str) -> Vec<Container> {
    let inspected: Vec<Value> = serde_json::from_str(printed).unwrap_or_default();
    let mut dated: Vec<_> = inspected.iter().map(|it| (text(&it["Created"]), it)).collect();
    dated.sort_by_key(|(created, _)| Reverse(created.clone()));
    dated.into_iter().map(|(_, it)| container(it)).collect()
}

fn container(inspected: &Value) -> Container {
    let labels = inspected["Config"]["Labels"].as_object().cloned().unwrap_or_default();
    let label = |key: &str| labels.get(key).map(text).unwrap_or_default();
    let networks = inspected["NetworkSettings"]["Networks"].as_object();
    let addresses =
        networks.into_iter().flat_map(|it| it.values()).map(|it| text(&it["IPAddress"]));
    Container {
        name: text(&inspected["Name"]).trim_start_matches('/').to_owned(),
        app: label("com.docker.compose.project"),
        image: text(&inspected["Config"]["Image"]),
        state: text(&inspected["State"]["Status"]),
        health: health(&text(&inspected["State"]["Health"]["Status"])),
        address: addresses.into_iter().find_map(|it| it.parse().ok()),
        labels: labels.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        served: None,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn health(word: &str) -> Option<Health> {
    match word {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

/// The last entry of `.State.Health.Log`.
pub(super) fn last_check(printed: &str) -> Option<(i64, String)> {
    let log: Vec<Value> = serde_json::from_str(printed).ok()?;
    let last = log.last()?;
    Some((last["ExitCode"].as_i64()?, text(&last["Output"])))
}

/// A time as Docker prints it, in seconds.
pub(super) fn seconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).unwrap_or_default()
}
