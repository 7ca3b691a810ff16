//! A list of wheels with hashes, as `uv pip compile --generate-hashes` writes it: read in one way
//! by all who ask it. What is not a wheel of the machine's index by version and hash is refused.

mod lines;
mod marker;
mod option;
mod read;
mod requirement;

pub use marker::{Environment, Python};
pub use read::{Opened, read};

use crate::digest::Digest;
use crate::finding::{Finding, Findings};
use marker::Marker;
use pep440_rs::Version;
use std::collections::BTreeMap;

/// A list, with every list that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// What it names, in its order.
    pub entries: Vec<Requirement>,
    /// Every file that was read for it, by its path, with the digest of its bytes.
    pub files: BTreeMap<String, Digest>,
}

/// One wheel of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name in normal form.
    pub name: String,
    /// What is asked of it beside itself.
    pub extras: Vec<String>,
    pub version: Pin,
    /// The files that it may be: one for each platform and form that was published.
    pub digests: Vec<Digest>,
    /// The file that names it.
    pub file: String,
    /// The line where it begins.
    pub line: usize,
    marker: Option<Marker>,
}

/// The one version of a wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// `==`: this version, however it is spelled.
    Version(String, Version),
    /// `===`: this spelling.
    Spelled(String),
}

impl Requirements {
    /// What is installed in `environment`. One name may be there twice for different ones, not
    /// for the same.
    pub fn fitting(&self, environment: &Environment) -> Result<Vec<&Requirement>, Findings> {
        let fits = |entry: &&Requirement| entry.fits(environment);
        let fitting: Vec<&Requirement> = self.entries.iter().filter(fits).collect();
        let mut first: BTreeMap<&str, &Requirement> = BTreeMap::new();
        let mut findings = Vec::new();
        for entry in &fitting {
            if let Some(other) = first.insert(&entry.name, entry) {
                let (file, line) = (&other.file, other.line);
                let message = format!("for {environment} it stands at {file}:{line} too");
                findings.push(entry.finding(message));
            }
        }
        if findings.is_empty() { Ok(fitting) } else { Err(Findings(findings)) }
    }
}

impl Requirement {
    /// Whether it is installed in `environment`.
    pub fn fits(&self, environment: &Environment) -> bool {
        self.marker.as_ref().is_none_or(|marker| marker.holds(environment))
    }

    fn finding(&self, message: String) -> Finding {
        let (file, key) = (self.file.clone(), self.name.clone());
        Finding { file, line: self.line, key, message }
    }
}

impl Pin {
    /// The version as the list spells it.
    pub fn text(&self) -> &str {
        match self {
            Self::Version(text, _) | Self::Spelled(text) => text,
        }
    }

    /// Whether `found` is this version.
    pub fn is(&self, found: &str) -> bool {
        match self {
            Self::Version(_, version) => {
                found.parse().is_ok_and(|found: Version| found == *version)
            }
            Self::Spelled(text) => text == found,
        }
    }
}

/// The same requirements without what was decided: one a line, for installers.
pub fn list(requirements: &[&Requirement]) -> String {
    let line = |it: &&Requirement| {
        let extras = match it.extras.as_slice() {
            [] => String::new(),
            extras => format!("[{}]", extras.join(",")),
        };
        let pin = match &it.version {
            Pin::Version(text, _) => format!("=={text}"),
            Pin::Spelled(text) => format!("==={text}"),
        };
        let hashes: Vec<String> = it.digests.iter().map(|it| format!(" --hash={it}")).collect();
        format!("{}{extras}{pin}{}\n", it.name, hashes.concat())
    };
    requirements.iter().map(line).collect()
}

/// The one form of a name: lowercase, with `-` for every run of `-`, `_` and `.`.
pub fn normal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let parts = lower.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests;
