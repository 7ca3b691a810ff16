//! SLSA provenance v1: from what, by what and by whom an image was made. What is not the same in
//! every run stands in `runDetails` only.

use crate::digest::Digest;
use crate::platform::Platform;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What in-toto calls a statement that carries it.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// What our builds are called; `docs/ATTESTATIONS.md` says what the parameters mean.
pub const BUILD_TYPE: &str =
    "https://github.com/nutri-app/nutri/blob/main/docs/ATTESTATIONS.md#image-v1";

/// Everything that provenance says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The image, by the name of its definition.
    pub image: String,
    /// The platforms it was built for.
    pub platforms: Vec<Platform>,
    /// Where its sources are, if its labels say so.
    pub repository: Option<String>,
    /// The commit it was built from: 40 hex digits.
    pub commit: String,
    /// The tree with changes that no commit has, if there were any.
    pub dirty_tree: Option<String>,
    /// Every file that decides what goes in, by path: definitions, locks, reviewed scripts.
    pub inputs: BTreeMap<String, Digest>,
    /// The builder and its version.
    pub tool: String,
    /// The encoder whose bytes the digests are made of.
    pub encoder: String,
    /// When the lock's archive was signed, in seconds since 1970; the image's `created`.
    pub archive_time: u64,
    /// Who built it.
    pub builder: String,
    /// Which run of the builder it was, if it has a name.
    pub invocation: Option<String>,
    /// When the run ended, RFC 3339.
    pub finished: String,
}

impl Provenance {
    /// What stands in the statement's `predicate` (SLSA provenance v1).
    pub fn predicate(&self) -> Value {
        json!({
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": self.external(),
                "internalParameters": {
                    "tool": self.tool, "encoder": self.encoder, "archiveTime": self.archive_time,
                },
                "resolvedDependencies": self.dependencies(),
            },
            "runDetails": { "builder": { "id": self.builder }, "metadata": self.metadata() },
        })
    }

    fn external(&self) -> Value {
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        let mut value =
            json!({ "image": self.image, "platforms": platforms, "commit": self.commit });
        if let Some(repository) = &self.repository {
            value["repository"] = json!(repository);
        }
        if let Some(tree) = &self.dirty_tree {
            value["dirtyTree"] = json!(tree);
        }
        value
    }

    fn dependencies(&self) -> Vec<Value> {
        let mut commit = json!({ "name": "commit", "digest": { "gitCommit": self.commit } });
        if let Some(repository) = &self.repository {
            commit["uri"] = json!(format!("git+{repository}@{}", self.commit));
        }
        let input = |(path, digest): (&String, &Digest)| json!({ "name": path, "digest": { "sha256": digest.hex() } });
        std::iter::once(commit).chain(self.inputs.iter().map(input)).collect()
    }

    fn metadata(&self) -> Value {
        let mut value = json!({ "finishedOn": self.finished });
        if let Some(invocation) = &self.invocation {
            value["invocationId"] = json!(invocation);
        }
        value
    }
}

/// What a reader wants to know first: who built it, and from which commit.
pub fn claims(predicate: &Value) -> (Option<String>, Option<String>) {
    let builder = predicate["runDetails"]["builder"]["id"].as_str();
    let external = &predicate["buildDefinition"]["externalParameters"];
    let dirty = if external["dirtyTree"].is_string() { " with uncommitted work" } else { "" };
    let commit = external["commit"].as_str().map(|commit| format!("{commit}{dirty}"));
    (builder.map(ToOwned::to_owned), commit)
}

#[cfg(test)]
mod tests {
    use super::super::{Statement, Subject};
    use super::*;

    fn provenance() -> Provenance {
        Provenance {
            image: "backend".into(),
            platforms: Platform::ALL.to_vec(),
            repository: Some("https://example.org/acme/nutri".into()),
            commit: "c0ffee".into(),
            dirty_tree: None,
            inputs: BTreeMap::from([("images/backend.lock".to_owned(), Digest::of(b"lock"))]),
            tool: "xtask 0.1.0".into(),
            encoder: "gzip-v1".into(),
            archive_time: 1_700_000_000,
            builder: "https://example.org/acme/nutri/builders/local".into(),
            invocation: None,
            finished: "2026-11-23T00:00:00Z".into(),
        }
    }

    #[test]
    fn names_the_commit_every_lock_and_the_builder() {
        let predicate = provenance().predicate();
        let dependencies = &predicate["buildDefinition"]["resolvedDependencies"];
        assert_eq!(dependencies[0]["uri"], "git+https://example.org/acme/nutri@c0ffee");
        assert_eq!(dependencies[1]["digest"]["sha256"], Digest::of(b"lock").hex());
        let builder = "https://example.org/acme/nutri/builders/local".to_owned();
        assert_eq!(claims(&predicate), (Some(builder), Some("c0ffee".to_owned())));
    }

    #[test]
    fn two_runs_of_one_build_differ_in_their_circumstances_only() {
        let subject = || vec![Subject::new("backend", &Digest::of(b"index"))];
        let statement = |it: &Provenance| Statement::new(subject(), PREDICATE_TYPE, it.predicate());
        let first = provenance();
        let later = Provenance {
            finished: "2027-01-01T00:00:00Z".into(),
            invocation: Some("run/7".into()),
            ..first.clone()
        };
        assert!(statement(&first).agrees_with(&statement(&later)));
        let dirty = Provenance { dirty_tree: Some("beef".into()), ..first.clone() };
        assert!(!statement(&first).agrees_with(&statement(&dirty)));
        let commit = claims(&dirty.predicate()).1;
        assert_eq!(commit.as_deref(), Some("c0ffee with uncommitted work"));
    }
}
