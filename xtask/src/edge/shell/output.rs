//! What a command said, and how it ended.

use crate::error::{Failure, Result, code};
use xtask_core::command::Command;

/// What a command said, and how it ended.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: String,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Output {
    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Standard output as text, without the newline at its end.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// Itself, if it ended well; else why `command` failed.
    pub fn succeeds(self, command: &Command) -> Result<Self> {
        if self.succeeded() { Ok(self) } else { Err(self.failure(command)) }
    }

    /// That `command` ended badly, with its last lines.
    pub fn failure(&self, command: &Command) -> Failure {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        Failure::outside(format!("failed to run `{command}`"))
            .code(&code::TOOL_FAILED)
            .reason(format!("it ended with {code}: {}", self.last_words()))
    }

    /// The last lines of what it had to say.
    pub fn last_words(&self) -> String {
        let words = if self.stderr.trim().is_empty() { self.text() } else { self.stderr.clone() };
        last_lines(&words, 12)
    }
}

/// The last `count` lines of `text`, which is where programs say what went wrong.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
