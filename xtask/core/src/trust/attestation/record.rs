//! Statements of our own: what was done with a release, and what came of it. Each type is a
//! heading of `docs/ATTESTATIONS.md`, where its fields are.

use crate::ship::ledger::Record;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

macro_rules! kind {
    ($name:literal) => {
        concat!("https://github.com/nutri-app/nutri/blob/main/docs/ATTESTATIONS.md#", $name)
    };
}

/// The release itself, as it stands in the registry.
pub const RELEASE: &str = kind!("release-v1");
/// A change of an environment, as it stands in its ledger.
pub const ROLLOUT: &str = kind!("rollout-v1");
/// A restore from a backup that was carried out to prove it.
pub const DRILL: &str = kind!("drill-v1");
/// An image that was built again and compared.
pub const REBUILD: &str = kind!("rebuild-v1");

/// A change of an environment: the record, with where it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutRecord {
    pub environment: String,
    /// The record, exactly as the ledger holds it.
    pub record: Record,
}

/// A restore that was carried out to prove a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillRecord {
    /// The environment whose backup it is.
    pub environment: String,
    /// What the backup is called where it is kept.
    pub backup: String,
    /// When the backup was taken, RFC 3339.
    pub taken_at: String,
    /// When the drill began, RFC 3339.
    pub started_on: String,
    /// When it ended.
    pub finished_on: String,
    /// How old the newest restored data was, in seconds.
    pub rpo_seconds: u64,
    /// How long it took until the services answered on it, in seconds.
    pub rto_seconds: u64,
    /// What was looked at in the restored database.
    pub checks: Vec<DrillCheck>,
    /// How it ended: a drill that could not run has neither passed nor shown that a backup is bad.
    #[serde(default)]
    pub outcome: DrillOutcome,
    /// Why it ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Every restored table.
    #[serde(default)]
    pub tables: BTreeMap<String, DrillTable>,
    /// What was done, in order.
    #[serde(default)]
    pub timeline: Vec<DrillStep>,
    /// The drills before it, newest first.
    #[serde(default)]
    pub before: Vec<DrillBefore>,
    /// The programs that took part, with their versions.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The dump's size before compression.
    #[serde(default)]
    pub dump_bytes: u64,
    /// The cluster that was backed up, and the one that it was restored into.
    #[serde(default)]
    pub clusters: DrillClusters,
}

/// How a drill ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrillOutcome {
    Passed,
    #[default]
    Failed,
    CouldNotRun,
}

/// A table of a drill: what was backed up, and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillTable {
    pub rows: u64,
    pub restored_rows: u64,
    /// `None` where a table was only counted.
    pub checksum: Option<String>,
    pub restored_checksum: Option<String>,
}

/// A step of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillStep {
    pub name: String,
    /// From the drill's beginning to its own.
    pub from_ms: u64,
    pub took_ms: u64,
    /// Whether it came to its end.
    pub done: bool,
}

/// A drill of before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillBefore {
    pub at: String,
    pub outcome: String,
    pub rpo_seconds: u64,
    pub rto_seconds: u64,
}

/// The system identifiers of two clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrillClusters {
    pub backed_up: String,
    pub restored_into: String,
}

/// Something that was looked at in a restored database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillCheck {
    /// What it is called.
    pub name: String,
    /// Whether it was as it should be.
    pub passed: bool,
    /// What was found.
    pub said: String,
}

/// An image that was built again from its sources and compared with the pushed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RebuildRecord {
    /// The image, by the name of its definition.
    pub image: String,
    /// The pushed image that it was compared with.
    pub against: String,
    /// The commit that it was built from.
    pub commit: String,
    /// The tree with changes that no commit has, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty_tree: Option<String>,
    /// The builder and its version.
    pub tool: String,
    /// The encoder whose bytes the digests are made of.
    pub encoder: String,
    /// The digest of what was built here.
    pub rebuilt: crate::digest::Digest,
    /// Whether it is the pushed one, bit for bit.
    pub same: bool,
    /// How many differences there are.
    pub differences: u64,
    /// Who built it.
    pub builder: String,
    /// When, RFC 3339.
    pub finished_on: String,
}

impl RolloutRecord {
    /// What stands in the statement's `predicate`.
    pub fn predicate(&self) -> Value {
        json!(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::ledger::{Action, Outcome};

    #[test]
    fn a_rollout_is_stated_as_the_ledger_holds_it() {
        let (at, who) = ("2026-11-27T00:00:00Z", "ada@laptop");
        let mut record = Record::new(Action::Rollout, Outcome::Done, who, at, "b");
        record.phases = vec![("verify".into(), 7)];
        let stated = RolloutRecord { environment: "production".into(), record: record.clone() };
        let predicate = stated.predicate();
        assert_eq!(predicate["environment"], "production");
        assert_eq!(predicate["record"], json!(record));
        assert_eq!(serde_json::from_value::<RolloutRecord>(predicate).unwrap(), stated);
    }
}
