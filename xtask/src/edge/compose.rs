//! Compose, by whichever of its two programs this machine has.

use crate::edge::shell::{Shell, command};
use crate::error::{Failure, Result, code};
use std::path::Path;
use xtask_core::command::Command;
use xtask_core::dev::Stack;

/// The beginning of every command about `stack`, whose variables are in the file `variables`.
pub fn command_of(shell: &Shell, stack: &Stack, variables: &Path) -> Result<Command> {
    let variables = variables.display().to_string();
    let words = ["--project-name", &stack.name, "--file", stack.file(), "--env-file", &variables];
    Ok(program(shell)?.args(words))
}

/// The plugin of Docker's client, which is version 2 or newer, or else the program of its own.
fn program(shell: &Shell) -> Result<Command> {
    if shell.observe(&command!("docker compose version"))?.succeeded() {
        return Ok(Command::new("docker").arg("compose"));
    }
    if shell.find("docker-compose").is_some() {
        return Ok(Command::new("docker-compose"));
    }
    Err(Failure::outside("cannot use Compose: it is not installed")
        .code(&code::TOOL_MISSING)
        .hint("Debian: `apt-get install docker-compose`; `./x doctor` lists every tool"))
}
