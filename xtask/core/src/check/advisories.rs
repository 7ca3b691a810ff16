//! Advisories about what we depend on: what the tools answered, and what that means for us.
//!
//! An answer counts only if it can be told from silence. Each tool has a way to say "nothing
//! found" while it has asked nobody; whoever reads its answer knows that way.

pub mod cargo_deny;
mod judge;
pub mod npm;
pub mod pip_audit;

pub use judge::{Judged, Outcome, Sighting, judge};

use crate::trust::scan::{Severity, SeverityAction};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Whose dependencies are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Crates, through cargo-deny.
    Rust,
    /// Packages of the backend, through `npm audit`.
    Npm,
    /// Wheels of the ML service, through pip-audit.
    Python,
}

impl Ecosystem {
    /// Every one, in the order in which people should hear of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Npm, Self::Python];
}

/// A published statement that some versions of a package are dangerous.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Advisory {
    /// Its names, the tool's own first.
    pub ids: Vec<String>,
    /// The package it is about.
    pub package: String,
    /// The version that we have; where the tool does not say, the versions it is about.
    pub installed: String,
    /// What to move to, if there is anything.
    pub fixed: Option<String>,
    /// How bad it is. Where the tool has no word for that, it counts as high.
    pub severity: Severity,
    /// What becomes of it, where the tool's own settings say so.
    #[serde(skip)]
    pub settled: Option<SeverityAction>,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it knows against us.
    pub advisories: Vec<Advisory>,
    /// What it could not ask about.
    pub unasked: Vec<String>,
    /// Why some of our services were not answered at all.
    pub unanswered: Vec<NoAnswer>,
}

/// Why there is no answer: what the tool says in place of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// The text names no ecosystem.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown ecosystem `{0}`; known: `rust`, `npm`, `python`")]
pub struct UnknownEcosystem(String);

impl FromStr for Ecosystem {
    type Err = UnknownEcosystem;

    fn from_str(text: &str) -> Result<Self, UnknownEcosystem> {
        let known = Self::ALL.into_iter().find(|it| it.to_string() == text);
        known.ok_or_else(|| UnknownEcosystem(text.to_owned()))
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rust => "rust",
            Self::Npm => "npm",
            Self::Python => "python",
        })
    }
}

/// The last line of `said` that holds anything: where programs say what went wrong.
fn last_line(output: &str) -> String {
    let last = output.lines().map(str::trim).rev().find(|line| !line.is_empty());
    last.unwrap_or("it said nothing").to_owned()
}
