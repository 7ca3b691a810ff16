//! A secret that a person types without echo, or that a program writes on our standard input. Never
//! from an argument: every user of the machine sees those.

use crate::error::{Context as _, Failure, Result, code};
use std::io::{IsTerminal as _, Read as _};
use xtask_core::secret::Secret;

/// More would be a file by mistake.
const LONGEST: u64 = 1 << 20;

/// Reads `what`; the one line break at its end is not part of it.
pub fn secret(what: &str) -> Result<Secret> {
    let failed = || format!("failed to read {what}");
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("{what}: ")).or_outside(failed)?;
        text = terminal.read_secure_line().or_outside(failed)?;
    } else {
        // An error of the reader tells a place, not the text.
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).or_outside(failed)?;
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::refused(format!("cannot use {what}: nothing was given"))
            .code(&code::SECRET_UNFIT)
            .hint("write it on standard input, or type it when asked"));
    }
    Ok(Secret::new(text))
}
