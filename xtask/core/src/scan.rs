//! What a scanner's answer means for a release.

use crate::release::ScanVerdict;
use serde_json::Value;

/// Licences are not judged yet, but they are asked for, so that the evidence holds them.
const ALWAYS: [&str; 2] = ["secret", "license"];
const VULNERABILITIES: &str = "vuln";
/// Severities that stop a release when a fixed version exists.
const BLOCKING: [&str; 2] = ["CRITICAL", "HIGH"];

/// An answer that is not one of Trivy's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the answer has no `SchemaVersion`")]
pub struct NotAnAnswer;

/// What can be scanned for: vulnerabilities need a database.
pub fn scanners(has_database: bool) -> Vec<&'static str> {
    let vulnerabilities = has_database.then_some(VULNERABILITIES);
    vulnerabilities.into_iter().chain(ALWAYS).collect()
}

/// Judges the JSON that Trivy gave for one image.
pub fn judge(scanner: &str, scanners: &[&str], answer: &Value) -> Result<ScanVerdict, NotAnAnswer> {
    if !answer["SchemaVersion"].is_number() {
        return Err(NotAnAnswer);
    }
    let results = answer["Results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut blocking: Vec<String> = results.iter().flat_map(blocking_findings).collect();
    blocking.sort_unstable();
    blocking.dedup();
    let complete = scanners.contains(&VULNERABILITIES);
    let missing = "known vulnerabilities (no database on this machine)".to_owned();
    Ok(ScanVerdict {
        scanner: scanner.to_owned(),
        scanned: scanners.iter().map(ToString::to_string).collect(),
        not_scanned: if complete { Vec::new() } else { vec![missing] },
        blocking,
    })
}

/// The verdict where there is no scanner: it says so, and is not complete.
pub fn not_scanned() -> ScanVerdict {
    let everything =
        "secrets, licences and vulnerabilities (no scanner on this machine)".to_owned();
    let scanner = "none".to_owned();
    ScanVerdict {
        scanner,
        scanned: Vec::new(),
        not_scanned: vec![everything],
        blocking: Vec::new(),
    }
}

fn blocking_findings(result: &Value) -> Vec<String> {
    let list = |key: &str| result[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or("?").to_owned();
    let secret =
        |it: &Value| format!("secret `{}` in `{}`", text(it, "RuleID"), text(result, "Target"));
    let vulnerability = |it: &Value| {
        let (package, installed) = (text(it, "PkgName"), text(it, "InstalledVersion"));
        format!(
            "{} in {package} {installed}, fixed in {}",
            text(it, "VulnerabilityID"),
            text(it, "FixedVersion")
        )
    };
    let stops = |it: &&Value| {
        let severe = it["Severity"].as_str().is_some_and(|it| BLOCKING.contains(&it));
        severe && it["FixedVersion"].as_str().is_some_and(|it| !it.is_empty())
    };
    let secrets = list("Secrets").iter().map(secret).collect::<Vec<_>>();
    let vulnerabilities = list("Vulnerabilities");
    secrets.into_iter().chain(vulnerabilities.iter().filter(stops).map(vulnerability)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_and_fixable_severe_vulnerabilities_stop_a_release() {
        let vulnerability = |id: &str, severity: &str, fixed: &str| {
            json!({ "VulnerabilityID": id, "PkgName": "p", "InstalledVersion": "1",
                    "FixedVersion": fixed, "Severity": severity })
        };
        let answer = json!({ "SchemaVersion": 2, "Results": [
            { "Target": "app/.env", "Secrets": [{ "RuleID": "aws-access-key-id" }] },
            { "Target": "debian", "Vulnerabilities": [
                vulnerability("CVE-1", "CRITICAL", "2"), vulnerability("CVE-2", "HIGH", ""),
                vulnerability("CVE-3", "LOW", "2")] },
        ]});
        let verdict = judge("trivy", &scanners(true), &answer).unwrap();
        let wanted = ["CVE-1 in p 1, fixed in 2", "secret `aws-access-key-id` in `app/.env`"];
        assert_eq!(verdict.blocking, wanted);
        assert!(verdict.not_scanned.is_empty());
    }

    #[test]
    fn without_a_database_the_verdict_is_partial_and_says_so() {
        let verdict = judge("trivy", &scanners(false), &json!({ "SchemaVersion": 2 })).unwrap();
        assert_eq!(verdict.not_scanned.len(), 1);
        assert_eq!(judge("trivy", &[], &json!({})), Err(NotAnAnswer));
    }
}
