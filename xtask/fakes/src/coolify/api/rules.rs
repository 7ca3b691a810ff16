//! Laravel's rules for fields, in its words.

use super::body::Input;
use super::reply::invalid;
use crate::http::Response;
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Must be there, and not null.
    Required,
    /// Null ends the matter.
    Nullable,
    Text,
    /// `true`, `false`, 0 or 1.
    Flag,
    /// A whole number, also as a string.
    Whole,
    /// A number, also as a string.
    Number,
    /// A list or an object.
    List,
    /// At least so many characters.
    Shortest(usize),
    /// At most so many characters.
    Longest(usize),
    /// At least this number.
    Least(i64),
    /// At most this number.
    Most(i64),
    Form(fn(&str) -> bool),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Every item of a list.
    Each(&'static [Rule]),
    /// A rule with words of its own.
    Said(&'static Rule, &'static str),
}

/// A field and its rules.
pub(super) type Check = (&'static str, &'static [Rule]);

/// What is wrong, by field.
#[derive(Debug, Default)]
pub(super) struct Errors {
    by_field: Map<String, Value>,
}

impl Errors {
    /// What these rules find.
    pub(super) fn of(input: &Input, checks: &[Check]) -> Self {
        let mut errors = Self::default();
        for (name, rules) in checks {
            errors.check(name, input.fields.get(*name), rules);
        }
        errors
    }

    /// The same, and every field that is not among these.
    #[must_use]
    pub(super) fn only(mut self, input: &Input, known: impl Fn(&str) -> bool) -> Self {
        for name in input.fields.keys().filter(|name| !known(name)) {
            self.add(name, "This field is not allowed.".to_owned());
        }
        self
    }

    pub(super) fn add(&mut self, field: &str, text: String) {
        let texts = self.by_field.entry(field).or_insert_with(|| json!([]));
        if let Some(texts) = texts.as_array_mut() {
            texts.push(Value::from(text));
        }
    }

    /// The first text, for routes whose message it is.
    pub(super) fn first(&self) -> Option<&str> {
        self.by_field.values().next()?.as_array()?.first()?.as_str()
    }

    /// All of it.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.by_field
    }

    /// Nothing, or the refusal.
    pub(super) fn refuse(self) -> Result<(), Response> {
        if self.by_field.is_empty() { Ok(()) } else { Err(invalid(self.by_field)) }
    }

    /// What these rules find in one field.
    pub(super) fn check(&mut self, name: &str, value: Option<&Value>, rules: &[Rule]) {
        let absent = value.is_none_or(Value::is_null);
        if let Some(text) = rules.iter().find_map(missing).filter(|_| absent) {
            return self.add(name, text);
        }
        let Some(value) = value else { return };
        if value.is_null() && rules.iter().any(|rule| matches!(rule, Rule::Nullable)) {
            return;
        }
        for rule in rules {
            if let Some(text) = broken(rule, name, value) {
                self.add(name, text);
            }
            self.check_items(name, value, rule);
        }
    }

    fn check_items(&mut self, name: &str, value: &Value, rule: &Rule) {
        let (Rule::Each(rules), Some(items)) = (rule, value.as_array()) else { return };
        for (at, item) in items.iter().enumerate() {
            self.check(&format!("{name}.{at}"), Some(item), rules);
        }
    }
}

/// Laravel's name for a field in a sentence.
fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

fn missing(rule: &Rule) -> Option<String> {
    match rule {
        Rule::Required => Some("This field is required.".to_owned()),
        Rule::Said(Rule::Required, text) => Some((*text).to_owned()),
        _ => None,
    }
}

fn broken(rule: &Rule, name: &str, value: &Value) -> Option<String> {
    if let Rule::Said(rule, text) = rule {
        return broken(rule, name, value).map(|_| (*text).to_owned());
    }
    let name = spoken(name);
    let field = |rest: String| Some(format!("The {name} field {rest}"));
    match rule {
        Rule::Text if !value.is_string() => field("must be a string.".to_owned()),
        Rule::Flag if !is_flag(value) => field("must be true or false.".to_owned()),
        Rule::Whole if whole(value).is_none() => field("must be an integer.".to_owned()),
        Rule::Number if number(value).is_none() => field("must be a number.".to_owned()),
        Rule::List if !value.is_array() && !value.is_object() => {
            field("must be an array.".to_owned())
        }
        Rule::Shortest(least) if size(value).is_some_and(|size| size < *least) => {
            field(format!("must be at least {least} characters."))
        }
        Rule::Longest(most) if size(value).is_some_and(|size| size > *most) => {
            field(format!("must not be greater than {most} characters."))
        }
        Rule::Least(least) if number(value).is_some_and(|number| number < *least as f64) => {
            field(format!("must be at least {least}."))
        }
        Rule::Most(most) if number(value).is_some_and(|number| number > *most as f64) => {
            field(format!("must not be greater than {most}."))
        }
        Rule::Form(is_right) if !value.as_str().is_some_and(is_right) => {
            field("format is invalid.".to_owned()).filter(|_| !value.is_number())
        }
        Rule::OneOf(words) if !value.as_str().is_some_and(|text| words.contains(&text)) => {
            Some(format!("The selected {name} is invalid."))
        }
        _ => None,
    }
}

fn is_flag(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => matches!(number.as_i64(), Some(0 | 1)),
        Value::String(text) => text == "0" || text == "1",
        _ => false,
    }
}

/// A whole number, in either spelling.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number, in either spelling.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        _ => None,
    }
}

/// Whether a text is an address of the web.
pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !text.contains(char::is_whitespace)
    })
}
