//! What can be found out about a release: what the registry holds, what is said about it by keys
//! that are believed, and the migrations of its commit. That something could not be asked is an
//! answer of its own.

use crate::attest::{AttestationStore, PublicKey};
use crate::edge::git;
use crate::error::{Failure, Result};
use crate::world::{World, definition_name};
use std::collections::BTreeMap;
use xtask_core::database::migration::MigrationFile;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_core::reference::Name;
use xtask_core::ship::release::check::{
    Asked, Evidence, Heard, ImageEvidence, ManifestEvidence, Said, What,
};
use xtask_core::ship::release::{Release, ReleasedImage, ReleasedMigration};
use xtask_core::trust::attestation::provenance::{self, origin};
use xtask_core::trust::attestation::summary::Resource;
use xtask_core::trust::attestation::{Statement, Verifier as _, Wanted, judge_all};
use xtask_core::trust::sbom::Format;
use xtask_image::json_v1;

/// What was found out, and the statements that were believed.
pub(super) struct Gathered {
    pub(super) evidence: Evidence,
    pub(super) inputs: Vec<Resource>,
}

/// One image that is looked at.
struct Looked<'a> {
    store: &'a AttestationStore,
    name: &'a str,
    keys: &'a [PublicKey],
}

/// Looks at everything that `release` names.
pub(super) fn gather(world: &World<'_>, release: &Release, keys: &[PublicKey]) -> Gathered {
    let phase = world.report.phase("verify");
    let (mut images, mut inputs) = (BTreeMap::new(), Vec::new());
    for (service, image) in &release.services {
        phase.doing(service);
        // A service that is gone from the file has the name of its repository.
        let path = image.repository.path();
        let last = path.rsplit('/').next().unwrap_or(path);
        let known = world.deploy.service(service);
        let name = known.map_or(last, |it| definition_name(&it.image));
        let evidence = match AttestationStore::of_repository(&image.repository) {
            Err(failure) => unreached(image, &failure),
            Ok(store) => Looked { store: &store, name, keys }.image(image, &mut inputs),
        };
        images.insert(service.clone(), evidence);
    }
    inputs.sort();
    inputs.dedup();
    let migrations = migrations(world, release);
    phase.done(&format!("{} statements are believed", inputs.len()));
    Gathered { evidence: Evidence { images, migrations }, inputs }
}

fn unknown<T>(failure: &Failure) -> Asked<T> {
    Asked::Unknown(match failure.first_line() == failure.innermost_line() {
        true => failure.first_line().to_owned(),
        false => format!("{}: {}", failure.first_line(), failure.innermost_line()),
    })
}

fn unreached(image: &ReleasedImage, failure: &Failure) -> ImageEvidence {
    let manifest = |(platform, _): &(Platform, Digest)| ManifestEvidence {
        platform: *platform,
        missing: unknown(failure),
        about: unknown(failure),
    };
    ImageEvidence {
        listed: unknown(failure),
        about_index: unknown(failure),
        manifests: image.platforms.iter().map(manifest).collect(),
    }
}

impl Looked<'_> {
    fn image(&self, image: &ReleasedImage, inputs: &mut Vec<Resource>) -> ImageEvidence {
        let about_index = self.about(&image.index, inputs);
        let manifests = image.platforms.iter().map(|(platform, digest)| ManifestEvidence {
            platform: *platform,
            missing: self.missing(digest),
            about: self.about(digest, inputs),
        });
        let manifests = manifests.collect();
        ImageEvidence { listed: self.listed(&image.index), about_index, manifests }
    }

    fn found(&self, digest: &Digest) -> Asked<Descriptor> {
        match self.store.resolve(&Name::Digest(*digest)) {
            Ok(Some(found)) => Asked::There(found),
            Ok(None) => Asked::Absent,
            Err(failure) => unknown(&failure),
        }
    }

    fn listed(&self, index: &Digest) -> Asked<Vec<(Platform, Digest)>> {
        let listed = |descriptor: &Descriptor| {
            let entries = self.store.entries(descriptor)?;
            Ok(entries.iter().filter_map(|it| Some((it.our_platform()?, it.digest))).collect())
        };
        asked(self.found(index), listed)
    }

    fn missing(&self, manifest: &Digest) -> Asked<Vec<Digest>> {
        asked(self.found(manifest), |descriptor| self.store.missing_blobs(descriptor))
    }

    fn about(&self, subject: &Digest, inputs: &mut Vec<Resource>) -> Asked<Heard> {
        asked(self.found(subject), |descriptor| self.heard(descriptor, inputs))
    }

    fn heard(&self, subject: &Descriptor, inputs: &mut Vec<Resource>) -> Result<Heard> {
        let mut heard = Heard::default();
        for (artifact, bundle) in self.store.bundles(subject)? {
            let wanted = Wanted { name: self.name, digest: subject.digest };
            match judge_all(&bundle, wanted, self.keys) {
                Err(refusal) => heard.doubts.push(refusal.to_string()),
                Ok((statement, signers)) => {
                    let Some(what) = what(&statement) else { continue };
                    let uri = format!("{}@{artifact}", self.store);
                    inputs.push(Resource::new(uri, &Digest::of(&bundle)));
                    let key = |it: &&PublicKey| (it.key_id().to_owned(), it.name().to_owned());
                    heard.said.push(Said { keys: signers.iter().map(key).collect(), what });
                }
            }
        }
        heard.doubts.sort_unstable();
        heard.doubts.dedup();
        Ok(heard)
    }
}

/// What came of a question that follows from another one.
fn asked<T, U>(found: Asked<T>, next: impl FnOnce(&T) -> Result<U>) -> Asked<U> {
    match found {
        Asked::There(found) => match next(&found) {
            Ok(value) => Asked::There(value),
            Err(failure) => unknown(&failure),
        },
        Asked::Absent => Asked::Absent,
        Asked::Unknown(why) => Asked::Unknown(why),
    }
}

/// What of a statement matters here, if anything.
fn what(statement: &Statement) -> Option<What> {
    let kind = &statement.predicate_type;
    if kind == provenance::PREDICATE_TYPE {
        let (commit, dirty) = origin(&statement.predicate)?;
        return Some(What::Provenance { commit, dirty });
    }
    Format::ALL.iter().find(|format| format.predicate_type() == kind)?;
    let digest = Digest::of(&json_v1::to_bytes(&statement.predicate).ok()?);
    Some(What::Bom { kind: kind.clone(), digest })
}

/// The migrations of the release's commit, where this checkout has it.
fn migrations(
    world: &World<'_>,
    release: &Release,
) -> std::result::Result<Vec<ReleasedMigration>, String> {
    if release.dirty {
        return Err("it was made with uncommitted work, which no commit holds".to_owned());
    }
    let files = git::committed(&world.shell, &release.commit, &world.deploy.migrations.path);
    let files = files.map_err(|failure| failure.innermost_line().to_owned())?;
    let files =
        files.ok_or_else(|| format!("commit {} is not in this checkout", release.commit))?;
    let migration = |(path, bytes): (String, Vec<u8>)| {
        let name = path.strip_suffix("/migration.sql")?.to_owned();
        let sql = String::from_utf8(bytes).ok()?;
        Some(MigrationFile::new(name, sql).released())
    };
    Ok(files.into_iter().filter_map(migration).collect())
}
