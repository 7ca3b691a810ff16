//! Two JSON documents: which keys hold other values.

use super::stream::parting_of;
use super::{Difference, Differences, Side};
use serde_json::Value;

/// The most of a value that is shown.
const SHOWN_LEN: usize = 100;

/// In what two documents differ; where both mean the same, the first byte in which they do not
/// say it alike.
pub fn documents(first: &[u8], second: &[u8]) -> Differences {
    let mut differences = Differences::default();
    let Some(parting) = parting_of(first, second, 0) else { return differences };
    if let (Ok(left), Ok(right)) = (serde_json::from_slice(first), serde_json::from_slice(second)) {
        values(&mut differences, "", &left, &right);
    }
    if differences.is_empty() {
        let difference = Difference::new("", "order of keys or spacing", parting.offset);
        differences.add(difference.between(parting.first, parting.second));
    }
    differences
}

fn values(differences: &mut Differences, path: &str, first: &Value, second: &Value) {
    match (first, second) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                let path = below(path, key);
                match right.get(key) {
                    Some(other) => values(differences, &path, value, other),
                    None => differences.add(Difference::presence(&path, Side::First)),
                }
            }
            for key in right.keys().filter(|key| !left.contains_key(*key)) {
                differences.add(Difference::presence(&below(path, key), Side::Second));
            }
        }
        (Value::Array(left), Value::Array(right)) => items(differences, path, left, right),
        _ if first == second => {}
        _ => differences
            .add(Difference::new(path, "value", None).between(shown(first), shown(second))),
    }
}

fn items(differences: &mut Differences, path: &str, left: &[Value], right: &[Value]) {
    for (at, (first, second)) in left.iter().zip(right).enumerate() {
        values(differences, &format!("{path}[{at}]"), first, second);
    }
    let side = if left.len() > right.len() { Side::First } else { Side::Second };
    for at in left.len().min(right.len())..left.len().max(right.len()) {
        differences.add(Difference::presence(&format!("{path}[{at}]"), side));
    }
}

fn below(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    match (plain, path) {
        (true, "") => key.to_owned(),
        (true, _) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_LEN) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}
