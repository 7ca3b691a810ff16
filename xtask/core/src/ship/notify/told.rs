//! What happened, as it is told.

use crate::ship::ledger::{Action, Outcome, Record};

/// A change of an environment that is over, and what people want to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The project's name.
    pub project: String,
    pub environment: String,
    /// Where it is reached from outside.
    pub url: String,
    /// What was done.
    pub action: Action,
    /// The release that served before.
    pub from: Option<String>,
    /// The release that was asked for.
    pub to: String,
    /// The commit that it was made from.
    pub commit: String,
    /// Who did it.
    pub who: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// When it ended, RFC 3339.
    pub ended: String,
    /// How it ended.
    pub ending: Ending,
    /// What the probe saw, if one ran.
    pub requests: Option<Requests>,
    /// How long each phase took, in milliseconds.
    pub phases: Vec<(String, u64)>,
    /// The page of the run in CI.
    pub run_url: Option<String>,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The release was verified.
    Done,
    /// A phase failed.
    Failed {
        phase: String,
        /// The first line of the error.
        error: String,
    },
    /// Somebody ended the run.
    Interrupted {
        /// The phase in which it was.
        phase: String,
    },
}

/// What the probe saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// All that were sent.
    pub sent: u64,
    /// Those that were lost.
    pub lost: u64,
    /// Whether the measurement says nothing: the prober could not keep up, or saw no switch.
    pub is_void: bool,
}

impl Requests {
    /// What a record says of the probe, if one ran.
    fn of(record: &Record) -> Option<Self> {
        let measured = record.proof.as_ref().and_then(|it| it.probe.as_ref());
        let is_void = measured.is_some_and(|it| !it.void().is_empty());
        record.probe.map(|it| Self { sent: it.sent, lost: it.lost, is_void })
    }
}

impl From<&Outcome> for Ending {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done | Outcome::Noted => Self::Done,
            Outcome::Begun => Self::Interrupted { phase: "begin".to_owned() },
            Outcome::Failed { phase, error } => {
                Self::Failed { phase: phase.clone(), error: error.clone() }
            }
        }
    }
}

impl Told {
    /// What a record says, of an environment that is reached at `url`. What the record does not
    /// know is to be added.
    pub fn of(record: &Record, project: &str, environment: &str, url: &str) -> Self {
        Self {
            project: project.to_owned(),
            environment: environment.to_owned(),
            url: url.to_owned(),
            action: record.action,
            from: record.from.clone(),
            to: record.to.clone(),
            commit: record.commit.clone().unwrap_or_default(),
            who: record.who.clone(),
            began: record.at.clone(),
            ended: record.at.clone(),
            ending: Ending::from(&record.outcome),
            requests: Requests::of(record),
            phases: record.phases.clone(),
            run_url: record.run_url.clone(),
        }
    }

    /// The same, of a run that somebody ended: what failed is where it was then.
    #[must_use]
    pub fn interrupted(mut self) -> Self {
        if let Ending::Failed { phase, .. } = self.ending {
            self.ending = Ending::Interrupted { phase };
        }
        self
    }

    /// How long the whole of it took, in milliseconds.
    pub fn took_ms(&self) -> u64 {
        self.phases.iter().map(|(_, ms)| ms).sum()
    }
}
