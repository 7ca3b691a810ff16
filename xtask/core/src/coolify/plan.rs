//! From what is wanted and what was found to what is to be done, in order of dependency, each with
//! its reason. No step holds a value that is secret: whoever applies it takes that from what is
//! wanted.

mod application;
mod fields;
mod team;
#[cfg(test)]
mod tests;
mod variables;

pub use fields::Difference;
pub(super) use fields::text;

use super::desired::Desired;
use super::observed::Observed;
pub use crate::plan::Action;
use crate::ship::review::{Review, ReviewStep};
use serde::Serialize;
use std::fmt;

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is to be done, in order.
    pub steps: Vec<Step>,
    /// What could not be found out: neither as wanted nor otherwise.
    pub unknown: Vec<Remark>,
    /// What stands against it: while there is any, nothing is done.
    pub refused: Vec<Remark>,
    /// What is there, is not ours, and stays as it is.
    pub foreign: Vec<Remark>,
    /// What is as wanted, and what runs does not know of yet: a rollout deploys it again.
    pub pending: Vec<Pending>,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is done to it.
    pub action: Action,
    /// What it is done to.
    pub part: Part,
    pub why: String,
    /// The fields that are set, of which none is secret.
    pub differences: Vec<Difference>,
    /// What tells the value that is written from others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What is addressed, if it is there already.
    #[serde(skip)]
    pub uuids: Vec<String>,
    /// What is done to the twin that a variable has for previews.
    #[serde(skip)]
    pub twin: Twin,
}

/// What is done to a variable's twin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Twin {
    /// It has none that is there already.
    #[default]
    None,
    /// It is written as well.
    Too,
    /// It alone is not as wanted: no container is told anything else.
    Only,
}

/// Something in a Coolify.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Part {
    Project {
        name: String,
    },
    /// The project's environment.
    Environment {
        name: String,
    },
    /// A Docker network.
    Destination {
        name: String,
    },
    Application {
        name: String,
    },
    /// A variable of an application.
    Variable {
        /// The application's name.
        application: String,
        name: String,
    },
    /// When the server is cleaned up.
    Cleanup,
    /// An S3 storage.
    Storage {
        name: String,
    },
    /// Whom the team's webhook tells.
    Notifications,
}

/// A word on something in a Coolify.
pub type Remark = crate::plan::Remark<Part>;

/// An application whose containers do not know yet what was changed of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    pub part: Part,
    /// The release that runs, which is to be deployed again.
    pub release: String,
}

/// Plans how what was found comes to be as wanted.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    team::place(&mut plan, desired, observed);
    for application in &desired.applications {
        application::plan(&mut plan, desired, observed, application);
    }
    application::obsolete(&mut plan, desired, observed);
    team::cleanup(&mut plan, desired, observed);
    team::storage(&mut plan, desired, observed);
    team::notifications(&mut plan, desired, observed);
    plan
}

impl Plan {
    /// Whether everything is known to be as wanted.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unknown.is_empty() && self.refused.is_empty()
    }

    /// The plan as it is reviewed.
    pub fn review(&self, verb: &str, environment: &str) -> Review {
        let steps = self.steps.iter().map(|step| {
            let shown = ReviewStep::new(step.to_string());
            step.fingerprint.iter().fold(shown, |shown, print| shown.with(print))
        });
        let (verb, environment) = (verb.to_owned(), environment.to_owned());
        Review { verb, environment, steps: steps.collect() }
    }

    fn step(&mut self, action: Action, part: Part, why: impl Into<String>) -> &mut Step {
        let (why, differences, uuids) = (why.into(), Vec::new(), Vec::new());
        let (fingerprint, twin) = (None, Twin::None);
        self.steps.push(Step { action, part, why, differences, fingerprint, uuids, twin });
        self.steps.last_mut().expect("it was just put there")
    }

    fn unknown(&mut self, part: Part, why: impl Into<String>) {
        self.unknown.push(Remark::new(part, why));
    }

    fn refuse(&mut self, part: Part, why: impl Into<String>) {
        self.refused.push(Remark::new(part, why));
    }

    fn foreign(&mut self, part: Part, why: impl Into<String>) {
        self.foreign.push(Remark::new(part, why));
    }
}

impl Pending {
    pub fn why(&self) -> String {
        let release = &self.release;
        format!("changed after `{release}` was deployed; its containers do not know of it yet")
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project { name } => write!(formatter, "project `{name}`"),
            Self::Environment { name } => write!(formatter, "environment `{name}`"),
            Self::Destination { name } => write!(formatter, "network `{name}`"),
            Self::Application { name } => write!(formatter, "application `{name}`"),
            Self::Variable { application, name } => {
                write!(formatter, "variable `{name}` of `{application}`")
            }
            Self::Cleanup => formatter.write_str("clean-up of the server"),
            Self::Storage { name } => write!(formatter, "storage `{name}`"),
            Self::Notifications => formatter.write_str("webhook of the team"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ({})", self.action.word(), self.part, self.why)?;
        self.differences.iter().try_for_each(|it| write!(formatter, "\n    {it}"))
    }
}
