//! What Jest says: a file's heading in the first column, and below it a `●` block a failure.

use super::{Excerpt, beside, cut};
use crate::command::Command;

/// What stands between the parts of a test's name.
const PARTS: &str = " › ";

/// Every failure once, although Jest repeats them below where many files were tested.
pub(super) fn read(log: &str, command: &Command) -> Vec<Excerpt> {
    let lines: Vec<&str> = log.lines().collect();
    let mut found: Vec<Excerpt> = Vec::new();
    let mut file = "";
    for (at, line) in lines.iter().enumerate() {
        if let Some(heading) = line.strip_prefix("FAIL ") {
            file = heading.split(' ').next().unwrap_or_default();
        }
        let Some(name) = line.strip_prefix("  ● ").filter(|name| *name != "Console") else {
            continue;
        };
        let title = format!("{file}{PARTS}{name}");
        if found.iter().all(|it| it.title != title) {
            let text = cut(&block(&lines[at + 1..]));
            found.push(Excerpt { title, text, repeat: Some(repeat(file, name, command)) });
        }
    }
    found.extend(coverage(&lines));
    found
}

/// The lines of a block: all that is indented.
fn block<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let inside = |line: &&&str| line.is_empty() || line.starts_with("    ");
    lines.iter().take_while(inside).map(|line| line.get(4..).unwrap_or_default()).collect()
}

/// Every threshold that was not met.
fn coverage(lines: &[&str]) -> Option<Excerpt> {
    let missed: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("Jest: ")).collect();
    let excerpt = || Excerpt { title: "coverage".to_owned(), text: cut(&missed), repeat: None };
    (!missed.is_empty()).then(excerpt)
}

/// Runs the one test; the whole file where it did not come to tests.
fn repeat(file: &str, name: &str, command: &Command) -> String {
    let npm = Command::new("npm").args(["test", "--", "--coverage=false", file]);
    let npm = match name {
        "Test suite failed to run" => npm,
        _ => npm.arg("-t").arg(format!("^{}$", pattern(&name.replace(PARTS, " ")))),
    };
    beside(command, npm)
}

/// A regular expression for exactly `text`.
fn pattern(text: &str) -> String {
    let special = |c: char| r"\^$.*+?()[]{}|/".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
