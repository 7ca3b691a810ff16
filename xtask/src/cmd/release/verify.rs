//! `release verify`: whether everything of a release belongs together. The verdict is signed.

use super::releases;
use crate::attest::{SigningKey, key_at_hand, public_keys, signing_key};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::ReleaseVerify;
use crate::report::table;
use crate::ship::release::{Verified, verify};
use crate::world::World;
use serde_json::json;
use xtask_core::ship::release::check::{Check, Verdict};
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
    end(world, flags, &verified)
}

/// The key that was named, or the one of `deploy.toml` if it is at hand.
fn signer(flags: &ReleaseVerify, world: &World<'_>) -> Result<Option<SigningKey>> {
    if flags.key.is_some() {
        return signing_key(world, flags.key.as_ref()).map(Some);
    }
    let key = key_at_hand(world);
    Ok(key.unwrap_or_else(|failure| {
        world.report.warning(&format!("the verdict is not signed: {}", failure.first_line()));
        None
    }))
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
fn end(world: &World<'_>, flags: &ReleaseVerify, verified: &Verified) -> Result<Exit> {
    let (name, version) = (&flags.of.environment, &flags.of.release);
    let of = |verdict| verified.checks.iter().filter(move |it| it.verdict == verdict);
    let failure = match verified.verdict {
        Verdict::Good | Verdict::Skipped => return Ok(Exit::Done),
        Verdict::Bad => {
            Failure::refused(format!("release `{version}` is not what `{name}` asks for"))
                .code(&code::RELEASE_REFUSED)
        }
        Verdict::Unknown => {
            Failure::outside(format!("failed to find out whether release `{version}` is whole"))
                .code(&code::RELEASE_UNCHECKED)
                .hint("run it again when the registry answers; nothing was signed")
        }
    };
    let reason =
        |failure: Failure, check: &Check| failure.reason(format!("{}: {}", check.what, check.said));
    let failure = of(verified.verdict).fold(failure, reason);
    let hint = of(verified.verdict).find_map(|check| check.hint.clone());
    let failure = hint.into_iter().fold(failure, Failure::hint);
    if world.report.is_json() {
        // The document has said it all.
        return Ok(failure.exit());
    }
    Err(failure)
}
