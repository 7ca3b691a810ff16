//! What installed packages promise or ask for, judged before they become a layer.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::path::Path;
use xtask_core::lock::Lock;
use xtask_core::npm::judge_scripts;
use xtask_core::platform::Platform;
use xtask_core::wheel::{Glibc, Needs, sources};

/// Refuses packages of the lock in `folder` whose install scripts nobody has judged: they are
/// not run, so what they would have made is missing.
pub(super) fn check_scripts(
    folder: &Path,
    optional: bool,
    declared: &[(String, String)],
) -> Result<()> {
    let file = folder.join("package-lock.json");
    let findings = judge_scripts(&files::read(&file)?, optional, declared);
    let findings = findings.or_usage(|| format!("cannot read `{}`", file.display()))?;
    if findings.is_empty() {
        return Ok(());
    }
    let shown = file.display();
    let mut failure = Failure::refused(format!("cannot use the packages of `{shown}`"));
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

/// Refuses a list that names source packages.
pub(super) fn check_sources(requirements: &Path) -> Result<()> {
    let sources = sources(&files::read(requirements)?);
    if sources.is_empty() {
        return Ok(());
    }
    let shown = requirements.display();
    Err(Failure::refused(format!("cannot install `{shown}`: it names what is no wheel"))
        .reason(format!("`{}`: building it would run its code here", sources.join("`, `")))
        .hint("name a wheel, which is unpacked only"))
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
    let said = format!("cannot use wheels that do not fit the base on {platform}");
    let failure = refused.into_iter().fold(Failure::refused(said), Failure::reason);
    Err(failure.hint(
        "lock an older version of the wheel, or stand on a base with `libc6` that is new enough",
    ))
}
