//! What each exit code means. A script may rely on these.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// A belief of ours was wrong; please report it.
    Bug,
    /// The command line, or a file that a person wrote, says something impossible.
    Usage,
    /// A plan was shown and holds steps, or something is not as it should be.
    Planned,
    /// Refused before anything was changed.
    Refused,
    /// Something outside failed; nothing is half-done.
    Outside,
    /// Some of it was done.
    Partial,
    /// What a check looks at could not be reached: neither good nor bad. The last line says why.
    NotChecked,
    /// A signal of this number ended it before its work was done.
    Signalled(u8),
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Planned => 3,
            Self::Refused => 4,
            Self::Outside => 5,
            Self::Partial => 6,
            Self::NotChecked => xtask_core::check::task::NOT_CHECKED as u8,
            // As shells tell it: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP.
            Self::Signalled(signal) => signal.saturating_add(128),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
