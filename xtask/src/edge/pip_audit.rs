//! pip-audit of a service's own Python: asks the index what is known against locked wheels.

use crate::edge::files;
use crate::edge::shell::{Output, Shell};
use crate::error::{Context as _, Result};
use std::path::Path;
use xtask_core::advisories::pip_audit::SAMPLE;
use xtask_core::command::Command;

/// Asks about the `lists` of requirements of the service in `folder`.
pub fn lists(shell: &Shell, folder: &Path, lists: &[String]) -> Result<Output> {
    let program = folder.join(".venv/bin/pip-audit").display().to_string();
    let command = Command::new(&program)
        .args(["--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"])
        .folder(folder.display().to_string());
    shell.observe(&lists.iter().fold(command, |command, list| command.args(["-r", list])))
}

/// Asks about the sample.
pub fn sample(shell: &Shell, folder: &Path) -> Result<Output> {
    let aside = tempfile::tempdir().or_outside(|| "failed to make a folder".to_owned())?;
    let list = aside.path().join("requirements.txt");
    files::write(&list, SAMPLE.as_bytes())?;
    lists(shell, folder, &[list.display().to_string()])
}
