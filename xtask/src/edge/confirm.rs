//! Asks a person at a terminal to type a word before something is destroyed.

use crate::error::{Context as _, Result};
use std::io::IsTerminal as _;

/// Whether a person can be asked: what is typed and what is shown are a terminal's.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for `word`; tells whether exactly that was typed.
pub fn typed(question: &str, word: &str) -> Result<bool> {
    let failed = || "failed to ask for a confirmation".to_owned();
    console::Term::stderr().write_str(question).or_outside(failed)?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).or_outside(failed)?;
    Ok(line.trim() == word)
}
