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

/// What may be done to something outside of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there, and ours, and not as wanted.
    Change,
    /// It is there and not ours; from now on it is.
    Adopt,
    /// It is ours and no longer wanted.
    Delete,
}

impl Action {
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Adopt => "adopt",
            Self::Delete => "delete",
        }
    }
}

/// A word on a part of what is outside: why it is left, refused or not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark<P> {
    pub part: P,
    pub why: String,
}

impl<P> Remark<P> {
    pub fn new(part: P, why: impl Into<String>) -> Self {
        Self { part, why: why.into() }
    }
}

impl<P: fmt::Display> fmt::Display for Remark<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.part, self.why)
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
