//! A release on a database that is nobody's: how it is started there, and what is said of it.

use crate::command::Command;
use crate::deploy::Service;
use crate::ship::owner::Owner;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What containers of trials are called, behind the project's name.
pub const NAME: &str = "trial";

/// What a trial has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub service: String,
    /// The release that was tried, and its image by digest.
    pub release: String,
    pub image: String,
    /// The last migration of the database that it was tried on.
    pub schema: String,
    /// How many questions it was asked; it answered all of them as wanted.
    pub questions: usize,
}

/// The address of the type of statement.
pub const PREDICATE_TYPE: &str =
    "https://github.com/nutri-app/nutri/blob/main/docs/ATTESTATIONS.md#trial-v1";

/// That a release was started on a schema, and reads and writes there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrialRecord {
    /// The environment whose schema was copied.
    pub environment: String,
    /// When it was shown, RFC 3339.
    pub finished_on: String,
    /// Every migration of that schema by name, with the checksum of its file.
    pub migrations: BTreeMap<String, String>,
    pub services: Vec<Shown>,
}

impl TrialRecord {
    /// Whether it speaks of exactly the schema with these migrations in this environment.
    pub fn is_of(&self, environment: &str, applied: &BTreeMap<String, String>) -> bool {
        let is_tried = self.services.iter().all(|it| it.questions > 0);
        self.environment == environment
            && self.migrations == *applied
            && is_tried
            && !self.services.is_empty()
    }

    /// One sentence: on which schema it was tried, and when.
    pub fn line(&self) -> String {
        let head = self.migrations.keys().next_back().map_or("an empty schema", String::as_str);
        let (environment, at) = (&self.environment, &self.finished_on);
        format!("works on the schema of {environment} with {head}, seen at {at}")
    }
}

/// The name of a container of a trial. `place` is that of whoever holds it: no two at once have
/// the same.
pub fn container(project: &str, place: &str, random: &str) -> String {
    format!("{project}-{NAME}-{place}-{random}")
}

/// Whether a container is one of a trial at `place`.
pub fn is_trial(project: &str, place: &str, container: &str) -> bool {
    container.starts_with(&format!("{project}-{NAME}-{place}-"))
}

/// The command that starts a service for a trial. It listens on this machine only, reaches the
/// database as this machine does, and reads its settings from standard input.
pub fn start(service: &Service, owner: &Owner, image: &str, container: &str) -> Command {
    let limits = service.limits;
    Command::new("docker")
        .args(["run", "--detach", "--name", container, "--network", "host"])
        .args(["--env-file", "/dev/stdin", "--read-only", "--tmpfs", "/tmp"])
        .args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
        .args(["--cpus", &limits.cpus.to_string(), "--memory", &format!("{}m", limits.memory_mb)])
        .args(owner.label_flags())
        .arg(image)
        .finishes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(questions: usize) -> TrialRecord {
        let shown = Shown {
            service: "backend".into(),
            release: "r1".into(),
            image: "i".into(),
            schema: "2_b".into(),
            questions,
        };
        TrialRecord {
            environment: "production".into(),
            finished_on: "2026-11-27T00:00:00Z".into(),
            migrations: schema(&[("1_a", "a"), ("2_b", "b")]),
            services: vec![shown],
        }
    }

    fn schema(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned())).collect()
    }

    #[test]
    fn a_trial_speaks_of_its_own_schema_and_of_no_other() {
        let applied = schema(&[("1_a", "a"), ("2_b", "b")]);
        assert!(record(3).is_of("production", &applied));
        assert!(!record(3).is_of("staging", &applied), "another environment");
        assert!(!record(0).is_of("production", &applied), "nothing was asked");
        for other in [schema(&[("1_a", "a")]), schema(&[("1_a", "a"), ("2_b", "edited")])] {
            assert!(!record(3).is_of("production", &other), "{other:?}");
        }
    }

    #[test]
    fn a_container_of_a_trial_is_known_by_its_name() {
        assert!(is_trial("nutri", "here", &container("nutri", "here", "abc")));
        assert!(!is_trial("nutri", "here", &container("nutri", "elsewhere", "abc")));
        assert!(!is_trial("nutri", "here", "nutri-backend-abc"));
    }
}
