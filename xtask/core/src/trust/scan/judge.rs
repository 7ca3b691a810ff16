//! From a scanner's answers and the policy to a verdict.

use super::end_of_life::{self, Program};
use super::inventory::Sbom;
use super::policy::{ScanPolicy, SeverityAction};
use super::scan_finding::{self, ScanFinding, list};
use crate::moment::{Day, Moment};
use crate::platform::Platform;
use crate::ship::release::{Allowed, ScanVerdict};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// With what an image was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Means {
    /// The scanner and its version.
    pub scanner: String,
    /// When the database of vulnerabilities was made, RFC 3339, if there is one.
    pub database: Option<String>,
}

/// What was scanned, and what the scanner answered.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The platform of the image.
    pub platform: Platform,
    /// The answer about the image.
    pub image: Value,
    /// What the image is made of, if that could be told.
    pub sbom: Sbom,
    /// What the answer about that says beyond the answer about the image.
    pub beyond: Option<Value>,
}

/// A verdict with the findings behind it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it means for a release.
    pub verdict: ScanVerdict,
    /// Every finding that the policy does not let pass, and what becomes of it.
    pub findings: Vec<(ScanFinding, Fate)>,
}

/// What becomes of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It stops the release.
    Blocks,
    /// It stops the release, because what allowed it is over.
    Expired,
    /// It is let through for a time.
    Allowed,
    /// It is warned of.
    Warns,
}

/// An answer that is not one of Trivy's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the answer has no `SchemaVersion`")]
pub struct NotAnAnswer;

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Blocks => "blocks",
            Self::Expired => "blocks: no longer allowed",
            Self::Allowed => "allowed",
            Self::Warns => "warns",
        })
    }
}

/// Judges what the scanner said of one image.
pub fn judge(
    means: &Means,
    answers: &Answers,
    policy: &ScanPolicy,
    now: Moment,
) -> Result<Judged, NotAnAnswer> {
    let mut all = both(answers);
    if all.any(|answer| !answer["SchemaVersion"].is_number()) {
        return Err(NotAnAnswer);
    }
    let mut verdict = blank(means, answers);
    verdict.warnings = end_of_life::warnings(&programs(answers), now);
    let mut findings = Vec::new();
    for finding in both(answers).flat_map(scan_finding::read) {
        let Some(action) = policy.action(&finding) else { continue };
        let fate = decide(&finding, action, policy, now, &mut verdict);
        findings.push((finding, fate));
    }
    findings.sort();
    findings.sort_by_key(|(finding, fate)| (fate.clone(), std::cmp::Reverse(finding.severity)));
    for lines in [&mut verdict.blocking, &mut verdict.warnings] {
        lines.sort_unstable();
        lines.dedup();
    }
    verdict.allowed.sort();
    verdict.allowed.dedup();
    Ok(Judged { verdict, findings })
}

/// What becomes of `finding`; the verdict says so.
fn decide(
    finding: &ScanFinding,
    action: SeverityAction,
    policy: &ScanPolicy,
    now: Moment,
    verdict: &mut ScanVerdict,
) -> Fate {
    let expired = |day: Day| format!("{finding} (was allowed until {day})");
    match (policy.allowance(finding), action) {
        (Some(allowance), _) if !allowance.is_expired(now) => {
            let (what, expires) = (finding.to_string(), allowance.expires.to_string());
            if allowance.expires_soon(now) {
                verdict.warnings.push(format!("{what}: is allowed until {expires} only"));
            }
            verdict.allowed.push(Allowed { what, reason: allowance.reason.clone(), expires });
            Fate::Allowed
        }
        (_, SeverityAction::Warn) => {
            verdict.warnings.push(finding.to_string());
            Fate::Warns
        }
        (Some(allowance), SeverityAction::Refuse) => {
            verdict.blocking.push(expired(allowance.expires));
            Fate::Expired
        }
        (None, SeverityAction::Refuse) => {
            verdict.blocking.push(finding.to_string());
            Fate::Blocks
        }
    }
}

fn blank(means: &Means, answers: &Answers) -> ScanVerdict {
    let database = "known vulnerabilities (no database on this machine)".to_owned();
    let database = means.database.is_none().then_some(database);
    let sbom = answers.sbom.missing().map(|why| format!("SBOM: {why}"));
    let scanned = super::scanners(means.database.is_some());
    ScanVerdict {
        scanner: means.scanner.clone(),
        scanned: scanned.iter().map(ToString::to_string).collect(),
        not_scanned: database.into_iter().chain(sbom).collect(),
        blocking: Vec::new(),
        scanned_at: answers.image["CreatedAt"].as_str().unwrap_or_default().to_owned(),
        database: means.database.clone(),
        platforms: vec![answers.platform],
        allowed: Vec::new(),
        warnings: Vec::new(),
    }
}

fn both(answers: &Answers) -> impl Iterator<Item = &Value> {
    [Some(&answers.image), answers.beyond.as_ref()].into_iter().flatten()
}

/// The system, the packages and the programs of the image.
fn programs(answers: &Answers) -> Vec<Program> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let system = &answers.image["Metadata"]["OS"];
    let system = Program { name: text(system, "Family"), version: text(system, "Name") };
    let results = list(&answers.image, "Results").iter();
    let packages = results.flat_map(|result| list(result, "Packages"));
    let packages =
        packages.map(|it| Program { name: text(it, "Name"), version: text(it, "Version") });
    [system].into_iter().chain(packages).chain(answers.sbom.programs()).collect()
}
