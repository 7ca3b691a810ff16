//! pip-audit of a service's own Python: asks the index what is known against locked wheels.

use crate::edge::files;
use crate::edge::shell::{Output, Shell};
use crate::error::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask_core::check::advisories::pip_audit::SAMPLE;
use xtask_core::command::Command;

/// A list of requirements, and the path under which it is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Relative, and its own.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// It asks for one package after the other.
const ASK_LIMIT: Duration = Duration::from_secs(600);

/// Where the program of the service in `folder` is.
pub fn program(folder: &Path) -> PathBuf {
    folder.join(".venv/bin/pip-audit")
}

/// Asks about the `lists` of requirements, with the program of the service in `folder`.
pub fn lists(shell: &Shell, folder: &Path, lists: &[List]) -> Result<Output> {
    let aside = tempfile::tempdir().or_outside(|| "failed to make a folder".to_owned())?;
    let program = program(folder).display().to_string();
    let mut command = Command::new(&program)
        .args(["--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"])
        .folder(folder.display().to_string())
        .limit(ASK_LIMIT);
    for List { path, text } in lists {
        let file = aside.path().join(path);
        files::make_folder(file.parent().unwrap_or(aside.path()))?;
        files::write(&file, text.as_bytes())?;
        command = command.args(["-r".to_owned(), file.display().to_string()]);
    }
    shell.observe(&command)
}

/// Asks about the sample.
pub fn sample(shell: &Shell, folder: &Path) -> Result<Output> {
    let sample = List { path: "sample.txt".to_owned(), text: SAMPLE.to_owned() };
    lists(shell, folder, &[sample])
}
