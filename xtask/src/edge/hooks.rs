//! Where git looks for hooks, and what is staged.

use crate::edge::files;
use crate::edge::shell::{Shell, command};
use crate::error::{Context as _, Result};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use xtask_core::secret::Secret;

/// The folder in which git looks for hooks; `core.hooksPath` has a say.
pub fn folder(shell: &Shell, root: &Path) -> Result<PathBuf> {
    let output = shell.run(&command!("git rev-parse --git-path hooks"))?;
    Ok(root.join(output.text()))
}

/// The folder that all work trees of this repository share.
pub fn repository(shell: &Shell, root: &Path) -> Result<PathBuf> {
    let output = shell.run(&command!("git rev-parse --git-common-dir"))?;
    Ok(root.join(output.text()))
}

/// The files that would be committed with another content than before.
pub fn staged(shell: &Shell) -> Result<Vec<String>> {
    let diff = command!("git diff --cached --name-only -z --diff-filter=ACMR");
    let listed = shell.run(&diff)?.text();
    Ok(listed.split('\0').filter(|it| !it.is_empty()).map(ToOwned::to_owned).collect())
}

/// What would be committed of `file`.
pub fn content(shell: &Shell, file: &str) -> Result<Secret> {
    let output = shell.run(&command!("git show :{file}"))?;
    Ok(Secret::new(String::from_utf8_lossy(&output.stdout)))
}

/// Writes a hook that git will run.
pub fn write(path: &Path, text: &str) -> Result<()> {
    files::write(path, text.as_bytes())?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .or_outside(|| format!("failed to make `{}` executable", path.display()))
}
