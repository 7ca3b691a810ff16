//! The releases of a registry: what every machine may read that may read the registry, without a
//! database and without the environment's secrets.

use crate::error::{Context as _, Failure, Result, code};
use crate::image::{not_pushed, refused};
use crate::runtime;
use std::collections::BTreeMap;
use xtask_core::descriptor::Descriptor;
use xtask_core::reference::{Reference, Repository, Tag};
use xtask_core::ship::release::nearest::nearest;
use xtask_core::ship::release::{self, ARTIFACT_TYPE, RELEASES_REPOSITORY, Release};
use xtask_image::image::Manifest;
use xtask_registry::Registry;

/// The repository of releases, below where the images are.
pub struct Releases {
    registry: Registry,
    repository: Repository,
}

/// A release, and the artifact that it is.
#[derive(Clone, Debug)]
pub struct Published {
    /// What it says.
    pub release: Release,
    /// Its manifest: what is said about the release is said about this.
    pub artifact: Descriptor,
}

/// What a tag names.
enum Looked {
    Release(Box<Published>),
    /// Something else: why it is no release of that version.
    Foreign(String),
    Nothing,
}

/// What a manifest says that it is.
#[derive(serde::Deserialize)]
struct Kind {
    #[serde(rename = "artifactType")]
    artifact_type: Option<String>,
}

impl Releases {
    /// Those below `home`, with the credentials that this machine keeps for it.
    pub fn of(home: &Repository) -> Result<Self> {
        let registry = runtime::wait(Registry::of(home));
        let registry = registry.or_usage(|| format!("cannot log in to `{}`", home.registry()))?;
        Self::in_registry(registry, home)
    }

    /// Those below `home` of that registry.
    pub fn in_registry(registry: Registry, home: &Repository) -> Result<Self> {
        let joined = home.join(RELEASES_REPOSITORY);
        let repository = joined.or_usage(|| "cannot name the repository of releases".to_owned())?;
        Ok(Self { registry, repository })
    }

    /// Where they are.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Where that release is, by digest.
    pub fn pin(&self, published: &Published) -> Reference {
        self.repository.pin(published.artifact.digest)
    }

    /// The release of that version, if it is there.
    pub fn find(&self, version: &str) -> Result<Option<Published>> {
        let failed = || format!("failed to read release `{version}` from `{}`", self.repository);
        match self.look(version)? {
            Looked::Release(published) => Ok(Some(*published)),
            Looked::Nothing => Ok(None),
            Looked::Foreign(why) => Err(Failure::outside(failed()).reason(why)),
        }
    }

    /// What that tag names.
    fn look(&self, version: &str) -> Result<Looked> {
        let failed = || format!("failed to read release `{version}` from `{}`", self.repository);
        let reference = self.repository.tag(tag(version)?);
        let found = runtime::wait(self.registry.manifest(&reference));
        let found = found.map_err(|error| refused(failed(), &error))?;
        let Some((artifact, manifest)) = found else { return Ok(Looked::Nothing) };
        let kind: Kind = serde_json::from_slice(&manifest).or_outside(failed)?;
        if kind.artifact_type.as_deref() != Some(ARTIFACT_TYPE) {
            return Ok(Looked::Foreign("it is no release of ours".to_owned()));
        }
        let manifest: Manifest = serde_json::from_slice(&manifest).or_outside(failed)?;
        let layer = manifest
            .layers
            .first()
            .ok_or_else(|| Failure::outside(failed()).reason("it is empty"))?;
        let bytes = runtime::wait(self.registry.blob(&self.repository, layer));
        let bytes = bytes.map_err(|error| refused(failed(), &error))?;
        let release: Release = serde_json::from_slice(&bytes).or_outside(failed)?;
        Ok(match release.version == version {
            true => Looked::Release(Box::new(Published { release, artifact })),
            false => Looked::Foreign(format!("it is release `{}`", release.version)),
        })
    }

    /// The release of that version, or the ones that were perhaps meant.
    pub fn get(&self, version: &str) -> Result<Published> {
        if let Some(published) = self.find(version)? {
            return Ok(published);
        }
        let known = self.list()?;
        let known: Vec<&str> = known.iter().map(|it| it.release.version.as_str()).collect();
        let unknown = format!("unknown release `{version}`");
        let said = match nearest(version, &known).as_slice() {
            [] => format!("{unknown}; `{}` holds none", self.repository),
            near => format!("{unknown}; nearest: `{}`", near.join("`, `")),
        };
        Err(Failure::usage(said)
            .code(&code::RELEASE_UNKNOWN)
            .hint("`cargo xtask release list ENVIRONMENT` shows all of them"))
    }

    /// Every release, newest first. What others have put there is passed over.
    pub fn list(&self) -> Result<Vec<Published>> {
        let tags = runtime::wait(self.registry.tags(&self.repository));
        let failed = || format!("failed to list the releases in `{}`", self.repository);
        let tags = tags.map_err(|error| refused(failed(), &error))?;
        let mut releases = Vec::new();
        for tag in tags.iter().filter(|tag| !is_list(tag)) {
            if let Looked::Release(published) = self.look(tag)? {
                releases.push(*published);
            }
        }
        releases.sort_by(|left, right| right.release.created_at.cmp(&left.release.created_at));
        Ok(releases)
    }

    /// Puts a release there, under its version.
    pub(super) fn publish(&self, release: &Release) -> Result<()> {
        let bytes = serde_json::to_vec(release).expect("a release has only texts and numbers");
        let (tag, nothing) = (tag(&release.version)?, BTreeMap::new());
        let pushed = runtime::wait(self.registry.push_artifact(
            &self.repository,
            ARTIFACT_TYPE,
            ARTIFACT_TYPE,
            &bytes,
            &[tag],
            &nothing,
        ));
        pushed.map(drop).map_err(|error| not_pushed(&self.repository, &error))
    }
}

/// Whether a tag stands for a list of what is said about something: `sha256-<hex>`.
fn is_list(tag: &str) -> bool {
    let hex = tag.strip_prefix("sha256-").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn tag(version: &str) -> Result<Tag> {
    release::tag_of(version).map_err(|error| Failure::usage(error.to_string()))
}
