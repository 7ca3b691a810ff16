//! A row of Coolify's database, as JSON with its columns in their order, and how it is shown.

use serde_json::{Map, Value};

pub(super) type Row = Map<String, Value>;

/// A row that is kept as a document beside this source.
///
/// # Panics
/// If the document is no JSON object, which a test would see at once.
pub(super) fn fixture(document: &str) -> Row {
    serde_json::from_str(document).expect("a fixture is a JSON object")
}

/// A text of a row, empty when it is null.
pub(super) fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A text of a row that may be null.
pub(super) fn optional(row: &Row, name: &str) -> Option<String> {
    row.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A number of a row.
pub(super) fn number(row: &Row, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// A flag of a row.
pub(super) fn flag(row: &Row, name: &str) -> bool {
    row.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// Writes a column.
pub(super) fn set(row: &mut Row, name: &str, value: impl Into<Value>) {
    row.insert(name.to_owned(), value.into());
}

/// Writes the time of the last change.
pub(super) fn touch(row: &mut Row) {
    set(row, "updated_at", now());
}

/// As most routes show a row: keys by name, what names it first, times last.
pub(super) fn sorted(row: &Row) -> Row {
    let mut names: Vec<&String> = row.keys().collect();
    names.sort_by_key(|name| (place(row, name), name.as_str()));
    names.into_iter().map(|name| (name.clone(), row[name.as_str()].clone())).collect()
}

fn place(row: &Row, name: &str) -> usize {
    let named = ["id", "uuid", "description", "name"];
    let has = row.get(name).is_some_and(|value| !value.is_null() && value != "");
    match named.iter().position(|own| *own == name) {
        Some(place) if has => place,
        _ => match name {
            "created_at" => 6,
            "updated_at" => 7,
            _ => 5,
        },
    }
}

/// A row without some columns.
pub(super) fn without(mut row: Row, names: &[&str]) -> Row {
    row.retain(|name, _| !names.contains(&name.as_str()));
    row
}

/// Now, as the database writes it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// Now, to the microsecond.
pub(super) fn precisely() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
