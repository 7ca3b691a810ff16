//! Which values of variables reach a container through Coolify as they are, and in which form they
//! are sent for that. Coolify trims a value, writes it into an env file, and Docker compose reads
//! that file: each of the three changes something. What cannot be written so that it survives is
//! refused; `value/tests.rs` holds this to what a running Coolify did.

use crate::secret::Secret;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The longest that Linux hands to a program, with room for the name before it.
const LONGEST: usize = 128 * 1024 - 257;

/// What Coolify is sent for a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The text, which is not always the value.
    pub text: Secret,
    /// Coolify writes it between single quotes: nothing in it is expanded.
    pub is_literal: bool,
    /// It has several lines.
    pub is_multiline: bool,
}

/// Why a value cannot survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// Coolify stores none of them.
    #[error("it is empty, and Coolify stores no empty value")]
    Blank,
    /// Coolify trims values.
    #[error("it begins or ends with a blank or a line break, which Coolify takes away")]
    Trimmed,
    /// Compose makes something else of it, or nothing.
    #[error("it holds a carriage return")]
    CarriageReturn,
    /// No program can be handed one.
    #[error("it holds a NUL character")]
    Nul,
    /// It would take the closing quote's meaning away.
    #[error("it ends with a backslash, which fails the deployment")]
    TrailingBackslash,
    /// Together they end the quoted text.
    #[error("a backslash stands before a single quote, which fails the deployment")]
    BackslashBeforeQuote,
    /// JSON is written without quotes, whatever was asked for.
    #[error("it is JSON with a `$`, which would be expanded: Coolify does not quote JSON")]
    JsonDollar,
    #[error("it is JSON over several lines, which fails the deployment: put it on one line")]
    JsonLines,
    #[error("it is JSON with ` #`, which would be cut there: Coolify does not quote JSON")]
    JsonComment,
    /// Whether it is JSON decides whether it is quoted.
    #[error("it may be JSON, and reads differently if it is")]
    JsonDoubt,
    /// Coolify puts shared variables in.
    #[error("it holds `{{{{` before the name of a shared variable, which Coolify would replace")]
    Shared,
    /// No program can be handed it.
    #[error("it is longer than what a program can be handed in one variable (128 KiB)")]
    TooLong,
}

/// What Coolify is sent so that the container sees `value`, or why that cannot be.
pub fn sent(value: &str) -> Result<Sent, Reason> {
    if let Some(reason) = lost_on_the_way(value) {
        return Err(reason);
    }
    match json(value) {
        Json::Yes => unquoted(value).map_or(Ok(Sent::of(value, value)), Err),
        Json::No => quoted(value),
        Json::Perhaps => match (unquoted(value), quoted(value)) {
            (None, Ok(sent)) if sent.text.expose() == value => Ok(sent),
            _ => Err(Reason::JsonDoubt),
        },
    }
}

impl Sent {
    fn of(value: &str, text: &str) -> Self {
        let is_multiline = value.contains('\n');
        Self { text: Secret::new(text), is_literal: true, is_multiline }
    }
}

/// What no form helps against.
fn lost_on_the_way(value: &str) -> Option<Reason> {
    if value.chars().all(is_trimmed) {
        return Some(Reason::Blank);
    }
    if value.contains('\0') {
        return Some(Reason::Nul);
    }
    if value.starts_with(is_trimmed) || value.ends_with(is_trimmed) {
        return Some(Reason::Trimmed);
    }
    if value.contains('\r') {
        return Some(Reason::CarriageReturn);
    }
    if names_a_shared_variable(value) {
        return Some(Reason::Shared);
    }
    (value.len() > LONGEST).then_some(Reason::TooLong)
}

/// What Laravel trims: blanks of any kind, and characters that nobody sees.
fn is_trimmed(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\0' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}

fn names_a_shared_variable(value: &str) -> bool {
    let braces = |c: char| c == '{' || c.is_whitespace();
    let mut openings = value.split("{{").skip(1).map(|rest| rest.trim_start_matches(braces));
    let scopes = ["team.", "project.", "environment.", "server."];
    openings.any(|rest| scopes.iter().any(|scope| rest.starts_with(scope)))
}

/// Between single quotes nothing is special but the quote itself and the backslash before it.
fn quoted(value: &str) -> Result<Sent, Reason> {
    if value.ends_with('\\') {
        return Err(Reason::TrailingBackslash);
    }
    if value.contains("\\'") {
        return Err(Reason::BackslashBeforeQuote);
    }
    Ok(Sent::of(value, &value.replace('\'', "\\'")))
}

/// Why a value that is written without quotes would be read as another one.
fn unquoted(value: &str) -> Option<Reason> {
    let is_comment = |(index, _)| value[..index].ends_with(char::is_whitespace);
    if value.contains('\n') {
        Some(Reason::JsonLines)
    } else if value.contains('$') {
        Some(Reason::JsonDollar)
    } else {
        value.match_indices('#').any(is_comment).then_some(Reason::JsonComment)
    }
}

/// Whether PHP reads a text as an object or a list.
enum Json {
    Yes,
    No,
    /// Ours and PHP's readers differ at the edges: depth, large numbers, halves of surrogates.
    Perhaps,
}

fn json(value: &str) -> Json {
    if !value.starts_with(['{', '[']) {
        return Json::No;
    }
    // PHP reads `TRUE` as well.
    let widest = value.to_ascii_lowercase();
    match (serde_json::from_str::<Value>(value), serde_json::from_str::<IgnoredAny>(&widest)) {
        (Ok(_), _) => Json::Yes,
        (Err(_), Ok(_)) => Json::Perhaps,
        (Err(_), Err(_)) => Json::No,
    }
}

#[cfg(test)]
mod tests;
