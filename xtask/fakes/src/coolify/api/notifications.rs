//! Where a team is told of events, by each way.

use super::call::Call;
use super::reply::{Answer, compact, no_route};
use super::row::{Row, set, sorted};
use super::rules::{Errors, Rule};
use super::targets;
use crate::http::Response;
use serde_json::Value;

/// What only those see who may see secrets.
fn is_secret(name: &str) -> bool {
    let secrets = [
        "resend_api_key",
        "smtp_from_address",
        "smtp_from_name",
        "smtp_host",
        "smtp_password",
        "smtp_recipients",
        "smtp_username",
        "telegram_chat_id",
        "telegram_token",
        "pushover_api_token",
        "pushover_user_key",
    ];
    secrets.contains(&name)
        || name.ends_with("_webhook_url")
        || name == "webhook_url"
        || name.ends_with("_thread_id")
}

fn shown(row: &Row, is_sensitive: bool) -> Value {
    let mut row = sorted(row);
    row.retain(|name, _| is_sensitive || !is_secret(name));
    row.into()
}

fn row(call: &Call<'_>) -> Result<Row, Response> {
    let key = (call.caller.team, call.param(0).to_owned());
    call.state().notifications.get(&key).cloned().ok_or_else(no_route)
}

/// `GET /notifications/{kind}`.
pub(super) fn show(call: &Call<'_>) -> Answer {
    Ok(compact(200, &shown(&row(call)?, call.caller.is_sensitive)))
}

/// What a field of this name takes: a switch where a switch is kept, else a text.
fn rules(row: &Row, name: &str) -> &'static [Rule] {
    match row.get(name) {
        Some(Value::Bool(_)) => &[Rule::Flag],
        _ if ["smtp_port", "smtp_timeout"].contains(&name) => &[Rule::Nullable, Rule::Whole],
        _ => &[Rule::Nullable, Rule::Text],
    }
}

/// `PATCH /notifications/{kind}`.
pub(super) fn change(call: &Call<'_>) -> Answer {
    let mut row = row(call)?;
    let input = call.json()?;
    let known = |name: &str| row.contains_key(name) && !["id", "team_id"].contains(&name);
    let mut errors = Errors::default();
    for (name, value) in input.fields.iter().filter(|(name, _)| known(name)) {
        errors.check(name, Some(value), rules(&row, name));
        let inside = call.state().internal_targets;
        let url = value.as_str().filter(|_| name.ends_with("webhook_url"));
        if let Some(fault) = url.and_then(|url| targets::fault(call.hub, name, url, inside)) {
            errors.add(name, fault);
        }
    }
    errors.only(&input, known).refuse()?;
    for (name, value) in &input.fields {
        let is_switch = row.get(name).is_some_and(Value::is_boolean);
        let value = if is_switch { Value::from(super::body::is_yes(value)) } else { value.clone() };
        set(&mut row, name, value);
    }
    let answer = compact(200, &shown(&row, call.caller.is_sensitive));
    call.state().notifications.insert((call.caller.team, call.param(0).to_owned()), row);
    Ok(answer)
}
