//! Secrets in commits: what gitleaks found, without the secrets themselves.

use crate::command::Command;
use serde::Serialize;
use serde_json::Value;

/// The exit code that gitleaks is told to end with when it found something; its usual one means
/// failure too.
pub const FOUND: i32 = 9;

/// Where gitleaks looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every commit that any branch or tag leads to.
    History,
    /// What would be committed now.
    Staged,
}

/// Something that looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leak {
    /// Its path from the root of the repository.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The rule of gitleaks that knows it.
    pub rule: String,
    /// The commit that brought it; empty for what is staged.
    pub commit: String,
}

/// gitleaks, told to show no secret and to heed no exception but those in `.gitleaks.toml`.
pub fn command(scope: Scope) -> Command {
    let command = Command::new("gitleaks").args(["git", "--redact", "--no-banner", "--no-color"]);
    let command = command.args(["--log-level", "error", "--exit-code", &FOUND.to_string()]);
    let command = command.args(["--ignore-gitleaks-allow", "--gitleaks-ignore-path", "/dev/null"]);
    let command = command.args(["--config", ".gitleaks.toml"]);
    let command = command.args(["--report-format", "json", "--report-path", "-"]);
    match scope {
        Scope::History => command.arg("."),
        Scope::Staged => command.args(["--staged", "."]),
    }
}

/// Reads its report; `None` if it is none.
pub fn read(report: &str) -> Option<Vec<Leak>> {
    let entries: Vec<Value> = serde_json::from_str(report).ok()?;
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let leak = |entry: &Value| Leak {
        file: text(entry, "File"),
        line: entry["StartLine"].as_u64().unwrap_or(0),
        rule: text(entry, "RuleID"),
        commit: text(entry, "Commit"),
    };
    let mut leaks: Vec<Leak> = entries.iter().map(leak).collect();
    leaks.sort();
    leaks.dedup();
    Some(leaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_without_what_was_found() {
        let report = r#"[{"RuleID":"github-pat","File":"a","StartLine":3,"Commit":"c0","Secret":"REDACTED"}]"#;
        let leak =
            |line| Leak { file: "a".into(), line, rule: "github-pat".into(), commit: "c0".into() };
        assert_eq!(read(report), Some(vec![leak(3)]));
        assert_eq!((read("[]"), read("fatal: no")), (Some(vec![]), None));
    }
}
