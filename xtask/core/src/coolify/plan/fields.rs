//! Which fields are not as wanted. Coolify answers with texts where it is sent numbers, and with
//! nothing where it was sent an empty text: these are the same.

use crate::coolify::desired::Settings;
use crate::coolify::observed::Fields;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// A field that is not as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Coolify's name for it.
    pub field: String,
    /// What it is; `None` where the thing is not there.
    pub found: Option<String>,
    /// What it is to be.
    pub wanted: String,
}

/// Every field of `wanted` that `found` has otherwise, and the names of those that it has not.
pub(super) fn compare(wanted: &Settings, found: &Fields) -> (Vec<Difference>, Vec<String>) {
    let (mut differences, mut missing) = (Vec::new(), Vec::new());
    for (field, wanted) in wanted {
        match found.get(*field) {
            None => missing.push((*field).to_owned()),
            Some(found) if text(found) == text(wanted) => {}
            Some(found) => differences.push(Difference {
                field: (*field).to_owned(),
                found: Some(text(found)),
                wanted: text(wanted),
            }),
        }
    }
    (differences, missing)
}

/// Every field that a new thing is made with.
pub(super) fn of_new(wanted: &Settings) -> Vec<Difference> {
    let is_set = |(_, value): &(&&str, &Value)| !text(value).is_empty();
    let set = wanted.iter().filter(is_set);
    let new = |(field, value): (&&str, &Value)| Difference {
        field: (*field).to_owned(),
        found: None,
        wanted: text(value),
    };
    set.map(new).collect()
}

/// A value as Coolify may answer with it.
pub(in crate::coolify) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        match &self.found {
            None => write!(formatter, "{}: {}", self.field, shown(&self.wanted)),
            Some(found) => {
                write!(formatter, "{}: {} → {}", self.field, shown(found), shown(&self.wanted))
            }
        }
    }
}
