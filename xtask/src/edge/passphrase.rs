//! A passphrase: from a variable, from the terminal without echo, or from standard input. Never
//! from an argument.

use crate::error::{Context as _, Failure, Result};
use std::io::{BufRead as _, IsTerminal as _};
use xtask_core::secret::Secret;

/// The variable that is asked first.
pub const VARIABLE: &str = "XTASK_KEY_PASSPHRASE";

/// Asks a person for the passphrase of `what`, and leaves standard input to others.
pub fn ask_person(what: &str) -> Result<Secret> {
    let given = std::env::var(VARIABLE).is_ok_and(|text| !text.is_empty());
    if given || std::io::stdin().is_terminal() {
        return ask(what);
    }
    Err(Failure::refused(format!("cannot use {what}: nobody can be asked for its passphrase"))
        .hint(format!("set `{VARIABLE}` for this command only, or run it at a terminal")))
}

/// Asks for the passphrase of `what`.
pub fn ask(what: &str) -> Result<Secret> {
    if let Some(text) = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()) {
        return Ok(Secret::new(text));
    }
    let failed = || format!("failed to read the passphrase of {what}");
    let text = if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("passphrase of {what}: ")).or_outside(failed)?;
        terminal.read_secure_line().or_outside(failed)?
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).or_outside(failed)?;
        line.trim_end_matches(['\n', '\r']).to_owned()
    };
    if text.is_empty() {
        return Err(Failure::refused(format!("cannot use {what}: no passphrase was given")).hint(
            format!("set `{VARIABLE}` for this command only, or give it on standard input"),
        ));
    }
    Ok(Secret::new(text))
}
