//! What came of `image verify --against`, as a statement that others can check.

use crate::attest::{
    AttestationStore, Claim, SigningKey, attest, bundle, key_at_hand, signing_key, who_builds,
};
use crate::edge::{clock, files, git};
use crate::error::{Context as _, Failure, Result};
use crate::flags::ImageVerify;
use crate::image::{Compared, Pulled};
use crate::world::World;
use serde_json::json;
use xtask_core::reference::Reference;
use xtask_core::trust::attestation::record::{self, RebuildRecord};
use xtask_core::trust::attestation::{Statement, Subject};
use xtask_image::gzip_v1::ENCODER_ID;
use xtask_image::json_v1;

/// Writes and attaches what came of it, as far as that was asked for.
pub(super) fn state(
    flags: &ImageVerify,
    reference: &Reference,
    pulled: &Pulled,
    compared: &Compared,
    world: &World<'_>,
) -> Result<()> {
    if flags.statement.is_none() && !flags.attach {
        return Ok(());
    }
    let statement = statement(reference, pulled, compared, world)?;
    let key = key(flags, world)?;
    if let Some(file) = &flags.statement {
        let bytes = match &key {
            Some(key) => bundle(&statement, key)?,
            None => json_v1::to_bytes(&statement).or_outside(|| "failed to write it".to_owned())?,
        };
        files::write(file, &bytes)?;
    }
    match (flags.attach, key) {
        (true, Some(key)) => attach(reference, pulled, compared, statement, &key),
        _ => Ok(()),
    }
}

/// What is attached is signed; a file may be as it is, and then that is said.
fn key(flags: &ImageVerify, world: &World<'_>) -> Result<Option<SigningKey>> {
    if flags.attach || flags.key.is_some() {
        return signing_key(world, flags.key.as_ref()).map(Some);
    }
    let why = match key_at_hand(world) {
        Ok(Some(key)) => return Ok(Some(key)),
        Ok(None) => "there is no key to sign with".to_owned(),
        Err(failure) => failure.first_line().to_owned(),
    };
    world.report.warning(&format!("the statement is not signed: {why}"));
    Ok(None)
}

fn statement(
    reference: &Reference,
    pulled: &Pulled,
    compared: &Compared,
    world: &World<'_>,
) -> Result<Statement> {
    let checkout = git::checkout(&world.shell)?;
    let image = compared.image.clone();
    let record = RebuildRecord {
        against: reference.to_string(),
        commit: checkout.commit,
        dirty_tree: checkout.dirty_tree,
        tool: concat!("xtask ", env!("CARGO_PKG_VERSION")).to_owned(),
        encoder: ENCODER_ID.to_owned(),
        rebuilt: compared.first,
        same: compared.is_same(),
        differences: compared.count as u64,
        builder: who_builds(world, &image)?,
        finished_on: clock::now(),
        image: image.clone(),
    };
    let subjects = vec![Subject::new(&image, &pulled.root.digest)];
    Ok(Statement::new(subjects, record::REBUILD, json!(record)))
}

fn attach(
    reference: &Reference,
    pulled: &Pulled,
    compared: &Compared,
    statement: Statement,
    key: &SigningKey,
) -> Result<()> {
    let store = AttestationStore::of_repository(&reference.repository)?;
    let claim = Claim { subjects: vec![pulled.root.clone()], statement };
    let mut tally = attest(&store, &compared.image, &[claim], key);
    match tally.reasons.pop() {
        Some(reason) => {
            Err(reason.during(format!("failed to attach what came of it to `{store}`")))
        }
        None if tally.failed > 0 => Err(Failure::outside("failed to attach what came of it")),
        None => Ok(()),
    }
}
