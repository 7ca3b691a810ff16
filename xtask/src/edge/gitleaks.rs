//! gitleaks, and how much of the history is here for it.

use crate::edge::shell::{Output, Shell, command};
use crate::error::Result;
use std::time::Duration;
use xtask_core::check::leaks::{self, Scope};

/// Every commit of a long history is looked at.
const LOOK_LIMIT: Duration = Duration::from_secs(900);

/// What it says of `scope`.
pub fn look(shell: &Shell, scope: Scope) -> Result<Output> {
    shell.observe(&leaks::command(scope).limit(LOOK_LIMIT))
}

/// Whether this clone holds the newest commits only.
pub fn is_shallow(shell: &Shell) -> Result<bool> {
    let question = command!("git rev-parse --is-shallow-repository");
    Ok(shell.run(&question)?.text() == "true")
}
