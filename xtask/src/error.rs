//! Errors as people meet them: what failed, why, and what to do next.
//!
//! The first line names the verb and the thing; the causes follow, outermost first; at most one
//! hint says what to type. Hints are added where the advice is known.

pub mod code;

use crate::exit::Exit;
use code::Code;
use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use xtask_providers::github;
use xtask_registry::RegistryError;

/// A failed verb, ready to be said.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    code: &'static Code,
    lines: Vec<String>,
    hint: Option<String>,
}

/// What everything that may fail gives back.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Something outside failed: a program, a server, a disk.
    pub fn outside(line: impl Into<String>) -> Self {
        Self::new(Exit::Outside, line)
    }

    /// We refuse before changing anything.
    pub fn refused(line: impl Into<String>) -> Self {
        Self::new(Exit::Refused, line)
    }

    /// The command line or a file that a person wrote is wrong.
    pub fn usage(line: impl Into<String>) -> Self {
        Self::new(Exit::Usage, line)
    }

    /// A signal ended it before its work was done.
    pub fn signalled(signal: u8, line: impl Into<String>) -> Self {
        Self::new(Exit::Signalled(signal), line)
    }

    fn new(exit: Exit, line: impl Into<String>) -> Self {
        Self { exit, code: Code::general(exit), lines: vec![line.into()], hint: None }
    }

    /// Adds why, with every cause below it.
    #[must_use]
    pub fn because(mut self, cause: &(dyn Error + 'static)) -> Self {
        if let Some(error) = of_network(cause) {
            self = self.because_of_network(error);
        }
        let mut next = Some(cause);
        while let Some(error) = next {
            self.lines.push(error.to_string());
            if is_of_disk(error) {
                self = self.code(&code::DISK);
            }
            next = error.source();
        }
        self.lines.dedup();
        self
    }

    /// A variable that is wrong is a mistake of the person, whatever was being done.
    fn because_of_network(mut self, error: &xtask_http::Error) -> Self {
        if error.is_setting() {
            (self.exit, self.code) = (Exit::Usage, &code::NETWORK_SETTING);
        }
        match error.hint() {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Adds why, in words.
    #[must_use]
    pub fn reason(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Puts a new first line above: what the caller was doing.
    #[must_use]
    pub fn during(mut self, line: impl Into<String>) -> Self {
        self.lines.insert(0, line.into());
        self
    }

    /// Says what to do next; the innermost hint stays.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert(hint.into());
        self
    }

    /// Gives it a stable name; the innermost name stays.
    #[must_use]
    pub fn code(mut self, code: &'static Code) -> Self {
        if self.code.is_general() {
            self.code = code;
        }
        self
    }

    /// Gives it another stable name, where it was found out later what is the matter.
    #[must_use]
    pub fn relabel(mut self, code: &'static Code) -> Self {
        self.code = code;
        self
    }

    /// Says that something was changed before it failed.
    #[must_use]
    pub fn partly(mut self) -> Self {
        self.exit = Exit::Partial;
        self
    }

    /// Says that the run ends with `exit`, whatever it would lead to by itself.
    #[must_use]
    pub fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Its stable name.
    pub fn name(&self) -> &'static str {
        self.code.name
    }

    /// What to do next, if it is known.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code it leads to.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether something outside failed that may be well again later.
    pub fn may_go_over(&self) -> bool {
        self.exit == Exit::Outside
    }

    /// The first line.
    pub fn first_line(&self) -> &str {
        &self.lines[0]
    }

    /// The last cause, which says most about the thing itself.
    pub fn innermost_line(&self) -> &str {
        self.lines.last().expect("a failure has a first line")
    }

    /// The failure as data, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": self.lines[0], "causes": self.lines[1..], "hint": self.hint,
            "exit": self.exit.code(), "code": self.code.name,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.lines[0])?;
        for line in &self.lines[1..] {
            write!(formatter, "\n  caused by: {}", line.trim_end().replace('\n', "\n    "))?;
        }
        if let Some(hint) = &self.hint {
            write!(formatter, "\n  hint: {hint}")?;
        }
        write!(formatter, "\n  code: {}", self.code.name)
    }
}

/// Turns any error into a failure that names what was being done.
pub trait Context<T> {
    /// The outside failed while we were doing this.
    fn or_outside(self, line: impl FnOnce() -> String) -> Result<T>;
    /// What a person wrote is wrong.
    fn or_usage(self, line: impl FnOnce() -> String) -> Result<T>;
    /// We refuse to go on.
    fn or_refused(self, line: impl FnOnce() -> String) -> Result<T>;
}

/// Gives the failure of a result its stable name.
pub trait Coded {
    /// The same result; its failure carries `code`, unless it has a closer one.
    #[must_use]
    fn coded(self, code: &'static Code) -> Self;
}

impl<T> Coded for Result<T> {
    fn coded(self, code: &'static Code) -> Self {
        self.map_err(|failure| failure.code(code))
    }
}

/// The error of a request, also inside those of the clients.
fn of_network<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a xtask_http::Error> {
    let of_registry = || error.downcast_ref::<RegistryError>()?.network();
    let of_github = || match error.downcast_ref()? {
        github::Error::Http(error) => Some(error),
        _ => None,
    };
    error.downcast_ref().or_else(of_registry).or_else(of_github)
}

/// Wherever it was written to: no space, no quota, or nothing may be written there at all.
fn is_of_disk(error: &(dyn Error + 'static)) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    let kinds = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::ReadOnlyFilesystem];
    kind.is_some_and(|kind| kinds.contains(&kind))
}

impl<T, E: Error + 'static> Context<T> for std::result::Result<T, E> {
    fn or_outside(self, line: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::outside(line()).because(&error))
    }

    fn or_usage(self, line: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::usage(line()).because(&error))
    }

    fn or_refused(self, line: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::refused(line()).because(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_its_code_whoever_wrote() {
        #[derive(Debug, thiserror::Error)]
        #[error("failed to write the blob")]
        struct Within(#[source] std::io::Error);
        let code = |kind: ErrorKind| {
            let written: std::result::Result<(), Within> = Err(Within(kind.into()));
            written.or_outside(|| "failed to push".to_owned()).unwrap_err().name()
        };
        assert_eq!(code(ErrorKind::StorageFull), "E-disk");
        assert_eq!(code(ErrorKind::ReadOnlyFilesystem), "E-disk");
        assert_eq!(code(ErrorKind::ConnectionRefused), "E-outside");
    }

    #[test]
    fn an_error_names_the_thing_the_causes_and_one_hint() {
        let cause = std::io::Error::other("No space left on device");
        let failure = Failure::outside("failed to write `a.tar`")
            .because(&cause)
            .hint("free some space")
            .code(&code::DISK)
            .hint("never seen")
            .during("failed to build image `backend`")
            .code(&code::TOOL_FAILED);
        insta::assert_snapshot!(failure.to_string(), @"
        error: failed to build image `backend`
          caused by: failed to write `a.tar`
          caused by: No space left on device
          hint: free some space
          code: E-disk
        ");
        assert_eq!(failure.exit().code(), 5);
    }
}
