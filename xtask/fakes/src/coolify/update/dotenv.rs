//! How compose reads an env file. Its rules are not a shell's, and not those of other readers.

use super::interpolate::expand;
use std::collections::BTreeMap;

/// What a name outside the file stands for.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a file; the fault begins with its line, as compose says it.
pub(super) fn read(file: &str, lookup: Lookup<'_>) -> Result<BTreeMap<String, String>, String> {
    let mut reader = Reader { rest: file, line: 1 };
    let mut values = BTreeMap::new();
    while reader.reach_statement() {
        reader.statement(&mut values, lookup)?;
    }
    Ok(values)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

/// What stands before a value.
enum Name<'a> {
    /// A value follows.
    Assigned(&'a str),
    /// A line with nothing but a name takes the value of its surroundings.
    Inherited(&'a str),
}

impl<'a> Reader<'a> {
    /// Past blank lines and comments; false at the end.
    fn reach_statement(&mut self) -> bool {
        loop {
            let at = self.rest.find(|letter: char| !letter.is_whitespace());
            self.skip(at.unwrap_or(self.rest.len()));
            if !self.rest.starts_with('#') {
                return !self.rest.is_empty();
            }
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn skip(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    fn statement(
        &mut self,
        values: &mut BTreeMap<String, String>,
        lookup: Lookup<'_>,
    ) -> Result<(), String> {
        let (key, value) = match self.name()? {
            Name::Inherited(key) => (key, lookup(key)),
            Name::Assigned(key) => (key, Some(self.value(values, lookup)?)),
        };
        if let Some(value) = value {
            values.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn name(&mut self) -> Result<Name<'a>, String> {
        self.skip(exported(self.rest));
        let statement = self.rest;
        let ends = |letter: char| matches!(letter, '=' | ':' | '\n');
        let allowed = |letter: char| letter.is_alphanumeric() || "_.-[]".contains(letter);
        let stop = statement.find(|it: char| ends(it) || !(allowed(it) || is_blank(it)));
        let Some(stop) = stop else {
            self.skip(statement.len());
            return Ok(Name::Inherited(statement.trim_end()));
        };
        let letter = statement[stop..].chars().next().unwrap_or_default();
        if !ends(letter) {
            return Err(self.unexpected(letter));
        }
        let key = statement[..stop].trim_end();
        if key.contains(' ') {
            return Err(format!("line {}: key cannot contain a space", self.line));
        }
        self.skip(stop + 1);
        Ok(if letter == '\n' { Name::Inherited(key) } else { Name::Assigned(key) })
    }

    fn unexpected(&self, letter: char) -> String {
        let line = self.rest.split('\n').next().unwrap_or_default();
        let letter = letter.to_string();
        format!("line {}: unexpected character {letter:?} in variable name {line:?}", self.line)
    }

    fn value(
        &mut self,
        values: &BTreeMap<String, String>,
        lookup: Lookup<'_>,
    ) -> Result<String, String> {
        let at = self.rest.find(|letter| !is_blank(letter)).unwrap_or(self.rest.len());
        self.skip(at);
        let known = |name: &str| lookup(name).or_else(|| values.get(name).cloned());
        match self.rest.chars().next() {
            // Nothing is expanded between single quotes.
            Some('\'') => self.quoted('\''),
            Some('"') => self.quoted('"').and_then(|text| expand(&unescaped(&text), &known)),
            _ => expand(self.unquoted(), &known),
        }
    }

    /// To the end of the line, without a comment; backslashes mean nothing.
    fn unquoted(&mut self) -> &'a str {
        let line = self.rest.split('\n').next().unwrap_or_default();
        self.skip((line.len() + 1).min(self.rest.len()));
        line.split(" #").next().unwrap_or_default().trim_end()
    }

    /// To the closing quote, over lines; a backslash protects the quote and is else kept.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let (mut text, mut protected) = (String::new(), false);
        for (at, letter) in self.rest.char_indices().skip(1) {
            match (letter, protected) {
                (it, false) if it == quote => {
                    self.skip(at + 1);
                    return Ok(text);
                }
                ('\\', false) => protected = true,
                (it, _) => {
                    if protected && it != quote {
                        text.push('\\');
                    }
                    protected = false;
                    text.push(it);
                }
            }
        }
        // The line is that of the end: the whole file was looked through.
        let line = self.line + self.rest.matches('\n').count();
        let first = self.rest.split('\n').next().unwrap_or_default();
        Err(format!("line {line}: unterminated quoted value {first}"))
    }
}

/// How long a leading `export ` is.
fn exported(statement: &str) -> usize {
    let Some(after) = statement.strip_prefix("export") else { return 0 };
    if !after.starts_with(char::is_whitespace) {
        return 0;
    }
    statement.len() - after.trim_start_matches(is_blank).len()
}

/// White space within a line.
fn is_blank(letter: char) -> bool {
    matches!(letter, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// The escapes that count between double quotes.
fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut out = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        match (letter, letters.clone().next()) {
            ('\\', Some(next)) if escape(next).is_some() => {
                letters.next();
                out.extend(escape(next));
            }
            _ => out.push(letter),
        }
    }
    out
}

fn escape(letter: char) -> Option<char> {
    Some(match letter {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '"' | '\\' => letter,
        _ => return None,
    })
}
