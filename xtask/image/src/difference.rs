//! In what two layers or documents differ: the file, the field, the first byte.
//!
//! Both sides are read once, side by side, with little memory at any size. What is read may be
//! anybody's, so nothing of it is believed: not its order, not its lengths.

mod gzip;
mod json;
mod stream;
mod tar;
mod tars;

pub use gzip::gzips;
pub use json::documents;
pub use tars::{damaged_layers, layers, tars};

use serde::Serialize;

/// Of more differences than this only the number is kept.
const KEPT_MAX: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The path of the file in a layer, of the value in a document; empty for the whole.
    pub path: String,
    /// What of it differs: `mode`, `content`, `presence` and so on.
    pub field: String,
    /// The first byte that differs, counted from the start of the header, the content, the
    /// blob or the document; none where something is on one side only.
    pub offset: Option<u64>,
    /// What the first side has there.
    pub first: String,
    /// What the second side has there.
    pub second: String,
}

/// All differences, the first few in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// The first ones, in order.
    pub found: Vec<Difference>,
    /// How many there are.
    pub count: usize,
}

impl Differences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One difference: the whole is on the first side only.
    pub fn absent() -> Self {
        Self::one(Difference::presence("", Side::First))
    }

    /// One difference: `field` has other values.
    pub fn values(field: &str, first: impl Into<String>, second: impl Into<String>) -> Self {
        Self::one(Difference::new("", field, None).between(first, second))
    }

    fn one(difference: Difference) -> Self {
        Self { found: vec![difference], count: 1 }
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: Self) {
        self.count += others.count;
        let room = KEPT_MAX.saturating_sub(self.found.len());
        self.found.extend(others.found.into_iter().take(room));
    }

    fn add(&mut self, difference: Difference) {
        self.count += 1;
        if self.found.len() < KEPT_MAX {
            self.found.push(difference);
        }
    }
}

impl Difference {
    fn new(path: &str, field: &str, offset: impl Into<Option<u64>>) -> Self {
        let (path, field) = (path.to_owned(), field.to_owned());
        let (first, second) = (String::new(), String::new());
        Self { path, field, offset: offset.into(), first, second }
    }

    fn between(self, first: impl Into<String>, second: impl Into<String>) -> Self {
        Self { first: first.into(), second: second.into(), ..self }
    }

    /// Something that only one side has.
    fn presence(path: &str, side: Side) -> Self {
        let (first, second) = match side {
            Side::First => ("there", "absent"),
            Side::Second => ("absent", "there"),
        };
        Self::new(path, "presence", None).between(first, second)
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, field, offset, first, second } = self;
        if !path.is_empty() {
            write!(formatter, "`{path}`: ")?;
        }
        write!(formatter, "{field}")?;
        if let Some(offset) = offset {
            write!(formatter, " from byte {offset}")?;
        }
        write!(formatter, ": {first}, {second}")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

#[cfg(test)]
mod tests;
