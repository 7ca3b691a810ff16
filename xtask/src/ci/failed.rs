//! How a failure is shown: on a terminal, on GitHub's page, and as an annotation.

use super::messages::{Ended, log_file};
use xtask_core::check::excerpt::Excerpt;

/// How many bytes of failures GitHub's page takes; its limit for the whole is 1 MiB.
const PAGE_MAX: usize = 700 << 10;

/// How many lines of a failure an annotation shows: its end.
const ANNOTATION_LINES: usize = 40;

/// What failed, a line each, and where all of it is: what is said when the task ends.
pub(super) fn names(ended: &Ended) -> String {
    let mut lines: Vec<String> =
        ended.failures.iter().map(|it| format!("    {}", it.title)).collect();
    lines.push(format!("    the whole log: {}", log_file(ended.name)));
    lines.join("\n")
}

/// Every failure of a task, whole.
pub(super) fn paragraphs(ended: &Ended) -> Vec<String> {
    let paragraph = |it: &Excerpt| {
        let mut lines = vec![format!("FAILED: {}: {}", ended.name, it.title)];
        lines.extend(it.text.lines().map(|line| format!("    {line}").trim_end().to_owned()));
        lines.push(format!("  again: {}", again(ended, it)));
        lines.join("\n")
    };
    ended.failures.iter().map(paragraph).collect()
}

/// The command that repeats a failure; the task, where nothing smaller does.
fn again(ended: &Ended, excerpt: &Excerpt) -> String {
    let task = || format!("./x ci --fresh --only {}", ended.name);
    excerpt.repeat.clone().unwrap_or_else(task)
}

/// The failures of all tasks in Markdown, as far as a page takes them.
pub(super) fn markdown(all: &[Ended]) -> String {
    let mut page = String::new();
    for ended in all {
        for excerpt in &ended.failures {
            let fence = fence(&excerpt.text);
            let part = format!(
                "### FAILED: {}: {}\n\n{fence}text\n{}\n{fence}\n\n{fence}sh\n{}\n{fence}\n\n",
                ended.name,
                excerpt.title.replace('<', "&lt;"),
                excerpt.text,
                again(ended, excerpt)
            );
            if page.len() + part.len() > PAGE_MAX {
                return format!("{page}The other failures are in the logs.\n\n");
            }
            page += &part;
        }
    }
    page
}

/// A fence that is longer than any inside.
fn fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

/// Title and text of the annotation of a failure.
pub(super) fn annotation(ended: &Ended, excerpt: &Excerpt) -> (String, String) {
    let last = crate::edge::shell::last_lines(&excerpt.text, ANNOTATION_LINES);
    let title = format!("{}: {}", ended.name, excerpt.title);
    (title, format!("{last}\nagain: {}", again(ended, excerpt)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        assert_eq!(fence("no"), "```");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
