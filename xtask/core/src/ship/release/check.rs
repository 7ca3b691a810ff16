//! Whether images, lists of what they are made of, provenance, migrations and commit of a release
//! belong together. What was found out is handed in; what could not be found out is not taken for
//! absent, and neither for good.

mod image;
#[cfg(test)]
mod tests;

use super::{Policy, Release, ReleasedMigration};
use crate::digest::Digest;
use crate::platform::Platform;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<T> {
    /// This is it.
    There(T),
    /// It is not there.
    Absent,
    /// It could not be found out: why.
    Unknown(String),
}

/// Everything that was found out about a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// About each image, by service.
    pub images: BTreeMap<String, ImageEvidence>,
    /// The migrations of its commit; `Err` says why nobody looked.
    pub migrations: Result<Vec<ReleasedMigration>, String>,
}

/// What was found out about one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageEvidence {
    /// What its index lists.
    pub listed: Asked<Vec<(Platform, Digest)>>,
    /// What is said about its index.
    pub about_index: Asked<Heard>,
    /// Its manifests, in the order of the release.
    pub manifests: Vec<ManifestEvidence>,
}

/// What was found out about one manifest of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEvidence {
    /// The platform it is for.
    pub platform: Platform,
    /// Those of its blobs that are not there.
    pub missing: Asked<Vec<Digest>>,
    /// What is said about it.
    pub about: Asked<Heard>,
}

/// What is said about some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// What is signed by keys that are believed.
    pub said: Vec<Said>,
    /// Why the rest is not believed.
    pub doubts: Vec<String>,
}

/// Something that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The keys that signed it, id and name.
    pub keys: Vec<(String, String)>,
    /// What it is.
    pub what: What,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// How it was made.
    Provenance {
        /// The commit that it was made from.
        commit: String,
        /// Whether there was work that no commit has.
        dirty: bool,
    },
    /// What it is made of.
    Bom {
        /// The type of the list.
        kind: String,
        /// The digest of the list.
        digest: Digest,
    },
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub what: String,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found, in a line or several.
    pub said: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What came of looking. The order is that of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nobody looked, and nobody has to.
    Skipped,
    /// It is as it should be.
    Good,
    /// It could not be found out.
    Unknown,
    /// It is not as it should be.
    Bad,
}

impl Verdict {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Bad => "bad",
        }
    }
}

impl Check {
    fn new(what: impl Into<String>, verdict: Verdict, said: impl Into<String>) -> Self {
        Self { what: what.into(), verdict, said: said.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// The weightiest of `checks`; nothing that was looked at is nothing that was found good.
pub fn worst(checks: &[Check]) -> Verdict {
    checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Unknown)
}

/// Holds `release` against what was found out. It has an image of each of `services` for each of
/// `platforms`.
pub fn judge(
    release: &Release,
    policy: &Policy,
    services: &[&str],
    platforms: &[Platform],
    evidence: &Evidence,
) -> Vec<Check> {
    let mut checks = Vec::new();
    for service in services.iter().filter(|service| !release.services.contains_key(**service)) {
        let said = format!("the release has no image of `{service}`");
        checks.push(Check::new(format!("{service}: image"), Verdict::Bad, said));
    }
    for (service, image) in &release.services {
        match evidence.images.get(service) {
            Some(found) => {
                let about = image::About { release, service, image, policy, found };
                checks.extend(about.checks(platforms));
            }
            None => checks.push(Check::new(
                format!("{service}: image"),
                Verdict::Unknown,
                "nobody looked at it",
            )),
        }
    }
    checks.push(migrations(release, &evidence.migrations));
    checks
}

fn migrations(release: &Release, found: &Result<Vec<ReleasedMigration>, String>) -> Check {
    let check = |verdict, said: String| Check::new("migrations", verdict, said);
    let found = match found {
        Err(why) => return check(Verdict::Skipped, why.clone()),
        Ok(found) => found,
    };
    let by_name = |of: &[ReleasedMigration]| -> BTreeMap<String, String> {
        of.iter().map(|it| (it.name.clone(), it.checksum.clone())).collect()
    };
    let (here, there) = (by_name(found), by_name(&release.migrations));
    let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let differing = names.into_iter().filter(|name| here.get(*name) != there.get(*name));
    let differing: Vec<String> = differing.map(|name| format!("`{name}`")).collect();
    if differing.is_empty() {
        return check(Verdict::Good, format!("{} are those of the commit", there.len()));
    }
    let commit = &release.commit;
    check(Verdict::Bad, format!("not those of commit {commit}: {}", differing.join(", ")))
}
