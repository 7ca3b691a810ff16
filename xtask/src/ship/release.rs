//! release: the record of everything at one version, itself an artifact in the registry.

mod boms;
mod entry;
mod evidence;
mod record;
mod store;
mod trial;
mod verify;

pub use entry::{may_enter, verified_by};
pub use record::{attest_record, attest_release};
pub use store::{Published, Releases};
pub use trial::{attest_trial, forgiven, works};
pub use verify::{Verified, verify};

use super::site::Site;
use crate::edge::clock;
use crate::edge::git::Checkout;
use crate::error::{Coded as _, Context as _, Result, code};
use crate::world::World;
use std::collections::BTreeMap;
use xtask_core::database::migration::MigrationFile;
use xtask_core::ship::release::{self, Release, ReleasedImage, ScanVerdict};
use xtask_image::gzip_v1::ENCODER_ID;

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

/// The release of these parts in the registry of `site`, as `made` makes it.
pub fn ensure(site: &Site<'_>, parts: Parts<'_>) -> Result<Release> {
    let releases = Releases::of(&site.environment.registry)?;
    made(site.world, &releases, parts).map(|published| published.release)
}

/// The release of these parts: the one in the registry if there is one, else it is put there. A
/// release of the same version with other images is refused; a release never changes.
pub fn made(world: &World<'_>, releases: &Releases, parts: Parts<'_>) -> Result<Published> {
    let phase = world.report.phase("release");
    let mut release = Release {
        version: version(parts.checkout),
        commit: parts.checkout.commit.clone(),
        dirty: parts.checkout.dirty_tree.is_some(),
        created_at: clock::now(),
        services: parts.services,
        migrations: parts.migrations.iter().map(MigrationFile::released).collect(),
        scans: parts.scans,
        builder: format!("xtask {} {ENCODER_ID}", env!("CARGO_PKG_VERSION")),
        sboms: BTreeMap::new(),
    };
    if let Some(known) = releases.find(&release.version)? {
        agree(&known.release, &release)?;
        phase.done(&format!("{} is in the registry already", known.release.version));
        return Ok(known);
    }
    phase.doing("writing down what it is made of");
    release.sboms = boms::of(world, &release.services)?;
    releases.publish(&release)?;
    phase.done(&release.version);
    // Of two that are made at once one is kept, for both.
    let kept = releases.get(&release.version)?;
    agree(&kept.release, &release)?;
    Ok(kept)
}

fn agree(known: &Release, new: &Release) -> Result<()> {
    let agreed = known.agrees_with(new);
    agreed.or_refused(|| format!("cannot release `{}`", new.version)).coded(&code::RELEASE_CONFLICT)
}

/// The release of that version, if the registry of `site` has it.
pub fn find(site: &Site<'_>, version: &str) -> Result<Option<Release>> {
    let found = Releases::of(&site.environment.registry)?.find(version)?;
    Ok(found.map(|published| published.release))
}

/// The versions of all that are there, newest first.
pub fn listed(site: &Site<'_>) -> Result<Vec<String>> {
    let all = Releases::of(&site.environment.registry)?.list()?;
    Ok(all.into_iter().map(|it| it.release.version).collect())
}

/// The release of that version, or the ones that were perhaps meant.
pub fn get(site: &Site<'_>, version: &str) -> Result<Release> {
    Ok(Releases::of(&site.environment.registry)?.get(version)?.release)
}
