//! What is tolerated in an answer: numbers as texts, truths as numbers or texts, lists that come as
//! objects with numbered keys. Nothing here keeps a piece of what it could not read.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use xtask_core::secret::Secret;

/// A list in the order in which it came. Laravel writes one whose keys have gaps, or are out of
/// order, as an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Items(PhantomData)).map(Self)
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list, or an object with numbered keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key.parse::<u64>().is_err() {
                return Err(A::Error::custom("an object with names, not a list"));
            }
            all.push(entries.next_value()?);
        }
        Ok(all)
    }
}

/// A list, as a field.
pub(super) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<List<T>>::deserialize(deserializer)?.map_or_else(Vec::new, |list| list.0))
}

/// A text, or a number or truth that stands for one.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_text(deserializer)?.ok_or_else(|| D::Error::custom("null where a text was wanted"))
}

/// The same where there may be none.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Array(_) => Err(D::Error::custom("a list where a text was wanted")),
        Value::Object(_) => Err(D::Error::custom("an object where a text was wanted")),
    }
}

/// A secret text that may be hidden or missing.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    Ok(optional_text(deserializer)?.map(Secret::new))
}

/// A number, or a text that holds one.
pub(super) fn number<'de, T: FromStr, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    optional_number(deserializer)?.ok_or_else(|| D::Error::custom("no number"))
}

/// The same where there may be none.
pub(super) fn optional_number<'de, T: FromStr, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(text) = optional_text(deserializer)? else {
        return Ok(None);
    };
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| D::Error::custom("no number of this kind")),
    }
}

/// `true` and `false`, as such, as 1 and 0, or as one of these as a text. Null is not true.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(optional_flag(deserializer)?.unwrap_or(false))
}

/// The same where there may be none.
pub(super) fn optional_flag<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<bool>, D::Error> {
    match optional_text(deserializer)?.as_deref() {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0" | "") => Ok(Some(false)),
        Some(_) => Err(D::Error::custom("neither true nor false")),
    }
}
