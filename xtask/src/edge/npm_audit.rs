//! `npm audit`: asks the registry what is known against the packages of a lock.

use crate::edge::files;
use crate::edge::shell::{Output, Shell};
use crate::error::{Context as _, Result};
use std::time::Duration;
use xtask_core::check::advisories::npm::{SAMPLE_LOCK, SAMPLE_MANIFEST};
use xtask_core::command::Command;

/// npm asks several times, with half a minute for each answer.
const ASK_LIMIT: Duration = Duration::from_secs(300);

/// Asks about the lock in `folder`.
pub fn lock(shell: &Shell, folder: &str) -> Result<Output> {
    let retries = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"];
    let command = Command::new("npm").args(["audit", "--json", "--package-lock-only"]);
    let command = command.limit(ASK_LIMIT);
    shell.observe(&command.args(retries).folder(folder))
}

/// Asks about the sample.
pub fn sample(shell: &Shell) -> Result<Output> {
    let folder = tempfile::tempdir().or_outside(|| "failed to make a folder".to_owned())?;
    files::write(&folder.path().join("package.json"), SAMPLE_MANIFEST.as_bytes())?;
    files::write(&folder.path().join("package-lock.json"), SAMPLE_LOCK.as_bytes())?;
    lock(shell, &folder.path().display().to_string())
}
