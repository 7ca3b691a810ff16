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
    let text = if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("{what}: ")).or_outside(failed)?;
        terminal.read_secure_line().or_outside(failed)?
    } else {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
        if read.or_outside(failed)? as u64 > LONGEST {
            return Err(unfit(what, "it is longer than 1 MiB"));
        }
        // The error would hold the text.
        String::from_utf8(bytes).map_err(|_| unfit(what, "it is no text in UTF-8"))?
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(unfit(what, "nothing was given")
            .hint("write it on standard input, or type it when asked"));
    }
    Ok(Secret::new(text))
}

fn unfit(what: &str, why: &str) -> Failure {
    Failure::refused(format!("cannot use {what}: {why}")).code(&code::SECRET_UNFIT)
}
