//! Whether a rollout can go through: everything that stands against it at once. What could not be
//! found out is told as such, with the reason; it is neither good nor bad.

mod application;
mod around;
mod beside;
#[cfg(test)]
mod tests;

use super::observed::{Application, Known};
use super::plan::Plan;
use crate::moment::Moment;
use crate::platform::Platform;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is known before a rollout.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What time it is here.
    pub now: Moment,
    /// How the API answered.
    pub api: Api,
    /// By how much the clocks differ, in words, if they do.
    pub clock: Known<Option<String>>,
    /// What the token may do, by the ability's name.
    pub abilities: Vec<(&'static str, Known<bool>)>,
    /// Whether the token is the root user's.
    pub is_root: Known<bool>,
    /// When the token ends.
    pub token_ends: Known<Moment>,
    pub server: Known<Server>,
    /// How much of its disk is used, in percent.
    pub disk_used: Known<u64>,
    /// The application of each service.
    pub applications: BTreeMap<String, Known<Option<Application>>>,
    /// Deployments that wait or run.
    pub active: Known<Vec<Active>>,
    /// What differs from `deploy.toml`.
    pub plan: Known<Plan>,
    /// The platforms of each service's image that is to be rolled out.
    pub images: BTreeMap<String, Known<Image>>,
    /// The server's platform.
    pub platform: Known<Platform>,
    /// Secrets that are not at hand: the name, and how to give it.
    pub absent: Vec<(String, String)>,
    /// How the schema is.
    pub schema: Known<Schema>,
    /// The certificate at the public address; `None` where there is none to be.
    pub certificate: Known<Option<Certificate>>,
}

/// How the API answered when it was first asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Api {
    /// It answers, and this is its version.
    Answers(String),
    /// It answers, and nobody has looked at this version.
    Untested(String),
    /// It refuses us: why, and what helps.
    Refuses(String, String),
}

/// A server as Coolify last saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub name: String,
    /// Whether it answers.
    pub is_reachable: bool,
    /// Whether deployments to it can work.
    pub is_usable: bool,
    /// How many deployments may wait.
    pub queue_limit: Option<u64>,
    /// How long a deployment may last, in seconds.
    pub time_limit: Option<u64>,
    /// What stands before the applications.
    pub proxy: Option<String>,
}

/// A deployment that waits or runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// Its application's name.
    pub application: String,
    /// By this it is addressed.
    pub uuid: String,
    /// Whether it waits for its turn.
    pub is_queued: bool,
    /// Since when it is there.
    pub since: Option<Moment>,
}

/// An image in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// It is there, for these platforms.
    There(Vec<Platform>),
    /// It is not.
    Absent,
}

/// How the schema is, against what is to be rolled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Every migration is applied, and no other.
    Fits,
    /// These are not applied yet.
    Behind(Vec<String>),
    /// It has what the release does not know, and a signed trial says that it works there.
    Tried(String),
    /// It has what the release does not know, or is not whole: why.
    Refused(String),
}

/// From when to when a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its first moment.
    pub begins: Moment,
    /// Its last moment.
    pub ends: Moment,
}

/// What was judged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    pub said: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// It could not be found out.
    Unknown,
    /// It will be trouble, or may be.
    Warn,
    /// A rollout would fail, or do harm.
    Fail,
}

pub fn judge(facts: &Facts) -> Vec<Line> {
    let mut lines = Lines::default();
    around::judge(&mut lines, facts);
    for (service, application) in &facts.applications {
        application::judge(&mut lines, service, application);
    }
    application::queue(&mut lines, facts);
    beside::judge(&mut lines, facts);
    lines.0
}

/// The worst of all.
pub fn worst(lines: &[Line]) -> Verdict {
    lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::Pass)
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn say(&mut self, what: impl Into<String>, verdict: Verdict, said: impl Into<String>) {
        self.0.push(Line { what: what.into(), verdict, said: said.into(), hint: None });
    }

    fn hint(&mut self, hint: impl Into<String>) {
        if let Some(line) = self.0.last_mut() {
            line.hint = Some(hint.into());
        }
    }

    /// What is known, or a line that says why it is not.
    fn known<'a, T>(&mut self, what: &str, known: &'a Known<T>) -> Option<&'a T> {
        match known {
            Ok(value) => Some(value),
            Err(why) => {
                self.say(what, Verdict::Unknown, format!("could not find out: {why}"));
                None
            }
        }
    }
}
