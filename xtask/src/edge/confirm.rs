//! Has a person at a terminal type a word before something is destroyed.

use crate::error::{Context as _, Failure, Result, code};
use std::io::IsTerminal as _;

/// Refuses unless exactly `word` was typed. `what` is a verb with its object, such as `erase it`.
pub fn ask(what: &str, word: &str) -> Result<()> {
    if !can_ask() {
        return Err(Failure::refused(format!("cannot {what}: nobody is here to confirm it"))
            .code(&code::NOT_CONFIRMED)
            .hint("run it at a terminal, or say `--yes`"));
    }
    if typed(&format!("type `{word}` to {what}: "), word)? {
        return Ok(());
    }
    Err(Failure::refused(format!("cannot {what}: `{word}` was not typed"))
        .code(&code::NOT_CONFIRMED))
}

/// Whether a person can be asked: what is typed and what is shown are a terminal's.
fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn typed(question: &str, word: &str) -> Result<bool> {
    let failed = || "failed to ask for a confirmation".to_owned();
    console::Term::stderr().write_str(question).or_outside(failed)?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).or_outside(failed)?;
    Ok(line.trim() == word)
}
