//! What `cargo deny --format json check advisories` says, one JSON value a line.

use super::{Advisory, Answer, NoAnswer, last_line};
use crate::trust::scan::{Severity, SeverityAction};
use serde_json::Value;

/// Reads what it wrote on standard error. Only a run that got to its summary is an answer: one
/// that could not fetch its database ends before.
pub fn read(output: &str) -> Result<Answer, NoAnswer> {
    let lines: Vec<Value> =
        output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !lines
        .iter()
        .any(|line| line["type"] == "summary" && line["fields"]["advisories"].is_object())
    {
        return Err(NoAnswer(complaint(&lines).unwrap_or_else(|| last_line(output))));
    }
    let diagnostics = lines.iter().filter(|line| line["type"] == "diagnostic");
    let advisories = diagnostics.filter_map(|line| advisory(&line["fields"])).collect();
    Ok(Answer { advisories, ..Answer::default() })
}

fn complaint(lines: &[Value]) -> Option<String> {
    let errors = lines.iter().map(|line| &line["fields"]);
    let mut errors = errors.filter(|it| it["level"] == "ERROR" || it["severity"] == "error");
    // git's own words follow in lines below; the last of them is the cause.
    let text = errors.next()?["message"].as_str()?;
    let (first, last) = (text.lines().next()?, last_line(text));
    let first = first.split_once(": [").map_or(first, |(head, _)| head);
    Some(if first == last { last } else { format!("{first}: {last}") })
}

fn advisory(fields: &Value) -> Option<Advisory> {
    let action = match fields["severity"].as_str()? {
        "error" => SeverityAction::Refuse,
        "warning" => SeverityAction::Warn,
        _ => return None,
    };
    let code = fields["code"].as_str().unwrap_or("unknown");
    let span = fields["labels"][0]["span"].as_str().unwrap_or_default();
    let mut span = span.split(' ');
    let about = &fields["advisory"];
    Some(Advisory {
        ids: ids(about, code),
        package: span.next().unwrap_or("?").to_owned(),
        installed: span.next().unwrap_or_default().to_owned(),
        fixed: solution(fields),
        severity: Severity::High,
        // Whether a crate that is unsound, yanked or left alone stops us is said in deny.toml.
        settled: (code != "vulnerability").then_some(action),
    })
}

fn ids(about: &Value, code: &str) -> Vec<String> {
    let own = about["id"].as_str().unwrap_or(code).to_owned();
    let aliases = about["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
    [own].into_iter().chain(aliases.map(ToOwned::to_owned)).collect()
}

/// It says so in words only; words that are not known are taken for a way out, so that a change
/// of them can not turn what blocks into what is let pass.
fn solution(fields: &Value) -> Option<String> {
    let notes = fields["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut solutions = notes.filter_map(|note| note.strip_prefix("Solution: "));
    let solution = solutions.next().unwrap_or("see the advisory");
    (solution != "No safe upgrade is available!").then(|| solution.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = r#"{"type":"summary","fields":{"advisories":{"errors":2}}}"#;

    #[test]
    fn a_vulnerability_is_read_with_its_other_names_and_its_cure() {
        let output = r#"{"type":"diagnostic","fields":{"severity":"error","code":"vulnerability",
                "advisory":{"id":"RUSTSEC-2026-9999","aliases":["CVE-2026-99999"]},
                "labels":[{"span":"base64 0.22.1 registry+x"}],
                "notes":["ID: RUSTSEC-2026-9999","Solution: Upgrade to >=0.23.0 (try it)"]}}"#
            .replace('\n', " ");
        let answer = read(&format!("{output}\n{SUMMARY}")).unwrap();
        let wanted = Advisory {
            ids: vec!["RUSTSEC-2026-9999".into(), "CVE-2026-99999".into()],
            package: "base64".into(),
            installed: "0.22.1".into(),
            fixed: Some("Upgrade to >=0.23.0 (try it)".into()),
            severity: Severity::High,
            settled: None,
        };
        assert_eq!(answer, Answer { advisories: vec![wanted], ..Answer::default() });
    }

    #[test]
    fn what_is_no_vulnerability_is_as_bad_as_deny_toml_says() {
        let line = |severity: &str| {
            format!(
                r#"{{"type":"diagnostic","fields":{{"severity":"{severity}","code":"yanked","labels":[{{"span":"hex 1.0.0 r"}}]}}}}"#
            )
        };
        let output = [line("error"), line("warning"), line("note"), SUMMARY.into()].join("\n");
        let found = read(&output).unwrap().advisories;
        let settled: Vec<_> = found.iter().map(|it| (it.ids[0].as_str(), it.settled)).collect();
        assert_eq!(
            settled,
            [("yanked", Some(SeverityAction::Refuse)), ("yanked", Some(SeverityAction::Warn))],
            "a note is nothing"
        );
    }

    #[test]
    fn a_database_that_did_not_come_is_no_answer() {
        let output = r#"{"fields":{"level":"ERROR","message":"failed to fetch advisory database https://x with cli: failed to clone: [\"clone\"]\nCloning into 'y'...\nfatal: unable to access 'https://x/': Could not resolve host: x\n"},"type":"log"}"#;
        assert_eq!(
            read(output).unwrap_err().0,
            "failed to fetch advisory database https://x with cli: failed to clone: fatal: unable to access 'https://x/': Could not resolve host: x"
        );
        assert_eq!(read("").unwrap_err().0, "it said nothing");
    }
}
