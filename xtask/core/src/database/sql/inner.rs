//! Statements that stand inside others: in brackets, behind `WITH`, behind `EXPLAIN ANALYZE`.

use super::effects::kind_at;
use super::words::Words;

/// What begins a statement that changes rows.
const WRITES: [&str; 4] = ["delete", "update", "merge", "insert"];

/// Every statement that is run as a part of this one.
pub(super) fn of(words: &Words) -> Vec<Words> {
    // What a function or a rule is made of is not run now.
    if matches!(words.at(kind_at(words)), "function" | "procedure" | "rule") {
        return Vec::new();
    }
    let mut found: Vec<Words> = behind(words).into_iter().collect();
    let mut at = 0;
    while at < words.len() {
        let begins = words.at(at) == "(" && is_statement(words, at + 1);
        let inside = if begins { words.bracket_at(at) } else { None };
        at += inside.as_ref().map_or(1, |it| it.len() + 2);
        found.extend(inside);
    }
    found
}

fn is_statement(words: &Words, at: usize) -> bool {
    WRITES.contains(&words.at(at)) || matches!(words.at(at), "with" | "select" | "(")
}

/// The statement that follows a `WITH`, an `EXPLAIN ANALYZE` or a `PREPARE`.
fn behind(words: &Words) -> Option<Words> {
    let begins = |at: &usize| {
        let (before, word) = (words.at(at.saturating_sub(1)), words.at(*at));
        // `SELECT … FOR UPDATE` writes nothing.
        let is_lock = matches!(before, "for" | "key");
        *at > 0 && !is_lock && (WRITES.contains(&word) || word == "with")
    };
    match words.at(0) {
        "with" | "prepare" => {}
        "explain" if words.has("analyze") => {}
        _ => return None,
    }
    words.outside_brackets().find(begins).map(|at| words.from(at))
}
