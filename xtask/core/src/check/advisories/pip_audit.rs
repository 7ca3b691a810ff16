//! What `pip-audit --format json` says.

use super::{Advisory, Answer, NoAnswer, last_line};
use crate::trust::scan::Severity;
use serde_json::Value;

/// A requirement that is notorious: an index that has nothing against it has no advisories.
pub const SAMPLE: &str = "flask==0.5\n";

/// Reads its standard output; `stderr` tells why, if that holds no report.
///
/// A package that it could not ask about is skipped with a reason, and the run ends well.
pub fn read(stdout: &str, stderr: &str) -> Result<Answer, NoAnswer> {
    let report: Value = serde_json::from_str(stdout).unwrap_or_default();
    let packages = report["dependencies"].as_array().ok_or_else(|| NoAnswer(last_line(stderr)))?;
    let mut answer = Answer::default();
    for package in packages {
        let name = package["name"].as_str().unwrap_or("?");
        match package["vulns"].as_array() {
            Some(known) if package["skip_reason"].is_null() => {
                answer.advisories.extend(known.iter().map(|it| advisory(package, name, it)));
            }
            _ => answer.unasked.push(name.to_owned()),
        }
    }
    answer.unasked.dedup();
    Ok(answer)
}

fn advisory(package: &Value, name: &str, known: &Value) -> Advisory {
    let texts = |key: &str| -> Vec<String> {
        let values = known[key].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    let own = known["id"].as_str().unwrap_or("?").to_owned();
    let fixed = texts("fix_versions");
    Advisory {
        ids: [own].into_iter().chain(texts("aliases")).collect(),
        package: name.to_owned(),
        installed: package["version"].as_str().unwrap_or_default().to_owned(),
        fixed: (!fixed.is_empty()).then(|| fixed.join(" or ")),
        severity: Severity::High,
        settled: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_is_read_with_its_other_names_and_the_versions_without_it() {
        let report = r#"{"dependencies":[{"name":"flask","version":"0.5","vulns":[{
            "id":"PYSEC-2019-179","fix_versions":["1.0"],"aliases":["CVE-2019-1010083"]}]}]}"#;
        let wanted = Advisory {
            ids: vec!["PYSEC-2019-179".into(), "CVE-2019-1010083".into()],
            package: "flask".into(),
            installed: "0.5".into(),
            fixed: Some("1.0".into()),
            severity: Severity::High,
            settled: None,
        };
        assert_eq!(read(report, "").unwrap().advisories, [wanted]);
    }

    #[test]
    fn a_skipped_package_was_not_asked_about() {
        let report = r#"{"dependencies":[{"name":"idna","skip_reason":"not found"},
            {"name":"redis","version":"8.1.0","vulns":[]}]}"#;
        let answer = read(report, "").unwrap();
        assert_eq!((answer.unasked, answer.advisories), (vec!["idna".to_owned()], vec![]));
    }

    #[test]
    fn a_trace_of_its_own_is_no_answer() {
        let stderr = "Traceback\nConnectionError: no such host\n";
        assert_eq!(read("", stderr).unwrap_err().0, "ConnectionError: no such host");
    }
}
