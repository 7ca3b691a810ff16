//! What a run is about, and the steps that it takes.

use super::step::Step;
use crate::ship::ledger::{Action, Versions};
use serde::{Deserialize, Serialize};

/// What a run is about. It is planned once the lease is held: before that others may change what
/// was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Course {
    /// What the ledger calls it.
    pub action: Action,
    /// The release that served before, for the record.
    pub from: Option<String>,
    /// The release that is brought back if this one does not come to serve.
    pub back: Option<String>,
    /// Whether a run before it was interrupted: what serves is not known to be one release.
    pub takes_over: bool,
    /// The release that is to serve.
    pub to: String,
    /// The services that change, those that others need first.
    pub moves: Vec<Move>,
    /// What each service answers as once it is done: this release, or what it stays at.
    #[serde(default)]
    pub versions: Versions,
    /// What each answered as when it was planned.
    #[serde(default)]
    pub before: Versions,
    /// Whether somebody wanted every service moved.
    #[serde(default)]
    pub all: bool,
    /// How the target moves them.
    pub manner: Manner,
    /// The migrations that are to be applied first, in order.
    pub migrations: Vec<String>,
    /// Why a schema that some release does not know is taken all the same, if somebody said so.
    pub forced: Option<String>,
    /// Whether the database is backed up first; journals of earlier versions do not say.
    #[serde(default)]
    pub backup: BackUp,
}

/// Whether the database is backed up before it is changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "why")]
pub enum BackUp {
    /// It is, for this reason.
    Taken(String),
    /// It is not, for this reason.
    Left(String),
}

impl Default for BackUp {
    fn default() -> Self {
        Self::Left("the plan of an earlier version has none".to_owned())
    }
}

impl BackUp {
    /// What a plan says of it.
    pub fn line(&self) -> String {
        match self {
            Self::Taken(why) => format!("back up the database: {why}"),
            Self::Left(why) => format!("no back-up: {why}"),
        }
    }
}

/// A service that changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// As `deploy.toml` names it.
    pub service: String,
    /// Why it does.
    pub why: String,
}

/// How a target moves services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// All come up beside what serves, are tested with each other, and are switched to in one
    /// moment.
    Together,
    /// One after the other: for a while the new release of one serves with the old one of another.
    InTurn,
}

impl Course {
    /// Every step of a run that nothing stops, in order.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Preflight, Step::Lease, Step::Begin, Step::BackUp];
        if !self.migrations.is_empty() {
            steps.push(Step::Migrate);
        }
        steps.extend(self.moving());
        steps.extend([Step::Verify, Step::Retire, Step::Record, Step::Notify]);
        steps
    }

    fn moving(&self) -> Vec<Step> {
        if self.moves.is_empty() {
            return Vec::new();
        }
        let each =
            |step: fn(String) -> Step| self.moves.iter().map(move |it| step(it.service.clone()));
        let fetch = [Step::Fetch].into_iter();
        match self.manner {
            Manner::InTurn => fetch.chain(each(Step::Deploy)).collect(),
            Manner::Together => {
                fetch.chain(each(Step::Start)).chain([Step::Smoke, Step::Switch]).collect()
            }
        }
    }

    /// Whether a failure of a step has what served before brought back. What an interrupted run
    /// left is not kept because the next one failed early.
    pub fn is_returned_from(&self, step: &Step) -> bool {
        let is_early = matches!(step, Step::BackUp | Step::Migrate | Step::Fetch);
        step.is_returned_from() || (self.takes_over && is_early)
    }

    /// Why a step is taken, for people.
    pub fn why(&self, step: &Step) -> String {
        match step {
            Step::Preflight => "what would stop it half-way is to be known first".to_owned(),
            Step::Lease => "one change at a time".to_owned(),
            Step::Begin => "no release serves without a record".to_owned(),
            Step::BackUp => match &self.backup {
                BackUp::Taken(why) => why.clone(),
                BackUp::Left(why) => format!("none is taken: {why}"),
            },
            Step::Migrate => format!("`{}` expects {}", self.to, self.migrations.join(", ")),
            Step::Fetch => "nothing is started before everything is there".to_owned(),
            Step::Deploy(service) | Step::Start(service) => self.why_moved(service),
            Step::Smoke => "the new releases are to work with each other".to_owned(),
            Step::Switch => {
                "no request meets the new release of one and the old of another".to_owned()
            }
            Step::Verify => "what serves is what answers from outside".to_owned(),
            Step::Retire => "the new release is verified".to_owned(),
            Step::Return => self.why_returned(),
            Step::Record => "the ledger tells how it ended".to_owned(),
            Step::Notify => "people are told how it ended".to_owned(),
        }
    }

    fn why_moved(&self, service: &str) -> String {
        let found = self.moves.iter().find(|it| it.service == service);
        found.map_or_else(|| format!("`{}` is wanted", self.to), |it| it.why.clone())
    }

    fn why_returned(&self) -> String {
        match &self.back {
            Some(release) => format!("`{}` does not come to serve, `{release}` did", self.to),
            None => format!("`{}` does not come to serve, and nothing did before", self.to),
        }
    }

    /// Whether a service stays as it is.
    pub fn stays(&self, service: &str) -> bool {
        !self.moves.iter().any(|it| it.service == service)
    }

    /// What a plan says of the way the services move.
    pub fn order(&self) -> &'static str {
        match self.manner {
            Manner::Together => "all start first, are tested together, and one switch moves all",
            Manner::InTurn => {
                "one service after the other: this target cannot move them in one moment, so the \
                 new release of one serves with the old one of the next for a while"
            }
        }
    }
}
