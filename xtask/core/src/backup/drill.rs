//! What a drill must find before it has passed, and where it may be carried out at all.

use super::verify::check;
use crate::database::scratch::PREFIX;
use crate::moment::Moment;
use crate::trust::attestation::record::{DrillCheck, DrillOutcome};

/// A database that a drill would restore into, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub system_identifier: String,
    pub database: String,
    /// How many tables, views, sequences and functions people made there.
    pub objects: u64,
}

/// Why nothing is restored there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(
        "it is the cluster that was backed up: both have system identifier {0}; a drill never touches it"
    )]
    Source(String),
    #[error("`{0}` is no scratch database: wanted a name that begins with `{PREFIX}`")]
    Name(String),
    #[error("`{database}` holds {objects} objects; wanted an empty database")]
    NotEmpty { database: String, objects: u64 },
    #[error("which cluster was backed up is not known, so it cannot be told from this one")]
    Unknown,
}

/// Refuses what is not a fresh scratch database of another cluster.
pub fn fits(place: &Place, backed_up: &str) -> Result<(), Unfit> {
    let Place { system_identifier, database, objects } = place;
    if backed_up.is_empty() || system_identifier.is_empty() {
        return Err(Unfit::Unknown);
    }
    if system_identifier == backed_up {
        return Err(Unfit::Source(backed_up.to_owned()));
    }
    if !database.starts_with(PREFIX) {
        return Err(Unfit::Name(database.clone()));
    }
    match objects {
        0 => Ok(()),
        objects => Err(Unfit::NotEmpty { database: database.clone(), objects: *objects }),
    }
}

/// Whether the newest back-up is young enough to be worth a drill.
pub fn age(taken_at: Moment, now: Moment, max_hours: u64) -> DrillCheck {
    let hours = now.hours_since(taken_at);
    let said = format!("{hours} hours; {max_hours} at most");
    check("age of the back-up", hours <= max_hours, said)
}

/// Why a drill did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Something that it needs is missing: it says nothing of the back-up.
    Unable(String),
    /// The back-up could not be restored, or the services do not run on it.
    Broken(String),
}

/// How a drill ended, and why if it did not pass. What was found bad counts before what could not
/// be looked at; only a drill in which all was looked at and all was good has passed.
pub fn judge(checks: &[DrillCheck], stopped: Option<&Stopped>) -> (DrillOutcome, Option<String>) {
    let bad: Vec<&str> = checks.iter().filter(|it| !it.passed).map(|it| it.name.as_str()).collect();
    match stopped {
        Some(Stopped::Broken(why)) => (DrillOutcome::Failed, Some(why.clone())),
        _ if !bad.is_empty() => {
            (DrillOutcome::Failed, Some(format!("not as backed up: {}", bad.join(", "))))
        }
        Some(Stopped::Unable(why)) => (DrillOutcome::CouldNotRun, Some(why.clone())),
        None if checks.is_empty() => {
            (DrillOutcome::CouldNotRun, Some("nothing was looked at".to_owned()))
        }
        None => (DrillOutcome::Passed, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let (system_identifier, database) = ("2".to_owned(), "xtask_scratch_a".to_owned());
        Place { system_identifier, database, objects: 0 }
    }

    #[test]
    fn only_an_empty_scratch_database_of_another_cluster_fits() {
        assert_eq!(fits(&place(), "1"), Ok(()));
        assert_eq!(fits(&place(), "2"), Err(Unfit::Source("2".into())));
        assert_eq!(fits(&place(), ""), Err(Unfit::Unknown));
        let named = Place { database: "app".into(), ..place() };
        assert_eq!(fits(&named, "1"), Err(Unfit::Name("app".into())));
        let full = Place { objects: 3, ..place() };
        assert!(matches!(fits(&full, "1"), Err(Unfit::NotEmpty { objects: 3, .. })));
    }

    #[test]
    fn a_drill_passes_only_if_all_was_looked_at_and_all_was_good() {
        let (good, bad) = (check("rows", true, "3"), check("canary", false, "none"));
        let unable = Stopped::Unable("no engine".into());
        let broken = Stopped::Broken("pg_restore failed".into());
        let outcome = |checks: &[DrillCheck], stopped| judge(checks, stopped).0;
        assert_eq!(outcome(std::slice::from_ref(&good), None), DrillOutcome::Passed);
        assert_eq!(outcome(&[], None), DrillOutcome::CouldNotRun);
        assert_eq!(outcome(std::slice::from_ref(&good), Some(&unable)), DrillOutcome::CouldNotRun);
        assert_eq!(outcome(&[good.clone(), bad.clone()], None), DrillOutcome::Failed);
        // What was found bad is not forgotten because something else could not be looked at.
        assert_eq!(outcome(&[good.clone(), bad], Some(&unable)), DrillOutcome::Failed);
        assert_eq!(outcome(&[good], Some(&broken)), DrillOutcome::Failed);
    }

    #[test]
    fn an_old_backup_fails_the_drill() {
        let moment = |text: &str| text.parse::<Moment>().unwrap();
        let now = moment("2026-11-27T12:00:00Z");
        assert!(age(moment("2026-11-26T10:00:00Z"), now, 26).passed);
        assert!(!age(moment("2026-11-26T09:00:00Z"), now, 26).passed);
    }
}
