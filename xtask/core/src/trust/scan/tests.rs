//! What the policy makes of a scanner's answers.

use super::inventory::{Sbom, beyond};
use super::*;
use crate::moment::Moment;
use crate::platform::Platform;
use serde_json::{Value, json};

fn vulnerability(id: &str, severity: &str, fixed: &str) -> Value {
    json!({ "VulnerabilityID": id, "PkgName": "p", "InstalledVersion": "1",
            "FixedVersion": fixed, "Severity": severity })
}

fn answers(results: &Value) -> Answers {
    let image = json!({ "SchemaVersion": 2, "CreatedAt": "2026-11-23T00:00:00Z",
                        "Results": results });
    Answers { platform: Platform::Amd64, image, sbom: sbom(&json!([])), beyond: None }
}

fn sbom(components: &Value) -> Sbom {
    Sbom::Document(json!({ "components": components }))
}

fn means() -> Means {
    Means { scanner: "trivy 1".into(), database: Some("2026-11-22T00:00:00Z".into()) }
}

fn now() -> Moment {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

fn judged(results: &Value, policy: &ScanPolicy) -> Judged {
    judge(&means(), &answers(results), policy, now()).unwrap()
}

fn allowing(id: &str, package: Option<&str>, expires: &str) -> ScanPolicy {
    let package = package.map(ToOwned::to_owned);
    let (id, reason) = (id.to_owned(), "never reached".to_owned());
    let allow = vec![Allowance { id, package, reason, expires: expires.parse().unwrap() }];
    ScanPolicy { allow, ..ScanPolicy::default() }
}

#[test]
fn secrets_and_fixable_severe_vulnerabilities_stop_a_release() {
    let results = json!([
        { "Target": "app/.env", "Secrets": [{ "RuleID": "aws-access-key-id", "Severity": "LOW" }] },
        { "Target": "debian", "Vulnerabilities": [
            vulnerability("CVE-1", "CRITICAL", "2"), vulnerability("CVE-2", "HIGH", ""),
            vulnerability("CVE-3", "LOW", "2")] },
        { "Target": "config", "Misconfigurations": [
            { "ID": "DS-1", "Severity": "HIGH", "Status": "FAIL" },
            { "ID": "DS-2", "Severity": "LOW", "Status": "FAIL" },
            { "ID": "DS-3", "Severity": "HIGH", "Status": "PASS" }] },
    ]);
    let judged = judged(&results, &ScanPolicy::default());
    let wanted = [
        "CVE-1 in p 1, fixed in 2",
        "misconfiguration `DS-1` in `config`",
        "secret `aws-access-key-id` in `app/.env`",
    ];
    assert_eq!(judged.verdict.blocking, wanted);
    assert!(judged.verdict.not_scanned.is_empty());
    assert_eq!(judged.findings[0].0.id, "CVE-1", "the worst comes first");
}

#[test]
fn the_policy_says_what_counts() {
    let results = json!([
        { "Target": "x", "Secrets": [{ "RuleID": "key" }], "Vulnerabilities": [
            vulnerability("CVE-2", "HIGH", ""), vulnerability("CVE-3", "LOW", "2")] },
    ]);
    let policy = ScanPolicy {
        severities: vec![Severity::High],
        fixed_only: false,
        secrets: SeverityAction::Warn,
        ..ScanPolicy::default()
    };
    let verdict = judged(&results, &policy).verdict;
    assert_eq!(verdict.blocking, ["CVE-2 in p 1, fixed nowhere"]);
    assert_eq!(verdict.warnings, ["secret `key` in `x`"]);
}

#[test]
fn an_allowance_lets_through_until_its_day_and_says_so_a_fortnight_before() {
    let results = || json!([{ "Target": "debian", "Vulnerabilities": [vulnerability("CVE-1", "HIGH", "2")] }]);
    let far = judged(&results(), &allowing("CVE-1", Some("p"), "2027-01-31")).verdict;
    assert!(far.blocking.is_empty() && far.warnings.is_empty());
    assert_eq!(far.allowed[0].reason, "never reached");

    let near = judged(&results(), &allowing("CVE-1", None, "2026-12-07")).verdict;
    let wanted = "CVE-1 in p 1, fixed in 2: is allowed until 2026-12-07 only";
    assert_eq!((near.warnings, near.blocking.len()), (vec![wanted.to_owned()], 0));

    let last = judged(&results(), &allowing("CVE-1", None, "2026-11-23")).verdict;
    assert!(last.blocking.is_empty(), "its last day counts");

    let over = judged(&results(), &allowing("CVE-1", None, "2026-11-22"));
    assert_eq!(over.verdict.blocking, ["CVE-1 in p 1, fixed in 2 (was allowed until 2026-11-22)"]);
    assert_eq!(over.findings[0].1, Fate::Expired);

    let other = judged(&results(), &allowing("CVE-1", Some("q"), "2027-01-31")).verdict;
    assert_eq!(other.blocking.len(), 1, "another package is not meant");
}

#[test]
fn without_a_database_the_verdict_is_partial_and_says_so() {
    let without = Means { database: None, ..means() };
    let judged = judge(&without, &answers(&json!([])), &ScanPolicy::default(), now()).unwrap();
    assert_eq!(judged.verdict.not_scanned.len(), 1);
    let mut strange = answers(&json!([]));
    strange.image = json!({});
    let strange = judge(&means(), &strange, &ScanPolicy::default(), now());
    assert_eq!(strange.err(), Some(NotAnAnswer));
}

#[test]
fn what_image_and_inventory_both_name_is_found_once() {
    let result =
        |id| json!([{ "Target": "x", "Vulnerabilities": [vulnerability(id, "HIGH", "2")] }]);
    let mut both = answers(&result("CVE-1"));
    let about = |id| json!({ "SchemaVersion": 2, "Results": result(id) });
    both.beyond = Some(beyond(&both.image, about("CVE-1")));
    let count = |answers: &Answers| {
        judge(&means(), answers, &ScanPolicy::default(), now()).unwrap().findings.len()
    };
    assert_eq!(count(&both), 1);
    both.beyond = Some(beyond(&both.image, about("CVE-9")));
    assert_eq!(count(&both), 2);
}

#[test]
fn the_end_of_life_of_system_packages_and_programs_is_warned_of() {
    let mut answers = answers(&json!([
        { "Packages": [{ "Name": "python3.11-minimal", "Version": "3.11.2-6" }] }]));
    let node = json!({ "name": "node", "version": "20.1.0", "purl": "pkg:generic/node@20.1.0" });
    answers.sbom = sbom(&json!([node]));
    let warnings =
        judge(&means(), &answers, &ScanPolicy::default(), now()).unwrap().verdict.warnings;
    assert!(warnings[0].starts_with("Node.js 20 has had no"), "{warnings:?}");
    assert!(warnings[1].starts_with("Python 3.11 gets its last"), "{warnings:?}");
}

#[test]
fn an_image_of_which_nobody_knows_what_it_is_made_of_has_a_partial_verdict() {
    let mut answers = answers(&json!([]));
    answers.sbom = Sbom::Missing("layer `x` holds `y` 1, which no lock names".into());
    let verdict = judge(&means(), &answers, &ScanPolicy::default(), now()).unwrap().verdict;
    assert_eq!(verdict.not_scanned, ["SBOM: layer `x` holds `y` 1, which no lock names"]);
}

#[test]
fn a_verdict_of_platforms_is_as_old_and_as_incomplete_as_each() {
    let one = judged(&json!([]), &ScanPolicy::default()).verdict;
    let mut two = one.clone();
    two.platforms = vec![Platform::Arm64];
    two.scanned_at = "2026-11-20T00:00:00Z".into();
    two.database = None;
    two.not_scanned = vec!["vulnerabilities".into()];
    let both = together(vec![one, two]).unwrap();
    assert_eq!(both.platforms, Platform::ALL);
    assert_eq!((both.scanned_at.as_str(), both.database), ("2026-11-20T00:00:00Z", None));
    assert_eq!(both.not_scanned, ["vulnerabilities"]);
}

#[test]
fn what_is_shown_to_github_is_what_the_policy_minds() {
    let answer = answers(&json!([{ "Target": "x", "Vulnerabilities": [
        vulnerability("CVE-1", "HIGH", "2"), vulnerability("CVE-2", "LOW", "2"),
        vulnerability("CVE-3", "CRITICAL", "2")] }]))
    .image;
    let shown = sarif::shown(answer, &allowing("CVE-1", None, "2027-01-01"), now());
    let left = shown["Results"][0]["Vulnerabilities"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["VulnerabilityID"]), (1, &json!("CVE-3")));
}
