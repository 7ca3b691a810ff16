//! cargo-deny, asked for advisories. It fetches their database with git by itself.

use crate::edge::shell::Shell;
use crate::error::Result;
use std::time::Duration;
use xtask_core::command::Command;

/// The first time it fetches the whole history of the database.
const ASK_LIMIT: Duration = Duration::from_secs(900);

/// What it says of the workspace's lock: JSON lines.
pub fn advisories(shell: &Shell) -> Result<String> {
    let command = Command::new("cargo-deny")
        .args(["--format", "json", "--color", "never", "check", "advisories"])
        // A server that goes silent is given up on, and nobody is asked for a password.
        .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "30")
        .env("GIT_TERMINAL_PROMPT", "0")
        .limit(ASK_LIMIT);
    Ok(shell.observe(&command)?.stderr)
}
