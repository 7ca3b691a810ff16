//! What a look at something found: good, of note, bad, or that nobody could look.

use serde::Serialize;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Good,
    /// To be known; nothing has to be done.
    Note,
    /// It could not be looked at: neither good nor bad.
    NotChecked,
    Bad,
}

impl State {
    /// As it stands at the beginning of a line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::NotChecked => "not checked",
            Self::Bad => "bad",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub state: State,
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub said: String,
    /// What to do about it, if anything.
    pub hint: Option<String>,
}

impl Line {
    pub fn new(state: State, what: impl Into<String>, said: impl Into<String>) -> Self {
        Self { state, what: what.into(), said: said.into(), hint: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The worst of all lines; good if there is none.
pub fn worst(lines: &[Line]) -> State {
    lines.iter().map(|it| it.state).max().unwrap_or(State::Good)
}
