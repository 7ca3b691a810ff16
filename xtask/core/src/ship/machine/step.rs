//! One step of a run.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a run does next. The order in which they stand in a run is that of `Course::steps`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", content = "service")]
pub enum Step {
    /// Everything that would stop the run half-way is asked for, before anything is changed.
    Preflight,
    /// Nobody else changes the environment from here on.
    Lease,
    /// The ledger is told what is about to be done.
    Begin,
    /// The database is saved.
    BackUp,
    /// The schema becomes what the release expects.
    Migrate,
    /// What will be started is fetched.
    Fetch,
    /// One service is replaced, and waited for.
    Deploy(String),
    /// The new release of one service comes up beside what serves, and is sent nothing yet.
    Start(String),
    /// The new releases are asked whether they work with each other.
    Smoke,
    /// Requests go to the new release of every service from one moment on.
    Switch,
    /// The release is asked from outside.
    Verify,
    /// What served before ends.
    Retire,
    /// What served before is brought back.
    Return,
    /// The ledger is told how it ended.
    Record,
    /// People are told.
    Notify,
}

impl Step {
    /// Whether what serves may be another thing once this was tried.
    pub fn moves_services(&self) -> bool {
        matches!(self, Self::Deploy(_) | Self::Start(_) | Self::Switch)
    }

    /// Whether a failure of it has what served before brought back. What was replaced and verified
    /// is not taken back because something old does not end.
    pub fn is_returned_from(&self) -> bool {
        self.moves_services() || matches!(self, Self::Smoke | Self::Verify)
    }

    /// Whether it comes before anything of the environment is changed, the ledger included.
    pub fn is_before_begin(&self) -> bool {
        matches!(self, Self::Preflight | Self::Lease | Self::Begin)
    }

    /// Whether only the holder of the lease may do it. Telling people changes nothing.
    pub fn needs_lease(&self) -> bool {
        !matches!(self, Self::Preflight | Self::Lease | Self::Notify)
    }

    /// Its phase, as the ledger holds it and as people read it.
    pub fn phase(&self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Lease => "lease",
            Self::Begin => "begin",
            Self::BackUp => "back up",
            Self::Migrate => "migrate",
            Self::Fetch => "fetch",
            Self::Deploy(_) | Self::Start(_) | Self::Switch => "roll out",
            Self::Smoke => "smoke test",
            Self::Verify => "verify",
            Self::Retire => "drain",
            Self::Return => "go back",
            Self::Record => "record",
            Self::Notify => "notify",
        }
    }

    /// Its name where a test or a journal means exactly this one: `deploy-backend`.
    pub fn name(&self) -> String {
        match self {
            Self::Deploy(service) => format!("deploy-{service}"),
            Self::Start(service) => format!("start-{service}"),
            Self::Switch => "switch".to_owned(),
            other => other.phase().replace(' ', "-"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deploy(service) => write!(formatter, "deploy `{service}`"),
            Self::Start(service) => write!(formatter, "start `{service}`"),
            Self::Switch => formatter.write_str("switch all at once"),
            other => formatter.write_str(other.phase()),
        }
    }
}
