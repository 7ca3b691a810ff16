//! What may be shipped: the table `[scan]` of `deploy.toml`.

use super::scan_finding::{Kind, ScanFinding};
use crate::moment::{Day, Moment};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How long before it expires an allowance is warned of.
const WARNED_DAYS: i64 = 14;

/// What may be shipped, and what is let through for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPolicy {
    /// The severities that stop a release.
    pub severities: Vec<Severity>,
    /// Whether vulnerabilities stop a release only where a version without them exists.
    pub fixed_only: bool,
    /// How old a verdict, and the database behind it, may be where users are.
    pub max_age_hours: u64,
    /// What becomes of secrets.
    pub secrets: SeverityAction,
    /// What becomes of misconfigurations of these severities.
    pub misconfiguration: SeverityAction,
    /// What is let through, with the reason and the last day.
    pub allow: Vec<Allowance>,
}

/// How bad it is, by the scanner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nobody has said.
    Unknown,
    Low,
    Medium,
    High,
    Critical,
}

/// What becomes of a kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeverityAction {
    /// It stops the release.
    Refuse,
    /// It is warned of.
    Warn,
}

/// A finding that is let through until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What the scanner calls it: a CVE, or the rule of a secret or a misconfiguration.
    pub id: String,
    /// Only in this package, or for a secret in this file; anywhere if it is not said.
    pub package: Option<String>,
    /// Why, in words for a reviewer; an allowance without one is refused.
    pub reason: String,
    /// The last day it counts.
    pub expires: Day,
}

/// The text names no severity.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown severity `{0}`; known: `UNKNOWN`, `LOW`, `MEDIUM`, `HIGH`, `CRITICAL`")]
pub struct UnknownSeverity(String);

/// The text names no action.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown action `{0}`; known: `refuse`, `warn`")]
pub struct UnknownAction(String);

impl Default for ScanPolicy {
    fn default() -> Self {
        Self {
            severities: vec![Severity::Critical, Severity::High],
            fixed_only: true,
            max_age_hours: 48,
            secrets: SeverityAction::Refuse,
            misconfiguration: SeverityAction::Refuse,
            allow: Vec::new(),
        }
    }
}

impl ScanPolicy {
    /// What becomes of `finding` if nothing allows it; `None` if the policy lets it pass.
    pub fn action(&self, finding: &ScanFinding) -> Option<SeverityAction> {
        let severe = self.severities.contains(&finding.severity);
        match finding.kind {
            Kind::Secret => Some(self.secrets),
            Kind::Misconfiguration => severe.then_some(self.misconfiguration),
            Kind::Vulnerability => {
                let counts = !self.fixed_only || finding.fixed.is_some();
                (severe && counts).then_some(SeverityAction::Refuse)
            }
        }
    }

    /// The allowance that names `finding`: the one that lasts longest.
    pub fn allowance(&self, finding: &ScanFinding) -> Option<&Allowance> {
        self.allow.iter().filter(|it| it.names(finding)).max_by_key(|it| it.expires)
    }
}

impl Allowance {
    fn names(&self, finding: &ScanFinding) -> bool {
        let here = |package: &String| *package == finding.package;
        self.id == finding.id && self.package.as_ref().is_none_or(here)
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, now: Moment) -> bool {
        now.days_until(self.expires) < 0
    }

    /// Whether its last day is near.
    pub fn expires_soon(&self, now: Moment) -> bool {
        now.days_until(self.expires) <= WARNED_DAYS
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        match text {
            "UNKNOWN" => Ok(Self::Unknown),
            "LOW" => Ok(Self::Low),
            "MEDIUM" => Ok(Self::Medium),
            "HIGH" => Ok(Self::High),
            "CRITICAL" => Ok(Self::Critical),
            other => Err(UnknownSeverity(other.to_owned())),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unknown => "UNKNOWN",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        })
    }
}

impl FromStr for SeverityAction {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "warn" => Ok(Self::Warn),
            other => Err(UnknownAction(other.to_owned())),
        }
    }
}
