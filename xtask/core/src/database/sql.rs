//! A migration's SQL, parsed by a parser of Postgres' language: its statements, and where they are.
//!
//! Parsed and never searched: a word in a string, a comment or a function's body is no statement.

mod alone;
mod alter;
mod cluster;
mod create;
mod depth;
mod destroy;
mod effects;
mod inner;
mod lines;
mod lock;
mod names;
mod refused;
mod retype;
#[cfg(test)]
mod tests;
mod ties;
mod traces;
mod words;

pub use alone::Alone;
pub use cluster::Reach;
pub use effects::Effects;
pub(super) use effects::TEMPORARY;
pub(super) use lines::Lines;
pub use lock::{Lock, LockMode, Work};
pub use names::{Name, Object};
pub use refused::Refusal;
pub use retype::Type;
pub use ties::{Tie, TieKind};
pub use traces::Trace;

use squawk_syntax::{Parse, SourceFile, SyntaxKind};
use std::ops::Range;
use words::Words;

/// What a file of SQL holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// In the order in which they are run.
    pub statements: Vec<Statement>,
    /// Why it may not be run, by line. All of them at once.
    pub refusals: Vec<Refusal>,
}

/// A statement, and what is known of it before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// As it is written, without what stands around it and without its semicolon.
    pub text: String,
    /// Where it begins, from 1.
    pub line: usize,
    /// Where it is in the file, in bytes.
    pub range: Range<usize>,
    /// What it is, in the words of the language: `CREATE INDEX CONCURRENTLY`.
    pub what: String,
    /// What it does to what is there.
    pub effects: Effects,
    /// How it can be told afterwards whether it was done.
    pub traces: Vec<Trace>,
    /// What of the whole server it changes.
    pub reaches: Vec<Reach>,
}

impl Script {
    /// Reads a file. What is no SQL is among the refusals.
    pub fn parse(text: &str) -> Self {
        if text.starts_with('\u{feff}') {
            let why = "it begins with a byte order mark (BOM), which is no SQL; save it as UTF-8 \
                without one";
            return Self::refused(1, why.to_owned());
        }
        if let Some(place) = lone_return(text) {
            let why = "a carriage return stands alone there: Postgres takes it for the end of a line, \
                and of a comment, and most editors show none; save it with LF or CR LF";
            return Self::refused(Lines::of(text).at(place), why.to_owned());
        }
        if let Some(place) = depth::too_deep(text) {
            return Self::refused(Lines::of(text).at(place), depth::why());
        }
        let parsed = SourceFile::parse(text);
        let (words, lines) = (statements(&parsed), Lines::of(text));
        let mut refusals = Vec::new();
        let mut statements = Vec::new();
        for (kind, words) in &words {
            let statement = statement(text, &lines, words);
            refusals.extend(refused::of(*kind, words, statement.line));
            statements.push(statement);
        }
        refusals.extend(refused::together(&statements));
        refusals.extend(refused::unread(&lines, &parsed, &refusals));
        if let Some(misread) = refused::misread(&lines, &parsed) {
            // What follows it is told apart wrongly, and says nothing.
            refusals.retain(|refusal| refusal.line < misread.line);
            refusals.push(misread);
        }
        refusals.sort_by_key(|refusal| refusal.line);
        Self { statements, refusals }
    }

    /// The comments of a file that can be read.
    pub(super) fn comments(text: &str) -> Vec<String> {
        if depth::too_deep(text).is_some() {
            return Vec::new();
        }
        let tree = SourceFile::parse(text).syntax_node();
        let tokens = tree.descendants_with_tokens().filter_map(|it| it.into_token());
        let comments = tokens.filter(|token| token.kind() == SyntaxKind::COMMENT);
        comments.map(|token| token.text().to_owned()).collect()
    }

    /// What cannot be read at all.
    fn refused(line: usize, why: String) -> Self {
        Self { statements: Vec::new(), refusals: vec![Refusal { line, why }] }
    }

    /// Whether there is anything to look at.
    pub(super) fn is_read(&self) -> bool {
        !self.statements.is_empty()
    }

    /// Which statement stands at a place of the file.
    pub(super) fn position(&self, place: usize) -> Option<usize> {
        let behind = self.statements.partition_point(|it| it.range.end <= place);
        self.statements.get(behind).filter(|it| it.range.contains(&place)).map(|_| behind)
    }

    /// Why it cannot run inside a transaction, if one of its statements cannot.
    pub fn alone(&self) -> Option<&Alone> {
        self.statements.iter().find_map(|it| it.effects.alone.as_ref())
    }
}

/// Where a carriage return stands that no line feed follows.
fn lone_return(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|at| bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
}

/// The words of each statement at the top, and which kind of statement the parser takes it for.
fn statements(parsed: &Parse<SourceFile>) -> Vec<(SyntaxKind, Words)> {
    let nodes = parsed.syntax_node().children();
    let read = nodes.filter(|node| node.kind() != SyntaxKind::ERROR);
    let words = read.map(|node| (node.kind(), Words::of(&node)));
    words.filter(|(_, words)| !words.is_empty()).collect()
}

fn statement(text: &str, lines: &Lines<'_>, words: &Words) -> Statement {
    let range = words.range();
    let line = lines.at(range.start);
    let mut effects = effects::of(words);
    for object in &mut effects.destroys {
        if let Object::Code(place) = object {
            *place = line;
        }
    }
    let (what, traces) = (effects::what(words), traces::of(words));
    let (text, reaches) = (text[range.clone()].to_owned(), cluster::of(words));
    Statement { text, line, range, what, effects, traces, reaches }
}
