//! What installed packages promise or ask for, judged before they become a layer.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::path::Path;
use xtask_core::image::lock::Lock;
use xtask_core::image::npm::NpmLock;
use xtask_core::image::wheel::{Glibc, Needs};
use xtask_core::platform::Platform;

/// Refuses packages of `lock` in `file` whose install scripts nobody has reviewed: they are
/// not run, so what they would have made is missing.
pub(super) fn check_scripts(
    file: &str,
    lock: &NpmLock,
    optional: bool,
    declared: &[(String, String)],
) -> Result<()> {
    let findings = lock.judge_scripts(optional, declared);
    if findings.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::refused(format!("cannot use the packages of `{file}`"));
    for name in &findings.undeclared {
        failure = failure.reason(format!(
            "`{name}` wants to run a script when it is installed, and no script is run"
        ));
    }
    for name in &findings.stale {
        failure = failure.reason(format!("`{name}` is declared under `scripts` and has none"));
    }
    Err(failure.hint("read each script, then say in the layer why it is not needed: scripts = { \"NAME\" = \"…\" }; or take the package out"))
}

/// The C library that the image's base brings.
pub(in crate::image) fn glibc(lock: &Lock, platform: Platform) -> Option<Glibc> {
    Glibc::of_package(&lock.package("libc6", platform)?.version)
}

/// Refuses wheels in `folder` that need another C library than `found`.
pub(super) fn check_wheels(folder: &Path, found: Option<Glibc>, platform: Platform) -> Result<()> {
    let failed = || format!("failed to list `{}`", folder.display());
    let mut refused = Vec::new();
    for entry in std::fs::read_dir(folder).or_outside(failed)? {
        let entry = entry.or_outside(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(wheel) = name.strip_suffix(".dist-info") else { continue };
        let text = files::read_if_there(&entry.path().join("WHEEL"))?.unwrap_or_default();
        let refusal = Needs::of_wheel(&text).refusal(found);
        refused.extend(refusal.map(|why| format!("`{wheel}`: {why}")));
    }
    if refused.is_empty() {
        return Ok(());
    }
    refused.sort_unstable();
    let message = format!("cannot use wheels that do not fit the base on {platform}");
    let failure = refused.into_iter().fold(Failure::refused(message), Failure::reason);
    Err(failure.hint(
        "lock an older version of the wheel, or stand on a base with `libc6` that is new enough",
    ))
}
