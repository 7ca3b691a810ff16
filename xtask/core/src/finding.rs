//! One mistake in a file that a person wrote: where it is, what was found, what is allowed.

use serde::Serialize;
use std::fmt;

/// A mistake. All of a file's mistakes are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file, as the person would type its path.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The key's path inside the file, such as `services.backend.port`.
    pub key: String,
    /// What is wrong: found and allowed.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: `{}`: {}", self.file, self.line, self.key, self.message)
    }
}

/// Every mistake of one file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Findings(pub Vec<Finding>);

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}
