//! What the labels of a recording stand for here.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Labels and what they are bound to.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    bound: BTreeMap<String, String>,
    /// Those that were bound in this file; others may mean another thing by now.
    fresh: BTreeSet<String>,
    latest_deployment: Option<String>,
}

/// The labels in a text, `<…>` each.
fn found(text: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let Some(length) = rest[at..].find('>') else { break };
        let label = &rest[at..=at + length];
        if is_label(label) {
            labels.push(label);
        }
        rest = &rest[at + 1..];
    }
    labels
}

fn is_label(text: &str) -> bool {
    let starts = ["<uuid:", "<app:", "<deploy:", "<env-", "<project", "<server>", "<destination>"];
    starts.iter().any(|start| text.starts_with(start))
}

impl Labels {
    /// A new file begins.
    pub(crate) fn next_file(&mut self) {
        self.fresh.clear();
    }

    /// Binds a label by hand.
    pub(crate) fn bind(&mut self, label: &str, value: &str) {
        self.bound.insert(label.to_owned(), value.to_owned());
        self.fresh.insert(label.to_owned());
    }

    /// A text with its labels replaced, and whether all were known.
    pub(crate) fn replaced(&self, text: &str) -> (String, bool) {
        let mut out = text.to_owned();
        let mut complete = true;
        for label in found(text) {
            let latest =
                || self.latest_deployment.clone().filter(|_| label.starts_with("<deploy:"));
            match self.bound.get(label).cloned().or_else(latest) {
                Some(value) => out = out.replace(label, &value),
                None => complete = false,
            }
        }
        (out, complete)
    }

    /// The same for every text of a JSON value.
    pub(crate) fn replaced_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.replaced(text).0.into(),
            Value::Array(items) => items.iter().map(|item| self.replaced_in(item)).collect(),
            Value::Object(fields) => {
                let pairs = fields.iter().map(|(name, own)| (name.clone(), self.replaced_in(own)));
                Value::Object(pairs.collect())
            }
            other => other.clone(),
        }
    }

    /// Learns from an answer what the labels in the recorded one stand for. What an answer to a
    /// change names is new, even under a label that was used before.
    pub(crate) fn learn(&mut self, recorded: &Value, actual: &Value, is_change: bool) {
        let whole = actual.to_string();
        self.learn_of(recorded, actual, is_change, &whole);
    }

    /// Whether a label may be bound: not in this file yet, and to nothing that is in the answer.
    fn is_open(&self, label: &str, whole: &str) -> bool {
        let is_there = self.bound.get(label).is_some_and(|value| whole.contains(value.as_str()));
        !self.fresh.contains(label) && !is_there
    }

    fn learn_of(&mut self, recorded: &Value, actual: &Value, is_change: bool, whole: &str) {
        match (recorded, actual) {
            (Value::String(label), Value::String(value))
                if found(label) == [label.as_str()]
                    && (is_change || self.is_open(label, whole)) =>
            {
                self.bind(label, value);
            }
            (Value::Array(recorded), Value::Array(actual)) => {
                for (recorded, actual) in recorded.iter().zip(actual) {
                    self.learn_of(recorded, actual, is_change, whole);
                }
            }
            (Value::Object(recorded), Value::Object(actual)) => {
                if let Some(Value::String(uuid)) =
                    actual.get("deployment_uuid").filter(|_| is_change)
                {
                    self.latest_deployment = Some(uuid.clone());
                }
                for (name, recorded) in recorded {
                    if let Some(actual) = actual.get(name) {
                        self.learn_of(recorded, actual, is_change, whole);
                    }
                }
            }
            _ => {}
        }
    }
}
