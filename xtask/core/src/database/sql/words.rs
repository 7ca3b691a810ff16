//! The words of a statement, as Postgres' scanner tells them apart.

use super::{Name, depth};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};
use std::ops::Range;

/// One word, number, text or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As Postgres takes it: small letters, unless it is quoted.
    text: String,
    kind: Kind,
    range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A keyword or a name without quotes.
    Plain,
    /// A name in double quotes.
    Quoted,
    /// A text, in quotes or between dollars.
    Text,
    /// A number or a sign.
    Other,
}

/// Some words in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(Vec<Word>);

impl Words {
    /// The words below a node; comments and space are none.
    pub(super) fn of(node: &SyntaxNode) -> Self {
        let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
        let words = tokens.filter(|token| !token.kind().is_trivia());
        Self(
            words
                .map(|token| word(token.kind(), token.text(), token.text_range().into()))
                .collect(),
        )
    }

    /// The words of a text that stands inside another, such as a function's body, in whatever
    /// language: what is no SQL is told apart by the same scanner.
    pub(super) fn within(text: &str) -> Self {
        Self::of(&SourceFile::parse(&depth::flattened(text)).syntax_node())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// From the first word to the end of the last.
    pub(super) fn range(&self) -> Range<usize> {
        let (first, last) = (self.0.first(), self.0.last());
        first.map_or(0, |it| it.range.start)..last.map_or(0, |it| it.range.end)
    }

    /// The keyword, plain name, number or sign at a place.
    pub(super) fn at(&self, at: usize) -> &str {
        self.0
            .get(at)
            .filter(|it| matches!(it.kind, Kind::Plain | Kind::Other))
            .map_or("", |it| &it.text)
    }

    /// The text in quotes at a place, without them.
    pub(super) fn text_at(&self, at: usize) -> Option<&str> {
        self.0.get(at).filter(|it| it.kind == Kind::Text).map(|it| it.text.as_str())
    }

    /// Whether a name, quoted or not, or a number or a sign stands at a place.
    pub(super) fn value_at(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(|it| it.text.as_str())
    }

    /// Whether these words stand at a place, one after the other.
    pub(super) fn is_at(&self, at: usize, words: &str) -> bool {
        words.split(' ').enumerate().all(|(offset, word)| self.at(at + offset) == word)
    }

    /// Whether it begins with these words.
    pub(super) fn begins(&self, words: &str) -> bool {
        self.is_at(0, words)
    }

    /// Where these words stand first, one after the other.
    pub(super) fn find(&self, words: &str) -> Option<usize> {
        (0..self.len()).find(|at| self.is_at(*at, words))
    }

    pub(super) fn has(&self, words: &str) -> bool {
        self.find(words).is_some()
    }

    /// The place behind these words, if they stand at a place; else that place.
    pub(super) fn past(&self, at: usize, words: &str) -> usize {
        if self.is_at(at, words) { at + words.split(' ').count() } else { at }
    }

    /// The place behind a name with its schema, and the name.
    pub(super) fn name_at(&self, at: usize) -> Option<(Name, usize)> {
        let mut parts = vec![self.part_at(at)?];
        let mut next = at + 1;
        while self.at(next) == "." {
            parts.push(self.part_at(next + 1)?);
            next += 2;
        }
        let name = parts.pop()?;
        Some((Name { schema: parts.pop(), name }, next))
    }

    /// A name without a schema.
    pub(super) fn part_at(&self, at: usize) -> Option<String> {
        let word = self.0.get(at)?;
        matches!(word.kind, Kind::Plain | Kind::Quoted).then(|| word.text.clone())
    }

    /// All names of a list that begins at a place; what stands in brackets behind one is passed by.
    pub(super) fn names_at(&self, at: usize) -> Vec<Name> {
        let mut names = Vec::new();
        let mut at = self.past(at, "only");
        while let Some((name, next)) = self.name_at(at) {
            names.push(name);
            let next = self.past(self.past_bracket(next), "*");
            if self.at(next) != "," {
                break;
            }
            at = self.past(next + 1, "only");
        }
        names
    }

    /// The words from a place on.
    pub(super) fn from(&self, at: usize) -> Self {
        Self(self.0.get(at..).unwrap_or_default().to_vec())
    }

    /// The words from a place on, cut at each comma that stands in no bracket.
    pub(super) fn parts(&self, at: usize) -> Vec<Self> {
        let mut depth = 0_usize;
        let mut parts = vec![Self(Vec::new())];
        for word in self.0.get(at..).unwrap_or_default() {
            match word.text.as_str() {
                "(" | "[" if word.kind == Kind::Other => depth += 1,
                ")" | "]" if word.kind == Kind::Other => depth = depth.saturating_sub(1),
                "," if word.kind == Kind::Other && depth == 0 => {
                    parts.push(Self(Vec::new()));
                    continue;
                }
                _ => {}
            }
            if let Some(part) = parts.last_mut() {
                part.0.push(word.clone());
            }
        }
        parts
    }

    /// The places that stand in no bracket.
    pub(super) fn outside_brackets(&self) -> impl Iterator<Item = usize> {
        let mut depth = 0_usize;
        (0..self.len()).filter(move |at| {
            match self.at(*at) {
                "(" | "[" => depth += 1,
                ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
    }

    /// Where a word stands first that is in no bracket.
    pub(super) fn find_outside(&self, word: &str) -> Option<usize> {
        self.outside_brackets().find(|at| self.at(*at) == word)
    }

    /// The words before a place.
    pub(super) fn until(&self, at: usize) -> Self {
        Self(self.0[..at.min(self.len())].to_vec())
    }

    /// The words, cut at each semicolon.
    pub(super) fn statements(&self) -> Vec<Self> {
        let is_end = |word: &Word| word.kind == Kind::Other && word.text == ";";
        self.0.split(is_end).map(|words| Self(words.to_vec())).collect()
    }

    /// What stands between the bracket at a place and its partner.
    pub(super) fn bracket_at(&self, at: usize) -> Option<Self> {
        if self.at(at) != "(" {
            return None;
        }
        let mut depth = 0_usize;
        for end in at..self.len() {
            match self.at(end) {
                "(" => depth += 1,
                ")" if depth == 1 => return Some(Self(self.0[at + 1..end].to_vec())),
                ")" => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// The place behind the bracket that opens at a place; without one that place.
    fn past_bracket(&self, at: usize) -> usize {
        self.bracket_at(at).map_or(at, |it| at + it.len() + 2)
    }

    /// The texts in quotes or between dollars, from a place on.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|it| it.kind == Kind::Text).map(|it| it.text.as_str())
    }

    /// The first words as they are typed, in large letters.
    pub(super) fn shown(&self, count: usize) -> String {
        let shown: Vec<String> = (0..count).map(|at| self.at(at).to_uppercase()).collect();
        shown.join(" ").trim().to_owned()
    }
}

fn word(kind: SyntaxKind, text: &str, range: Range<usize>) -> Word {
    let quoted = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let (kind, text) = match kind {
        SyntaxKind::IDENT if quoted.is_some() => {
            (Kind::Quoted, quoted.unwrap_or_default().replace("\"\"", "\""))
        }
        SyntaxKind::STRING | SyntaxKind::ESC_STRING | SyntaxKind::UNICODE_ESC_STRING => {
            let body = text.split_once('\'').map_or(text, |(_, body)| body);
            (Kind::Text, body.strip_suffix('\'').unwrap_or(body).replace("''", "'"))
        }
        SyntaxKind::DOLLAR_QUOTED_STRING => (Kind::Text, between_dollars(text).to_owned()),
        _ if text.starts_with(|it: char| it.is_alphabetic() || it == '_') => {
            (Kind::Plain, text.to_lowercase())
        }
        _ => (Kind::Other, text.to_owned()),
    };
    Word { text, kind, range }
}

/// `$tag$ … $tag$` without its ends.
fn between_dollars(text: &str) -> &str {
    let end = text[1..].find('$').map_or(text.len(), |at| at + 2);
    let body = &text[end..];
    body.strip_suffix(&text[..end]).unwrap_or(body)
}
