//! What `npm audit --json` says.

use super::{Advisory, Answer, NoAnswer, last_line};
use crate::trust::scan::Severity;
use serde_json::Value;

/// A list of packages with one that is notorious. A registry that has nothing against it has no
/// advisories at all: mirrors answer every question with an empty list.
pub const SAMPLE_MANIFEST: &str =
    r#"{ "name": "sample", "version": "1.0.0", "dependencies": { "lodash": "4.17.11" } }"#;
pub const SAMPLE_LOCK: &str = r#"{
  "name": "sample", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
  "packages": {
    "": { "name": "sample", "version": "1.0.0", "dependencies": { "lodash": "4.17.11" } },
    "node_modules/lodash": { "version": "4.17.11" }
  }
}"#;

/// Reads its standard output; `stderr` tells why, if that holds no report.
pub fn read(stdout: &str, stderr: &str) -> Result<Answer, NoAnswer> {
    let report: Value = serde_json::from_str(stdout).unwrap_or_default();
    let Some(packages) = report["vulnerabilities"].as_object() else {
        let messages = [&report["error"]["summary"], &report["message"]];
        let messages = messages.into_iter().filter_map(Value::as_str).find(|text| !text.is_empty());
        return Err(NoAnswer(messages.map_or_else(|| last_line(stderr), last_line)));
    };
    let mut advisories: Vec<Advisory> = packages.values().flat_map(of_package).collect();
    advisories.sort();
    advisories.dedup();
    Ok(Answer { advisories, ..Answer::default() })
}

/// What is known against the package itself; what it only inherits is said of the other.
fn of_package(package: &Value) -> Vec<Advisory> {
    let via = package["via"].as_array().into_iter().flatten().filter(|it| it.is_object());
    via.map(|it| advisory(package, it)).collect()
}

fn advisory(package: &Value, via: &Value) -> Advisory {
    let text = |key: &str| via[key].as_str().unwrap_or("?").to_owned();
    let id = via["url"].as_str().and_then(|url| url.rsplit('/').next());
    let id = id.map_or_else(|| format!("npm-{}", via["source"]), ToOwned::to_owned);
    Advisory {
        ids: vec![id],
        package: text("name"),
        installed: text("range"),
        fixed: fix(&package["fixAvailable"]),
        severity: severity(via["severity"].as_str().unwrap_or_default()),
        settled: None,
    }
}

fn fix(available: &Value) -> Option<String> {
    match available {
        Value::Bool(true) => Some("npm audit fix".to_owned()),
        Value::Object(to) => {
            let word = |key: &str| to.get(key).and_then(Value::as_str).unwrap_or("?").to_owned();
            Some(format!("{} {}", word("name"), word("version")))
        }
        _ => None,
    }
}

fn severity(word: &str) -> Severity {
    match word {
        "critical" => Severity::Critical,
        "moderate" => Severity::Medium,
        "low" => Severity::Low,
        "info" => Severity::Unknown,
        // `high`, and every word that npm may invent.
        _ => Severity::High,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_is_read_once_and_not_again_for_those_that_inherit_it() {
        let report = r#"{"auditReportVersion":2,"vulnerabilities":{
            "minimist":{"name":"minimist","severity":"critical","via":[{"source":1,"name":"minimist",
              "url":"https://github.com/advisories/GHSA-xvch-5gv4-984h","severity":"critical",
              "range":"<0.2.4"}],"fixAvailable":{"name":"mkdirp","version":"1.0.0"}},
            "mkdirp":{"name":"mkdirp","severity":"critical","via":["minimist"],"fixAvailable":true}}}"#;
        let wanted = Advisory {
            ids: vec!["GHSA-xvch-5gv4-984h".into()],
            package: "minimist".into(),
            installed: "<0.2.4".into(),
            fixed: Some("mkdirp 1.0.0".into()),
            severity: Severity::Critical,
            settled: None,
        };
        assert_eq!(read(report, "").unwrap().advisories, [wanted]);
    }

    #[test]
    fn a_registry_without_the_endpoint_gives_no_answer() {
        let stdout = r#"{"message":"405 Method Not Allowed - POST x","statusCode":405,"error":{"summary":"","detail":""}}"#;
        let why = read(stdout, "npm error audit endpoint returned an error").unwrap_err();
        assert_eq!(why.0, "405 Method Not Allowed - POST x");
        assert_eq!(read("", "npm error a\n\n").unwrap_err().0, "npm error a");
    }

    #[test]
    fn an_empty_report_is_an_answer_with_nothing_in_it() {
        let report = r#"{"auditReportVersion":2,"vulnerabilities":{}}"#;
        assert_eq!(read(report, "").unwrap(), Answer::default());
    }
}
