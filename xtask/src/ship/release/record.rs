//! Records as statements: about the release, in the registry beside it, signed by this machine's
//! key if it has one. A statement that could not be made is no reason to fail: it is said.

use super::store::{Published, Releases};
use crate::attest::{
    AttestationStore, Claim, SigningKey, Tally, attest, key_at_hand, key_if_there,
};
use crate::error::{Failure, Result};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::ship::ledger::Record;
use xtask_core::trust::attestation::record::{self, RolloutRecord};
use xtask_core::trust::attestation::{Statement, Subject};

/// States `record`, which was just added to the ledger of `site`, about the release that was asked
/// for.
pub fn attest_record(site: &Site<'_>, record: &Record) {
    let stated = || -> Result<()> {
        // Nobody asks this machine's own records who signed them.
        let key = match site.environment.has_users() {
            true => key_at_hand(site.world)?,
            false => key_if_there(site.world)?,
        };
        let Some(key) = key else { return Ok(()) };
        let releases = Releases::of(&site.environment.registry)?;
        let release = releases.get(&record.to)?;
        let environment = site.name.to_owned();
        let predicate = RolloutRecord { environment, record: record.clone() }.predicate();
        whole(attach(&releases, &release, record::ROLLOUT, predicate, &key)?)
    };
    if let Err(failure) = stated() {
        warn(site.world, "the record is not signed", &failure);
    }
}

/// States what a release is, so that who reads it knows whose it is.
pub fn attest_release(world: &World<'_>, releases: &Releases, release: &Published) {
    let stated = || -> Result<()> {
        let Some(key) = key_at_hand(world)? else { return Ok(()) };
        let predicate = json!(release.release);
        whole(attach(releases, release, record::RELEASE, predicate, &key)?)
    };
    if let Err(failure) = stated() {
        warn(world, "the release is not signed", &failure);
    }
}

fn warn(world: &World<'_>, what: &str, failure: &Failure) {
    let why = match failure.first_line() == failure.innermost_line() {
        true => failure.first_line().to_owned(),
        false => format!("{}: {}", failure.first_line(), failure.innermost_line()),
    };
    world.report.warning(&format!("{what}: {why}"));
}

/// Signs `predicate` about `release` and its images, and attaches it to the release.
pub(super) fn attach(
    releases: &Releases,
    release: &Published,
    kind: &str,
    predicate: Value,
    key: &SigningKey,
) -> Result<Tally> {
    let store = AttestationStore::of_repository(releases.repository())?;
    let version = &release.release.version;
    let mut subjects = vec![Subject::new(version, &release.artifact.digest)];
    let images = release.release.services.iter();
    subjects.extend(images.map(|(service, image)| Subject::new(service, &image.index)));
    let statement = Statement::new(subjects, kind, predicate);
    let claim = Claim { subjects: vec![release.artifact.clone()], statement };
    Ok(attest(&store, version, &[claim], key))
}

/// The failure of a tally that has one.
pub(super) fn whole(mut tally: Tally) -> Result<()> {
    match tally.reasons.pop() {
        Some(reason) if tally.failed > 0 => Err(reason),
        _ => Ok(()),
    }
}
