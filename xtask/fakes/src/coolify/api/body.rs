//! What a request carries: the JSON rules, trimming, and the query beside the body.

use super::reply::compact;
use crate::http::{Request, Response};
use serde_json::{Map, Value, json};

/// The fields of a request; the body's beat the query's.
#[derive(Clone, Debug, Default)]
pub(super) struct Input {
    pub(super) fields: Map<String, Value>,
}

impl Input {
    /// A field that is there and is not null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field that is there, null or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Whether a field says yes, as PHP's `boolean()` hears it.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(is_yes)
    }
}

/// Yes in any of the spellings.
pub(super) fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() == Some(1.0),
        Value::String(text) => ["1", "true", "on", "yes"].contains(&text.to_lowercase().as_str()),
        _ => false,
    }
}

/// As PHP sees a value in a condition.
pub(super) fn is_true(value: &Value) -> bool {
    !is_empty(value)
}

/// The body of a route that takes JSON only.
pub(super) fn json_only(request: &Request) -> Result<Input, Response> {
    let refused =
        |error: &str| compact(400, &json!({ "message": "Invalid request.", "error": error }));
    if !is_json(request) {
        return Err(refused("Content-Type must be application/json."));
    }
    let value: Value =
        serde_json::from_slice(&request.body).map_err(|_| refused("Invalid JSON."))?;
    match &value {
        Value::Object(fields) if fields.is_empty() => Err(refused("Empty JSON.")),
        value if is_empty(value) => Err(refused("Invalid JSON.")),
        _ => Ok(merged(request, as_fields(value))),
    }
}

/// The body of a route that takes what comes: JSON, a form, or nothing that can be read.
pub(super) fn lenient(request: &Request) -> Input {
    let fields = if is_json(request) {
        serde_json::from_slice(&request.body).map(as_fields).unwrap_or_default()
    } else if request.header("content-type").is_some_and(|kind| kind.contains("form-urlencoded")) {
        pairs(&crate::http::pairs(&String::from_utf8_lossy(&request.body)))
    } else {
        Map::new()
    };
    merged(request, fields)
}

fn is_json(request: &Request) -> bool {
    let kind = request.header("content-type").unwrap_or_default();
    kind.contains("/json") || kind.contains("+json")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// PHP makes an array of whatever came.
fn as_fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
        }
        Value::Null => Map::new(),
        other => [("0".to_owned(), other)].into_iter().collect(),
    }
}

fn pairs(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        match name.split_once('[') {
            Some((name, _)) => {
                let list = fields.entry(name).or_insert_with(|| json!([]));
                if let Some(items) = list.as_array_mut() {
                    items.push(Value::from(value.as_str()));
                }
            }
            None => drop(fields.insert(name.clone(), Value::from(value.as_str()))),
        }
    }
    fields
}

fn merged(request: &Request, body: Map<String, Value>) -> Input {
    let mut fields = pairs(&request.query);
    for (name, value) in body {
        fields.insert(name, value);
    }
    let fields = fields.into_iter().map(|(name, value)| (name.clone(), tidy(&name, value)));
    Input { fields: fields.collect() }
}

/// Texts are trimmed, and empty ones become null, in lists and objects as well.
fn tidy(name: &str, value: Value) -> Value {
    match value {
        Value::String(text) if name.contains("password") => Value::from(text),
        Value::String(text) => match text.trim() {
            "" => Value::Null,
            text => Value::from(text),
        },
        Value::Array(items) => items.into_iter().map(|item| tidy(name, item)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name.clone(), tidy(&name, value))).collect()
        }
        other => other,
    }
}
