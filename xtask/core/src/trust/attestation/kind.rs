//! The types of statements by the names that people type, and each statement in a line.

use super::record::{self, DrillOutcome, DrillRecord, RebuildRecord, RolloutRecord};
use super::summary::{self, Finding, Summary};
use super::{Statement, provenance};
use crate::ship::ledger::Outcome;
use crate::ship::release::Release;
use crate::ship::trial;
use crate::trust::sbom::Format;

/// What each type is called, and where it is explained.
const NAMES: [(&str, &str); 9] = [
    ("release", record::RELEASE),
    ("verdict", summary::PREDICATE_TYPE),
    ("rollout", record::ROLLOUT),
    ("drill", record::DRILL),
    ("rebuild", record::REBUILD),
    ("trial", trial::PREDICATE_TYPE),
    ("provenance", provenance::PREDICATE_TYPE),
    ("spdx", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
];

/// The name is that of no type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown type `{0}`; known: `{known}`, or a whole address", known = known())]
pub struct UnknownKind(String);

/// The address of the type called `text`, which may be an address itself.
pub fn address(text: &str) -> Result<String, UnknownKind> {
    let known = NAMES.iter().find(|(name, _)| *name == text);
    match known {
        Some((_, address)) => Ok((*address).to_owned()),
        None if text.contains("://") => Ok(text.to_owned()),
        None => Err(UnknownKind(text.to_owned())),
    }
}

/// What the type at `address` is called, if it has a name.
pub fn name(address: &str) -> &str {
    NAMES.iter().find(|(_, known)| *known == address).map_or(address, |(name, _)| name)
}

fn known() -> String {
    NAMES.map(|(name, _)| name).join("`, `")
}

/// What a statement says, in a line for people.
pub fn line(statement: &Statement) -> String {
    let predicate = &statement.predicate;
    let kind = statement.predicate_type.as_str();
    let said = match kind {
        summary::PREDICATE_TYPE => read(predicate).map(|it| verdict(&it)),
        record::RELEASE => read(predicate).map(|it: Release| format!("commit {}", it.commit)),
        record::ROLLOUT => read(predicate).map(|it| rollout(&it)),
        record::DRILL => read(predicate).map(|it| drill(&it)),
        record::REBUILD => read(predicate).map(|it| rebuild(&it)),
        trial::PREDICATE_TYPE => read(predicate).map(|it: trial::TrialRecord| it.line()),
        provenance::PREDICATE_TYPE => {
            provenance::claims(predicate).1.map(|it| format!("commit {it}"))
        }
        other => Format::ALL
            .iter()
            .find(|it| it.predicate_type() == other)
            .map(|_| "what it is made of".to_owned()),
    };
    said.unwrap_or_else(|| "-".to_owned())
}

fn read<T: serde::de::DeserializeOwned>(predicate: &serde_json::Value) -> Option<T> {
    T::deserialize(predicate).ok()
}

fn verdict(summary: &Summary) -> String {
    let word = match summary.verification_result {
        Finding::Passed => "PASSED",
        Finding::Failed => "FAILED",
    };
    format!("{word} at {}: {}", summary.time_verified, summary.verified_levels.join(", "))
}

fn rollout(stated: &RolloutRecord) -> String {
    let record = &stated.record;
    let ended = match &record.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Failed { phase, .. } => format!("failed in {phase}"),
        Outcome::Begun => "begun".to_owned(),
        Outcome::Noted => "noted".to_owned(),
    };
    let from = record.from.as_deref().unwrap_or("nothing");
    let (action, at) = (record.action, &record.at);
    format!("{action} of {} from {from} to {} at {at}: {ended}", stated.environment, record.to)
}

fn drill(drill: &DrillRecord) -> String {
    let word = match drill.outcome {
        DrillOutcome::CouldNotRun => "could not run",
        DrillOutcome::Passed => "passed",
        DrillOutcome::Failed => "failed",
    };
    let (rpo, rto) = (drill.rpo_seconds, drill.rto_seconds);
    format!("{word} at {}: RPO {rpo} s, RTO {rto} s", drill.finished_on)
}

fn rebuild(rebuild: &RebuildRecord) -> String {
    let count = rebuild.differences;
    let word = if rebuild.same { "the same".to_owned() } else { format!("{count} differences") };
    format!("{word}, from commit {} at {}", rebuild.commit, rebuild.finished_on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_is_named_briefly_or_by_its_address() {
        assert_eq!(address("rollout").unwrap(), record::ROLLOUT);
        assert_eq!(address("https://x/y").unwrap(), "https://x/y");
        let said = address("rolout").unwrap_err().to_string();
        assert!(said.starts_with("unknown type `rolout`; known: `release`, `verdict`"), "{said}");
        for (short, address) in NAMES {
            assert_eq!(name(address), short);
        }
        let [spdx, cyclonedx] = Format::ALL.map(|it| name(it.predicate_type()));
        assert_eq!((spdx, cyclonedx), ("spdx", "cyclonedx"));
    }

    #[test]
    fn each_statement_has_a_line() {
        let said = |kind: &str, predicate| line(&Statement::new(Vec::new(), kind, predicate));
        let drill = json!({
            "environment": "production", "backup": "4f2a", "takenAt": "2026-11-27T00:00:00Z",
            "startedOn": "2026-11-27T01:00:00Z", "finishedOn": "2026-11-27T01:02:00Z",
            "rpoSeconds": 3600, "rtoSeconds": 120, "checks": [], "outcome": "passed",
        });
        assert_eq!(
            said(record::DRILL, drill),
            "passed at 2026-11-27T01:02:00Z: RPO 3600 s, RTO 120 s"
        );
        let record = json!({
            "action": "rollback", "outcome": { "kind": "failed", "phase": "verify", "error": "e" },
            "who": "ada", "at": "2026-11-27T00:00:00Z", "from": null, "to": "b", "services": {},
            "schema_head": null, "phases": [], "probe": null,
        });
        let rollout = json!({ "environment": "production", "record": record });
        let wanted =
            "rollback of production from nothing to b at 2026-11-27T00:00:00Z: failed in verify";
        assert_eq!(said(record::ROLLOUT, rollout), wanted);
        assert_eq!(said("https://x/y", json!(1)), "-");
    }
}
