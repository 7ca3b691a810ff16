//! The registry's own words about a refusal: `{"errors":[{code,message,detail}]}`, or whatever
//! a proxy in between wrote.

use serde::Deserialize;
use std::fmt;

/// The longest text of a refusal that we repeat.
const TEXT_LIMIT: usize = 300;

/// What a registry said when it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The codes, such as `DENIED` or `MANIFEST_BLOB_UNKNOWN`; empty when it spoke no JSON.
    pub codes: Vec<String>,
    /// Its words, cut to a length and to printable characters.
    pub text: String,
}

#[derive(Deserialize)]
struct Body {
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: Option<String>,
}

impl Refusal {
    /// Reads the body of a refusal.
    pub(super) fn of(body: &[u8]) -> Self {
        match serde_json::from_slice::<Body>(body) {
            Ok(body) => Self {
                codes: body.errors.iter().map(|entry| entry.code.to_ascii_uppercase()).collect(),
                text: printable(&join(&body.errors)),
            },
            Err(_) => Self { codes: Vec::new(), text: printable(&String::from_utf8_lossy(body)) },
        }
    }

    /// Whether one of the codes is `code`.
    pub fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|own| own == code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.is_empty() {
            true => formatter.write_str("the registry gave no reason"),
            false => write!(formatter, "the registry said: {}", self.text),
        }
    }
}

impl std::error::Error for Refusal {}

fn join(entries: &[Entry]) -> String {
    let line = |entry: &Entry| match entry.message.as_deref() {
        None | Some("") => entry.code.clone(),
        Some(message) => format!("{}: {message}", entry.code),
    };
    entries.iter().map(line).collect::<Vec<_>>().join("; ")
}

/// One line of at most `TEXT_LIMIT` characters that cannot move a terminal's cursor.
fn printable(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = words.chars().filter(|character| !character.is_control());
    let mut cut: String = plain.take(TEXT_LIMIT + 1).collect();
    if cut.chars().count() > TEXT_LIMIT {
        cut.pop();
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_code_and_message_of_every_entry() {
        let refusal = Refusal::of(
            br#"{"errors":[{"code":"denied","message":"no"},{"code":"DENIED","detail":{}}]}"#,
        );
        assert_eq!(refusal.to_string(), "the registry said: denied: no; DENIED");
        assert!(refusal.has("DENIED"));
    }

    #[test]
    fn repeats_a_proxys_page_in_one_printable_line_of_limited_length() {
        let page = format!("<html>\n\x1b[2J {}", "x".repeat(5000));
        let refusal = Refusal::of(page.as_bytes());
        assert_eq!(refusal.text.chars().count(), TEXT_LIMIT + 1);
        assert!(refusal.text.starts_with("<html> [2J xxx") && refusal.text.ends_with('…'));
        assert_eq!(refusal.codes, Vec::<String>::new());
    }

    #[test]
    fn an_empty_body_is_said_to_be_no_reason() {
        assert_eq!(Refusal::of(b"").to_string(), "the registry gave no reason");
    }
}
