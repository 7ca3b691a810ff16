//! `release verify`: whether everything of a release belongs together. The verdict is signed.

use super::releases;
use crate::attest::{SigningKey, key_if_there, public_keys, signing_key};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ReleaseVerify;
use crate::report::table;
use crate::ship::release::{Verified, verify};
use crate::world::World;
use serde_json::json;
use xtask_core::ship::release::check::Check;
use xtask_core::trust::attestation::Verifier as _;

pub(super) fn run(flags: &ReleaseVerify, world: &World<'_>) -> Result<Exit> {
    let (name, version) = (&flags.of.environment, &flags.of.release);
    let releases = releases(world, name)?;
    let keys = public_keys(world, &[])?;
    let key = signer(flags, world)?;
    let release = releases.get(version)?;
    let verified = verify(world, name, &release, &keys, &flags.platform)?;
    let by = match &key {
        Some(key) => verified.sign(&releases, &release, key)?.then(|| key.public().name()),
        None => None,
    };
    let value = json!({
        "release": version, "environment": name, "digest": release.artifact.digest,
        "verdict": verified.verdict, "checks": verified.checks, "signedBy": by,
        "policy": verified.policy.digest(),
    });
    let ending = match by {
        Some(key) => format!("signed by `{key}`"),
        None => "not signed".to_owned(),
    };
    let head = format!("release {version} for {name}: {}, {ending}", verified.verdict.word());
    world.report.data(&value, &format!("{}\n{head}", table(&rows(&verified.checks))));
    end(world, version, &verified)
}

/// The key that was named, or the one of `deploy.toml` if it is there. One that is there and cannot
/// be used is a failure: who wants a verdict signed is not to take an unsigned one for it.
fn signer(flags: &ReleaseVerify, world: &World<'_>) -> Result<Option<SigningKey>> {
    if flags.key.is_some() {
        return signing_key(world, flags.key.as_ref()).map(Some);
    }
    let key = key_if_there(world)?;
    if let (None, Some(source)) = (&key, &world.deploy.signing.key) {
        world.report.warning(&format!("the verdict is not signed: `{source}` is not there"));
    }
    Ok(key)
}

fn rows(checks: &[Check]) -> Vec<Vec<String>> {
    let row = |check: &Check| {
        let lines = check.said.lines().enumerate();
        let cells = lines.map(|(number, line)| match number {
            0 => vec![check.verdict.word().to_owned(), check.what.clone(), line.to_owned()],
            _ => vec![String::new(), String::new(), line.to_owned()],
        });
        cells.collect::<Vec<_>>()
    };
    checks.iter().flat_map(row).collect()
}

/// What it comes to, as the exit code says it.
fn end(world: &World<'_>, version: &str, verified: &Verified) -> Result<Exit> {
    match verified.failure(version) {
        None => Ok(Exit::Done),
        // The document has said it all.
        Some(failure) if world.report.is_json() => Ok(failure.exit()),
        Some(failure) => Err(failure),
    }
}
