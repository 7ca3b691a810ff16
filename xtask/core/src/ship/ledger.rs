//! The ledger: every change of an environment, each record holding the digest of the one before.

mod accepted;
mod anchor;
mod chain;
mod history;
mod offline;

pub use accepted::{Accepted, acceptance};
pub use anchor::{ANCHOR_TYPE, Anchor, Anchored, against};
pub use chain::{ChainError, Link, numbers, readable, walk};
pub use history::{
    Fate, as_it_happened, fates, is_verified, origin, rollback_target, was_verified,
};
pub use offline::{Lines, OfflineError, line, lines, unmerged};

use crate::digest::Digest;
use crate::ship::proof::Proof;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What each service answers as: the release that rolled it out last. One that a release leaves
/// unchanged stays what it was.
pub type Versions = BTreeMap<String, String>;

/// One change of an environment, or something that was noted of it. Field order is the order of
/// writing. Records are hashed as they were written, so a new field is optional and comes last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it: user and machine.
    pub who: String,
    /// When it began, RFC 3339.
    pub at: String,
    /// The release that ran before.
    pub from: Option<String>,
    /// The release that was asked for; empty where none was.
    pub to: String,
    /// The image digest of each service after the change.
    pub services: BTreeMap<String, Digest>,
    /// The last applied migration after the change.
    pub schema_head: Option<String>,
    /// How long each phase took, in milliseconds.
    pub phases: Vec<(String, u64)>,
    /// Requests sent during the rollout, and those that were lost.
    pub probe: Option<ProbeCount>,
    /// The page of the run, if CI ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Why it was done although something spoke against it, or what was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was seen from outside; records of earlier versions hold none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// The commit of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The name of the run: the same in its beginning and in its end, and in no other run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The fence of the lease under which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    /// When it was added, if the database could not be reached when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<String>,
    /// What each service answers as where this release serves; empty in records from before
    /// services that do not change were left alone: then all answer as the release.
    #[serde(default, skip_serializing_if = "Versions::is_empty")]
    pub versions: Versions,
    /// Whether somebody wanted every service moved, also those that the release leaves alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// That the ledger goes on from here, whatever is wrong with what stands before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A release was rolled out.
    Rollout,
    /// An earlier release was brought back on request.
    Rollback,
    /// A lease was taken from a holder that had not given it back.
    Takeover,
    /// Somebody had a release roll out over a schema that forbids it.
    Skew,
    /// Something was found that was not done by us, such as a deployment by hand.
    Foreign,
    /// Migrations were applied, or what stands of them was put right.
    Migrate,
    /// Somebody accepted a ledger that is not whole, or was restored.
    Accept,
}

impl std::fmt::Display for Action {
    /// The verb that makes it, or what was noted.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Rollout => "rollout",
            Self::Rollback => "rollback",
            Self::Takeover => "takeover",
            Self::Skew => "skew",
            Self::Foreign => "foreign",
            Self::Migrate => "migrate",
            Self::Accept => "accept",
        })
    }
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Outcome {
    /// The release was verified.
    Done,
    /// A phase failed; what ran before serves.
    Failed {
        /// Its name as the ledger holds it, such as `verify`.
        phase: String,
        /// The first line of the error.
        error: String,
    },
    /// It is about to begin; nothing is changed yet. How it ended is in a later record of the run.
    Begun,
    /// Nothing ran: this is what was noted.
    Noted,
}

/// Requests sent during a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeCount {
    /// All of them.
    pub sent: u64,
    /// Those without an answer, or with a 5xx.
    pub lost: u64,
    /// The 99th percentile of the answers, in milliseconds.
    pub p99_ms: u64,
}

impl Record {
    /// A record with nothing but what each one has.
    pub fn new(action: Action, outcome: Outcome, who: &str, at: &str, to: &str) -> Self {
        Self {
            action,
            outcome,
            who: who.to_owned(),
            at: at.to_owned(),
            from: None,
            to: to.to_owned(),
            services: BTreeMap::new(),
            schema_head: None,
            phases: Vec::new(),
            probe: None,
            run_url: None,
            reason: None,
            proof: None,
            commit: None,
            run: None,
            fence: None,
            merged: None,
            versions: Versions::new(),
            all: false,
            accepted: None,
        }
    }

    /// What was noted of an environment, in words.
    pub fn noted(action: Action, who: &str, at: &str, reason: &str) -> Self {
        let reason = Some(reason.to_owned());
        Self { reason, ..Self::new(action, Outcome::Noted, who, at, "") }
    }

    /// How many requests were lost: `0/400`, `void` where that cannot be told, `-` where nothing was
    /// asked.
    pub fn lost(&self) -> String {
        let measured = self.proof.as_ref().and_then(|it| it.probe.as_ref());
        if measured.is_some_and(|it| !it.void().is_empty()) {
            return "void".to_owned();
        }
        self.probe.map_or_else(|| "-".to_owned(), |it| format!("{}/{}", it.lost, it.sent))
    }

    /// What each service answers as where its release serves.
    pub fn versions(&self) -> Versions {
        if !self.versions.is_empty() {
            return self.versions.clone();
        }
        self.services.keys().map(|service| (service.clone(), self.to.clone())).collect()
    }

    /// Its JSON, as it is hashed.
    pub fn body(&self) -> String {
        serde_json::to_string(self).expect("a record has only texts and numbers")
    }

    /// Its name among all records, wherever it was written first.
    pub fn identity(&self) -> Digest {
        Digest::of(Self { merged: None, ..self.clone() }.body().as_bytes())
    }
}

#[cfg(test)]
mod tests;
