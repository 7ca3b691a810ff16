//! What a scanner found in an image, read from Trivy's own JSON.

use super::policy::Severity;
use crate::digest::Digest;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// Something in an image that is known to be dangerous.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ScanFinding {
    /// What kind it is of.
    pub kind: Kind,
    /// What the scanner calls it: a CVE, or a rule.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// The package it is in; for the other kinds, the file.
    pub package: String,
    /// The version that is in the image; empty for the other kinds.
    pub installed: String,
    /// The first version without it, if there is one.
    pub fixed: Option<String>,
    /// The layer that holds it, by the digest before compression.
    pub layer: Option<Digest>,
}

/// What kind a finding is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A package with a known vulnerability.
    Vulnerability,
    /// Something that looks like a secret.
    Secret,
    /// A setting that invites misuse.
    Misconfiguration,
}

impl fmt::Display for ScanFinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, package, installed, .. } = self;
        match (self.kind, &self.fixed) {
            (Kind::Secret, _) => write!(formatter, "secret `{id}` in `{package}`"),
            (Kind::Misconfiguration, _) => {
                write!(formatter, "misconfiguration `{id}` in `{package}`")
            }
            (_, Some(fixed)) => {
                write!(formatter, "{id} in {package} {installed}, fixed in {fixed}")
            }
            (_, None) => write!(formatter, "{id} in {package} {installed}, fixed nowhere"),
        }
    }
}

/// A list that is not there is an empty one.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn known(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_else(|| "?".to_owned())
}

/// Reads one entry of one of the lists below a result.
type Read = fn(result: &Value, entry: &Value) -> Option<ScanFinding>;

/// The lists below a result that hold findings.
const LISTS: [(&str, Read); 3] = [
    ("Vulnerabilities", vulnerability),
    ("Secrets", secret),
    ("Misconfigurations", misconfiguration),
];

/// Every finding that one answer of Trivy holds.
pub(super) fn read(answer: &Value) -> Vec<ScanFinding> {
    let of_list = |result| {
        LISTS.into_iter().flat_map(move |(key, read)| {
            list(result, key).iter().filter_map(move |entry| read(result, entry))
        })
    };
    list(answer, "Results").iter().flat_map(of_list).collect()
}

/// `answer` with those findings only that `keep` wants.
pub(super) fn retain(answer: &mut Value, keep: &dyn Fn(&ScanFinding) -> bool) {
    for result in answer["Results"].as_array_mut().into_iter().flatten() {
        let around = serde_json::json!({ "Target": result["Target"] });
        for (key, read) in LISTS {
            if let Some(entries) = result.get_mut(key).and_then(Value::as_array_mut) {
                entries.retain(|entry| read(&around, entry).is_some_and(|it| keep(&it)));
            }
        }
    }
}

fn vulnerability(_result: &Value, entry: &Value) -> Option<ScanFinding> {
    Some(ScanFinding {
        id: known(entry, "VulnerabilityID"),
        package: known(entry, "PkgName"),
        installed: known(entry, "InstalledVersion"),
        fixed: text(entry, "FixedVersion"),
        ..bare(entry)
    })
}

fn secret(result: &Value, entry: &Value) -> Option<ScanFinding> {
    let (id, package) = (known(entry, "RuleID"), known(result, "Target"));
    Some(ScanFinding { kind: Kind::Secret, id, package, ..bare(entry) })
}

fn misconfiguration(result: &Value, entry: &Value) -> Option<ScanFinding> {
    if entry["Status"] == "PASS" {
        return None;
    }
    let (id, package) = (known(entry, "ID"), known(result, "Target"));
    Some(ScanFinding { kind: Kind::Misconfiguration, id, package, ..bare(entry) })
}

/// What all kinds have in common.
fn bare(entry: &Value) -> ScanFinding {
    ScanFinding {
        kind: Kind::Vulnerability,
        id: String::new(),
        severity: known(entry, "Severity").parse().unwrap_or(Severity::Unknown),
        package: String::new(),
        installed: String::new(),
        fixed: None,
        layer: text(&entry["Layer"], "DiffID").and_then(|digest| digest.parse().ok()),
    }
}
