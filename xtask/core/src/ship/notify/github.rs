//! What GitHub is told: a deployment of a commit, and how it went.

use super::text::cut;
use super::{Ending, Message, Told};

/// The longest description of a status.
const DESCRIPTION_MAX: usize = 140;

/// What a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing has begun.
    Queued,
    /// It goes on.
    InProgress,
    Success,
    /// It does not.
    Failure,
    /// Nobody knows: the run was ended.
    Error,
    /// It served, and something else does now.
    Inactive,
}

impl State {
    /// As GitHub spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }

    /// How a change that is over ended.
    pub fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Done => Self::Success,
            Ending::Failed { .. } => Self::Failure,
            Ending::Interrupted { .. } => Self::Error,
        }
    }
}

/// The line beside the status.
pub fn description(told: &Told) -> String {
    cut(&Message::of(told).title, DESCRIPTION_MAX)
}
