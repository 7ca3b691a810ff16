//! Coolify's own words, made fit for other people's eyes: it quotes pieces of what it was sent.

use std::fmt;

/// The longest that is repeated.
const LONGEST: usize = 160;
/// As long a piece of a secret inside a word is taken for one.
const PIECE: usize = 4;
/// What Coolify puts before something that it quotes.
const BEFORE_A_QUOTE: [char; 9] = [':', '"', '`', '[', '<', '{', '\n', '\u{201c}', '\u{2018}'];

/// A message of Coolify's as far as it quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    /// The message without what it quotes, and without any word of these secrets.
    pub(crate) fn of(message: &str, secrets: &[&str]) -> Self {
        let plain = message.trim().split(BEFORE_A_QUOTE).next().unwrap_or_default();
        let plain = plain.split(" '").next().unwrap_or_default();
        let plain: String = plain.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let said = without(&plain, secrets).trim_end().to_owned();
        Self(if said.is_empty() { "nothing that can be repeated".to_owned() } else { said })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text, each of its words that stands in a secret, or holds a piece of one, struck out.
pub(super) fn without(text: &str, secrets: &[&str]) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = |c: char| c.is_alphanumeric();
        let start = rest.find(is_word).unwrap_or(rest.len());
        let (between, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        kept.push_str(between);
        kept.push_str(if is_of_a_secret(word, secrets) { "…" } else { word });
        rest = after;
    }
    kept
}

fn is_of_a_secret(word: &str, secrets: &[&str]) -> bool {
    let letters: Vec<char> = word.chars().collect();
    let has = |piece: &[char]| {
        let piece: String = piece.iter().collect();
        secrets.iter().any(|secret| secret.contains(&piece))
    };
    (letters.len() >= 3 && has(&letters)) || letters.windows(PIECE).any(has)
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Coolify said: {}", self.0)
    }
}

impl std::error::Error for Said {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_cut() {
        let cut = |message: &str| Said::of(message, &[]).0;
        assert_eq!(cut("This field is required."), "This field is required.");
        assert_eq!(cut("Invalid URL: hunter2"), "Invalid URL");
        assert_eq!(cut("failed to read .env: line 3: \"hunter2\""), "failed to read .env");
        assert_eq!(cut("unexpected 'hunter2' there"), "unexpected");
        assert_eq!(cut("one\ntwo hunter2"), "one");
        assert_eq!(cut("\u{1b}[31mred"), "nothing that can be repeated");
        assert_eq!(cut(&"a b ".repeat(100)).len(), LONGEST - 1);
    }

    #[test]
    fn words_of_a_secret_are_struck_out_wherever_they_stand() {
        let said = Said::of("near hunter2x and xhunter2 of pass, fine", &["my pass hunter2xyz"]);
        assert_eq!(said.0, "near … and … of …, fine");
        assert_eq!(Said::of("ünïcödé there", &["xünïcödéx"]).0, "… there");
    }
}
