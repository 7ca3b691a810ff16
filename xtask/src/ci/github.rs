//! What GitHub Actions wants to hear: a folded log per task, annotations, a page per run.

use super::messages::Ended;
use super::{failed, unproved};
use crate::error::{Context as _, Result};
use crate::report::Report;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use xtask_core::check::schedule::Outcome;
use xtask_core::digest::Digest;

/// GitHub shows ten errors of a step.
const ANNOTATIONS_MAX: usize = 10;

/// GitHub Actions, as far as this run is inside it.
pub(super) struct Github {
    actions: bool,
    page: Option<PathBuf>,
}

impl Github {
    /// Finds out from the environment.
    pub(super) fn find() -> Self {
        let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            actions: value("GITHUB_ACTIONS").is_some(),
            page: value("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        }
    }

    /// Folds the log of a task away, and annotates a failure.
    pub(super) fn task(&self, report: &Report, ended: &Ended, log: &str) {
        if !self.actions {
            return;
        }
        report.status(&folded(ended.name, log));
        if !ended.not_run.is_empty() {
            let title = format!("{} did not run all tests", ended.name);
            let text = unproved::paragraphs(std::slice::from_ref(ended)).join("\n");
            report.status(&annotation("warning", &title, &text));
        }
        match ended.outcome {
            Outcome::Passed | Outcome::Cached | Outcome::Unaffected | Outcome::Skipped => {}
            Outcome::NotChecked => {
                let title = format!("{} not checked", ended.name);
                report.status(&annotation("warning", &title, ended.reason()));
            }
            Outcome::Failed | Outcome::TimedOut => {
                for failure in ended.failures.iter().take(ANNOTATIONS_MAX) {
                    let (title, text) = failed::annotation(ended, failure);
                    report.status(&annotation("error", &title, &text));
                }
            }
        }
    }

    /// Adds `page` to the summary of the step.
    pub(super) fn summary(&self, page: &str) -> Result<()> {
        let Some(path) = &self.page else { return Ok(()) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(page.as_bytes()))
            .or_outside(|| format!("failed to write `{}`", path.display()))
    }
}

/// Lines of a log that look like commands are none: no log can hold its own digest, which ends that.
fn folded(name: &str, log: &str) -> String {
    let word = Digest::of(log.as_bytes()).hex();
    let log = log.trim_end();
    format!("::group::{name}\n::stop-commands::{word}\n{log}\n::{word}::\n::endgroup::")
}

/// A workflow command is one line: what would end it, or its title, is escaped.
fn annotation(level: &str, title: &str, text: &str) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={title}::{}", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_holds_is_no_command() {
        let log = "::error::not ours\n::endgroup::\n";
        let folded = folded("jest", log);
        let lines: Vec<&str> = folded.lines().collect();
        let word = Digest::of(log.as_bytes()).hex();
        let [stop, start] = [format!("::stop-commands::{word}"), format!("::{word}::")];
        let wanted =
            ["::group::jest", &stop, "::error::not ours", "::endgroup::", &start, "::endgroup::"];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn an_annotation_is_one_line_whatever_the_log_holds() {
        assert_eq!(
            annotation("error", "jest failed", "50%\nno"),
            "::error title=jest failed::50%25%0Ano"
        );
        let message = annotation("error", "it a::b, c", "no");
        assert_eq!(message, "::error title=it a%3A%3Ab%2C c::no");
    }
}
