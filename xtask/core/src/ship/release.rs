//! A release: one version of everything, by digest; never changed once it is in the registry.

pub mod check;
pub mod entry;
pub mod nearest;
mod policy;

pub use policy::Policy;

use crate::digest::Digest;
use crate::platform::Platform;
use crate::reference::{Reference, Repository, Tag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The artifact type of a release in a registry.
pub const ARTIFACT_TYPE: &str = "application/vnd.nutri.release.v1+json";

/// The repository of releases, beside those of the images.
pub const RELEASES_REPOSITORY: &str = "releases";

/// The tag of what was pushed last.
pub const LATEST: &str = "latest";

/// One version of everything. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// What it is called, and what the services answer when asked for their version.
    pub version: String,
    /// The commit it was built from.
    pub commit: String,
    /// Whether the tree held changes that no commit has.
    pub dirty: bool,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// The images by service.
    pub services: BTreeMap<String, ReleasedImage>,
    /// Every migration the services expect, in order.
    pub migrations: Vec<ReleasedMigration>,
    /// What the scanner said of each image.
    pub scans: BTreeMap<String, ScanVerdict>,
    /// The builder and the encoder whose bytes the digests are made of.
    pub builder: String,
    /// What each image is made of, by the digests of its lists; empty in releases from before they
    /// were named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sboms: BTreeMap<String, Vec<ReleasedBom>>,
}

/// One list of what an image is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedBom {
    pub platform: Platform,
    /// What in-toto calls a statement that carries it.
    pub kind: String,
    /// The digest of the document, in its normal form.
    pub digest: Digest,
}

/// The image of one service in a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedImage {
    /// Where it is.
    pub repository: Repository,
    /// The digest of its index.
    pub index: Digest,
    /// The digest of its manifest on each platform.
    pub platforms: Vec<(Platform, Digest)>,
}

/// One migration by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedMigration {
    /// The name of its folder, which begins with its time: `20261123000000_init`.
    pub name: String,
    /// SHA-256 of its `migration.sql`, 64 hex digits as Prisma's table holds it.
    pub checksum: String,
}

/// What the scanner said of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanVerdict {
    /// The scanner and its version.
    pub scanner: String,
    /// What was looked for.
    pub scanned: Vec<String>,
    /// What could not be looked for, each with the reason. Empty means complete.
    pub not_scanned: Vec<String>,
    /// Findings that stop a release, each in one line.
    pub blocking: Vec<String>,
    /// When it was scanned, RFC 3339; empty in releases from before verdicts had an age.
    #[serde(default)]
    pub scanned_at: String,
    /// When the database of vulnerabilities was made, if there was one.
    #[serde(default)]
    pub database: Option<String>,
    /// The platforms whose images were scanned.
    #[serde(default)]
    pub platforms: Vec<Platform>,
    /// What would stop the release but is let through for a time.
    #[serde(default)]
    pub allowed: Vec<Allowed>,
    /// What does not stop it and a person should know.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Something that is let through for a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Allowed {
    /// What was found, in one line.
    pub what: String,
    /// Why it is let through.
    pub reason: String,
    /// The last day it is, `YYYY-MM-DD`.
    pub expires: String,
}

/// A release of that version is there already, and differs.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("release `{version}` exists with other digests: {differences}")]
pub struct ReleaseConflict {
    version: String,
    differences: String,
}

impl ReleasedImage {
    /// The image by digest.
    pub fn pin(&self) -> Reference {
        self.repository.pin(self.index)
    }
}

impl Release {
    /// Whether `other`, of the same version, names the same bytes.
    pub fn agrees_with(&self, other: &Self) -> Result<(), ReleaseConflict> {
        let differs = |(name, image): (&String, &ReleasedImage)| {
            let there = other.services.get(name).map(|image| image.index);
            let shown = there.map_or_else(|| "absent".to_owned(), |digest| digest.short());
            (there != Some(image.index))
                .then(|| format!("`{name}` {} here, {shown} there", image.index.short()))
        };
        let differences: Vec<String> = self.services.iter().filter_map(differs).collect();
        if differences.is_empty() {
            return Ok(());
        }
        let version = self.version.clone();
        Err(ReleaseConflict { version, differences: differences.join("; ") })
    }

    /// The name of the last migration that the services expect.
    pub fn schema_head(&self) -> Option<&str> {
        self.migrations.last().map(|migration| migration.name.as_str())
    }
}

/// The version of a tree: the commit, and what the tree adds to it, short enough for a DNS label.
pub fn version_of(commit: &str, dirty_tree: Option<&str>) -> String {
    let short = |hex: &str, length: usize| hex.chars().take(length).collect::<String>();
    match dirty_tree {
        None => short(commit, 12),
        Some(tree) => format!("{}-{}", short(commit, 12), short(tree, 8)),
    }
}

/// The tag that a release of `version` has in the registry.
pub fn tag_of(version: &str) -> Result<Tag, crate::reference::ReferenceError> {
    version.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(bytes: &[u8]) -> Release {
        let image = ReleasedImage {
            repository: "127.0.0.1:5510/nutri/backend".parse().unwrap(),
            index: Digest::of(bytes),
            platforms: vec![(Platform::Amd64, Digest::of(bytes))],
        };
        Release {
            version: version_of("0123456789abcdef", None),
            commit: "0123456789abcdef".into(),
            dirty: false,
            created_at: "2026-11-23T00:00:00Z".into(),
            services: BTreeMap::from([("backend".to_owned(), image)]),
            migrations: Vec::new(),
            scans: BTreeMap::new(),
            builder: "x".into(),
            sboms: BTreeMap::new(),
        }
    }

    #[test]
    fn a_version_names_the_commit_and_the_change_upon_it() {
        assert_eq!(version_of("0123456789abcdef", None), "0123456789ab");
        assert_eq!(version_of("0123456789abcdef", Some("fedcba987654")), "0123456789ab-fedcba98");
    }

    #[test]
    fn the_same_version_with_other_bytes_is_a_conflict() {
        assert_eq!(release(b"a").agrees_with(&release(b"a")), Ok(()));
        let conflict = release(b"a").agrees_with(&release(b"b")).unwrap_err().to_string();
        assert!(conflict.contains("`backend` ca978112ca1b here, 3e23e8160039 there"), "{conflict}");
    }

    #[test]
    fn a_release_reads_back_as_it_was_written() {
        let text = serde_json::to_string(&release(b"a")).unwrap();
        assert_eq!(serde_json::from_str::<Release>(&text).unwrap(), release(b"a"));
    }

    #[test]
    fn a_verdict_from_before_verdicts_had_an_age_is_still_read() {
        let text = r#"{"scanner":"trivy 0.76.0","scanned":[],"not_scanned":[],"blocking":[]}"#;
        let verdict: ScanVerdict = serde_json::from_str(text).unwrap();
        assert_eq!((verdict.scanned_at.as_str(), verdict.database), ("", None));
    }
}
