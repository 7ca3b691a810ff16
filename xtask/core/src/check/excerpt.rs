//! What a person needs to see of the log of a task that failed: each failure whole, up to a limit,
//! and the command that repeats just that.

mod jest;
mod nextest;
mod pytest;

use crate::check::task::Runner;
use crate::command::{Command, quoted};
use serde::Serialize;

/// How many lines of one failure are shown; of longer ones the beginning and the end.
const LINES_MAX: usize = 200;

/// How many lines of a longer one are its beginning. The end tells more.
const LINES_HEAD: usize = 80;

/// How many of its last lines a runner shows that was ended before it had said what failed.
const LINES_LAST: usize = 40;

/// How many characters of a line are shown: a line of somebody's minified program helps nobody.
const WIDTH_MAX: usize = 500;

/// How many failures are shown whole; of the others only what they are called.
const WHOLE_MAX: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// What failed: a test, or a command.
    pub title: String,
    /// What it said; nothing where too many failed.
    pub text: String,
    /// The command that does it again, as it can be pasted at the root, if one smaller than the task does.
    pub repeat: Option<String>,
}

/// A command of a task that failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// The command, as its row says it.
    pub command: &'a Command,
    /// Whose output it is, if a test runner's.
    pub runner: Option<Runner>,
    /// What it said, as plain text.
    pub log: &'a str,
}

impl Failed<'_> {
    /// Every failure, in the order in which they were said. There is always one: where no test is
    /// known to have failed, or the runner was ended before it closed, it is the command's end.
    pub fn excerpts(&self) -> Vec<Excerpt> {
        let mut found = match self.runner {
            Some(Runner::Nextest) => nextest::read(self.log),
            Some(Runner::Jest) => jest::read(self.log, self.command),
            Some(Runner::Pytest) => pytest::read(self.log, self.command),
            None => Vec::new(),
        };
        let closed = self.runner.is_some_and(|it| it.closing_line(self.log).is_some());
        if found.is_empty() || !closed {
            found.push(self.end(found.is_empty()));
        }
        let named_only = found.iter_mut().skip(WHOLE_MAX);
        named_only.for_each(|excerpt| excerpt.text.clear());
        found
    }

    /// What the command said, or its last lines where `whole` says that more would only repeat.
    fn end(&self, whole: bool) -> Excerpt {
        let lines: Vec<&str> = self.log.trim_end().lines().filter(|it| !is_progress(it)).collect();
        let last = if whole { 0 } else { lines.len().saturating_sub(LINES_LAST) };
        let title = pasted(&Command { env: Vec::new(), ..self.command.clone() });
        // Tests are told more than a person would paste; `ci` tells them again.
        let repeat = self.runner.is_none().then(|| pasted(self.command));
        Excerpt { title, text: cut(&lines[last..]), repeat }
    }
}

/// A command of a row as it can be pasted at the root. Rows name programs from there.
fn pasted(command: &Command) -> String {
    let Some(folder) = &command.folder else { return command.to_string() };
    let inside = command.program.strip_prefix(folder.as_str()).and_then(|it| it.strip_prefix('/'));
    let program = inside.unwrap_or(&command.program).to_owned();
    format!("(cd {} && {})", quoted(folder), Command { program, ..command.clone() })
}

/// Another command, run where `command` is.
fn beside(command: &Command, other: Command) -> String {
    pasted(&Command { folder: command.folder.clone(), ..other })
}

/// A line in which cargo says how far it is.
fn is_progress(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "Adding",
        "Blocking",
        "Building",
        "Checking",
        "Compiling",
        "Downloaded",
        "Downloading",
        "Fresh",
        "Locking",
        "Running",
        "Updating",
        "PASS [",
    ];
    let word = line.trim_start();
    // Cargo aligns its words; what a person writes begins further left.
    line.len() - word.len() >= 3 && WORDS.iter().any(|it| word.starts_with(it))
}

/// Lines as one text, without empty ones around them; of many the first and the last.
fn cut(lines: &[&str]) -> String {
    let is_empty = |line: &&&str| line.trim().is_empty();
    let before = lines.iter().take_while(is_empty).count();
    let after = lines[before..].iter().rev().take_while(is_empty).count();
    let lines = &lines[before..lines.len() - after];
    let narrow = |lines: &[&str]| lines.iter().map(|line| narrow(line)).collect::<Vec<_>>();
    if lines.len() <= LINES_MAX {
        return narrow(lines).join("\n");
    }
    let tail = LINES_MAX - LINES_HEAD - 1;
    let left_out = lines.len() - LINES_HEAD - tail;
    let note = format!("… {left_out} lines left out");
    [narrow(&lines[..LINES_HEAD]), vec![note], narrow(&lines[lines.len() - tail..])]
        .concat()
        .join("\n")
}

fn narrow(line: &str) -> String {
    match line.char_indices().nth(WIDTH_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests;
