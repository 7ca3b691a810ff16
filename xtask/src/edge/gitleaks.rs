//! gitleaks, and how much of the history is here for it.

use crate::edge::shell::{Output, Shell};
use crate::error::Result;
use xtask_core::command::Command;
use xtask_core::leaks::{self, Scope};

/// What it says of `scope`.
pub fn look(shell: &Shell, scope: Scope) -> Result<Output> {
    shell.observe(&leaks::command(scope))
}

/// Whether this clone holds the newest commits only.
pub fn is_shallow(shell: &Shell) -> Result<bool> {
    let question = Command::new("git").args(["rev-parse", "--is-shallow-repository"]);
    Ok(shell.run(&question)?.text() == "true")
}
