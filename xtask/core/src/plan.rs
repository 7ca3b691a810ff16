//! Steps that are not yet done, each with its reason, and what became of them.

use serde::Serialize;
use std::fmt;

/// One change, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step<T> {
    /// What is to be done.
    pub what: T,
    pub why: String,
}

impl<T> Step<T> {
    /// A step with its reason.
    pub fn new(what: T, why: impl Into<String>) -> Self {
        Self { what, why: why.into() }
    }
}

impl<T: fmt::Display> fmt::Display for Step<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.what, self.why)
    }
}

/// A number with its noun: never "1 steps".
pub struct Count(pub usize, pub &'static str);

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        let plural = if *number == 1 { "" } else { "s" };
        write!(formatter, "{number} {noun}{plural}")
    }
}
