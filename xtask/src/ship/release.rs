//! release: the record of everything at one version, itself an artifact in the registry.

use super::site::Site;
use crate::edge::clock;
use crate::edge::git::Checkout;
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::image::{not_pushed, refused};
use crate::runtime;
use std::collections::BTreeMap;
use xtask_core::reference::{Repository, Tag};
use xtask_core::ship::migration::MigrationFile;
use xtask_core::ship::release::{
    self, ARTIFACT_TYPE, RELEASES_REPOSITORY, Release, ReleasedImage, ScanVerdict,
};
use xtask_image::gzip_v1::ENCODER_ID;
use xtask_image::image::Manifest;
use xtask_registry::Registry;

/// Everything that a release is made of.
pub struct Parts<'a> {
    /// What is checked out.
    pub checkout: &'a Checkout,
    /// The images by service.
    pub services: BTreeMap<String, ReleasedImage>,
    /// Every migration, in order.
    pub migrations: &'a [MigrationFile],
    /// What the scanner said.
    pub scans: BTreeMap<String, ScanVerdict>,
}

/// The version of what is checked out.
pub fn version(checkout: &Checkout) -> String {
    release::version_of(&checkout.commit, checkout.dirty_tree.as_deref())
}

/// The release of these parts: the one in the registry if there is one, else it is put there. A
/// release of the same version with other images is refused; a release never changes.
pub fn ensure(site: &Site<'_>, parts: Parts<'_>) -> Result<Release> {
    let phase = site.world.report.phase("release");
    let release = Release {
        version: version(parts.checkout),
        commit: parts.checkout.commit.clone(),
        dirty: parts.checkout.dirty_tree.is_some(),
        created_at: clock::now(),
        services: parts.services,
        migrations: parts.migrations.iter().map(MigrationFile::released).collect(),
        scans: parts.scans,
        builder: format!("xtask {} {ENCODER_ID}", env!("CARGO_PKG_VERSION")),
    };
    if let Some(known) = find(site, &release.version)? {
        known
            .agrees_with(&release)
            .or_refused(|| format!("cannot release `{}`", release.version))
            .coded(&code::RELEASE_CONFLICT)?;
        phase.done(&format!("{} is in the registry already", known.version));
        return Ok(known);
    }
    publish(site, &release)?;
    phase.done(&release.version);
    Ok(release)
}

fn publish(site: &Site<'_>, release: &Release) -> Result<()> {
    let repository = repository(site)?;
    let bytes = serde_json::to_vec(release).expect("a release has only texts and numbers");
    let tag = tag(&release.version)?;
    let nothing = BTreeMap::new();
    let pushed = runtime::wait(site.registry()?.push_artifact(
        &repository,
        ARTIFACT_TYPE,
        ARTIFACT_TYPE,
        &bytes,
        &[tag],
        &nothing,
    ));
    pushed.map(drop).map_err(|error| not_pushed(&repository, &error))
}

/// The release of that version, if the registry has it.
pub fn find(site: &Site<'_>, version: &str) -> Result<Option<Release>> {
    read(&site.registry()?, &site.environment.registry, version)
}

/// The release of that version in a registry whose repositories are below `home`, if it is there.
pub fn read(registry: &Registry, home: &Repository, version: &str) -> Result<Option<Release>> {
    let repository = releases(home)?;
    let failed = || format!("failed to read release `{version}` from `{repository}`");
    let reference = repository.tag(tag(version)?);
    let found = runtime::wait(registry.manifest(&reference));
    let Some((_, manifest)) = found.map_err(|error| refused(failed(), &error))? else {
        return Ok(None);
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).or_outside(failed)?;
    let layer =
        manifest.layers.first().ok_or_else(|| Failure::outside(failed()).reason("it is empty"))?;
    let bytes = runtime::wait(registry.blob(&repository, layer));
    let bytes = bytes.map_err(|error| refused(failed(), &error))?;
    serde_json::from_slice(&bytes).or_outside(failed).map(Some)
}

/// The release of that version, or the ones that there are.
pub fn get(site: &Site<'_>, version: &str) -> Result<Release> {
    if let Some(release) = find(site, version)? {
        return Ok(release);
    }
    let known: Vec<String> = list(site)?.into_iter().map(|release| release.version).collect();
    Err(Failure::usage(format!("unknown release `{version}`; known: `{}`", known.join("`, `")))
        .code(&code::RELEASE_UNKNOWN))
}

/// Every release in the registry, newest first.
pub fn list(site: &Site<'_>) -> Result<Vec<Release>> {
    let repository = repository(site)?;
    let tags = runtime::wait(site.registry()?.tags(&repository));
    let failed = || format!("failed to list the releases in `{repository}`");
    let tags = tags.map_err(|error| refused(failed(), &error))?;
    let mut releases = Vec::new();
    // `sha256-<hex>` stands for a list of what is said about a release.
    for tag in tags.into_iter().filter(|tag| !tag.starts_with("sha256-")) {
        releases.extend(find(site, &tag)?);
    }
    releases.sort_by(|left, right| right.created_at.cmp(&left.created_at));
    Ok(releases)
}

fn repository(site: &Site<'_>) -> Result<Repository> {
    releases(&site.environment.registry)
}

fn releases(home: &Repository) -> Result<Repository> {
    let joined = home.join(RELEASES_REPOSITORY);
    joined.or_usage(|| "cannot name the repository of releases".to_owned())
}

fn tag(version: &str) -> Result<Tag> {
    release::tag_of(version).map_err(|error| Failure::usage(error.to_string()))
}
