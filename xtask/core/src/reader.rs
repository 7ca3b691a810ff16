//! Reads a TOML file into types and collects every mistake on the way, each with its line.
//!
//! `serde` stops at the first mistake; a person who edits a file wants all of them. So a
//! `Table` hands out typed values, notes what is wrong, and at the end names the keys that
//! nobody asked for.

use crate::finding::{Finding, Findings};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How many lines that are not TOML are named: behind an open bracket each line is one.
const SYNTAX_MISTAKES: usize = 10;

/// A value of the file that knows where it stands.
type Item<'a> = Spanned<DeValue<'a>>;

/// A file being read, and what was found wrong with it so far.
pub struct Source {
    file: String,
    text: String,
    findings: RefCell<Vec<Finding>>,
}

impl Source {
    /// A file named `file` that says `text`.
    pub fn new(file: &str, text: &str) -> Self {
        let findings = RefCell::default();
        Self { file: file.to_owned(), text: text.to_owned(), findings }
    }

    /// Parses the whole file with `parse`; every mistake is in the error. What is not TOML is said
    /// alone: what stands beside it may have been read wrongly.
    pub fn read<T>(&self, parse: impl FnOnce(&Table<'_>) -> Option<T>) -> Result<T, Findings> {
        let (document, mistakes) = DeTable::parse_recoverable(&self.text);
        if !mistakes.is_empty() {
            return Err(self.syntax(&mistakes));
        }
        let root = Table::new(self, document.span(), document.get_ref(), String::new());
        let value = parse(&root);
        root.refuse_unknown();
        let mut findings = self.findings.take();
        findings.sort_by_key(|finding| finding.line);
        match value {
            Some(value) if findings.is_empty() => Ok(value),
            _ => Err(Findings(findings)),
        }
    }

    fn syntax(&self, mistakes: &[toml::de::Error]) -> Findings {
        let finding = |mistake: &toml::de::Error| Finding {
            file: self.file.clone(),
            line: self.line_of(mistake.span().map_or(0, |span| span.start)),
            key: "(syntax)".into(),
            message: mistake.message().trim().replace('\n', "; "),
        };
        let mut findings: Vec<Finding> = mistakes.iter().map(finding).collect();
        findings.sort_by_key(|finding| finding.line);
        findings.dedup_by_key(|finding| finding.line);
        findings.truncate(SYNTAX_MISTAKES);
        Findings(findings)
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|&&b| b == b'\n').count()
            + 1
    }

    fn note(&self, place: &Range<usize>, key: &str, message: String) {
        let line = self.line_of(place.start);
        let finding = Finding { file: self.file.clone(), line, key: key.to_owned(), message };
        self.findings.borrow_mut().push(finding);
    }
}

/// A table of the file, with its path.
pub struct Table<'a> {
    source: &'a Source,
    place: Range<usize>,
    table: &'a DeTable<'a>,
    path: String,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Table<'a> {
    fn new(source: &'a Source, place: Range<usize>, table: &'a DeTable<'a>, path: String) -> Self {
        Self { source, place, table, path, asked: RefCell::default() }
    }

    /// The path of `key` below this table, as it is shown.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes a mistake at `key`, or at the table itself where the key is missing.
    pub fn refuse(&self, key: &str, message: impl Into<String>) {
        let place = self.table.get(key).map_or_else(|| self.place.clone(), Spanned::span);
        self.source.note(&place, &self.path_of(key), message.into());
    }

    fn get(&self, key: &str) -> Option<&'a Item<'a>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    /// Counts `key` as one of this table's, whether it is there or not.
    pub fn know(&self, key: &str) {
        self.asked.borrow_mut().insert(key.to_owned());
    }

    fn required(&self, key: &str) -> Option<&'a Item<'a>> {
        let item = self.get(key);
        if item.is_none() {
            self.refuse(key, "missing; it is required");
        }
        item
    }

    /// A required text that parses as `T`.
    pub fn parsed<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        self.required(key)?;
        self.optional_parsed(key)
    }

    /// A text that parses as `T`, if it is there.
    pub fn optional_parsed<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        let text = self.optional_text(key)?;
        text.parse().map_err(|error| self.refuse(key, format!("{error}"))).ok()
    }

    /// A required text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.required(key)?;
        self.optional_text(key)
    }

    /// A text, if it is there.
    pub fn optional_text(&self, key: &str) -> Option<String> {
        let item = self.get(key)?;
        let text = item.get_ref().as_str().map(ToOwned::to_owned);
        text.or_else(|| self.mismatch(key, item, "a text"))
    }

    /// A required whole number within `range`.
    pub fn number(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        self.required(key)?;
        self.optional_number(key, range)
    }

    /// A whole number within `range`, if it is there.
    pub fn optional_number(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let item = self.get(key)?;
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let number = item.get_ref().as_integer();
        let number = number.and_then(|it| u64::from_str_radix(it.as_str(), it.radix()).ok());
        let fitting = number.filter(|number| range.contains(number));
        fitting.or_else(|| self.mismatch(key, item, &wanted))
    }

    /// `true` or `false`, if it is there.
    pub fn optional_truth(&self, key: &str) -> Option<bool> {
        let item = self.get(key)?;
        item.get_ref().as_bool().or_else(|| self.mismatch(key, item, "`true` or `false`"))
    }

    /// A port, if it is there.
    pub fn port(&self, key: &str) -> Option<u16> {
        self.number(key, 1..=65535).and_then(|number| u16::try_from(number).ok())
    }

    /// A list of texts; an empty one if the key is missing.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.optional_texts(key).unwrap_or_default()
    }

    /// A list of texts, if it is there.
    pub fn optional_texts(&self, key: &str) -> Option<Vec<String>> {
        let item = self.get(key)?;
        let texts = item.get_ref().as_array().and_then(|array| {
            array.iter().map(|value| value.get_ref().as_str().map(ToOwned::to_owned)).collect()
        });
        texts.or_else(|| self.mismatch(key, item, "a list of texts"))
    }

    /// A table of texts in the order of the file; an empty one if the key is missing.
    pub fn text_table(&self, key: &str) -> Vec<(String, String)> {
        let Some(table) = self.optional_table(key) else {
            return Vec::new();
        };
        let keys = table.keys();
        keys.into_iter().filter_map(|key| Some((key.clone(), table.text(&key)?))).collect()
    }

    /// A required table.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        self.required(key)?;
        self.optional_table(key)
    }

    /// A table, if it is there.
    pub fn optional_table(&self, key: &str) -> Option<Table<'a>> {
        let item = self.get(key)?;
        let table = item.get_ref().as_table().or_else(|| self.mismatch(key, item, "a table"))?;
        Some(Table::new(self.source, item.span(), table, self.path_of(key)))
    }

    /// Every table of the list `key`, in order.
    pub fn tables<T>(&self, key: &str, mut read: impl FnMut(&Table<'_>) -> Option<T>) -> Vec<T> {
        let Some(item) = self.get(key) else {
            return Vec::new();
        };
        let Some(list) = list_of_tables(item) else {
            return self.mismatch(key, item, "a list of tables").unwrap_or_default();
        };
        let mut values = Vec::new();
        for (position, (place, table)) in list.into_iter().enumerate() {
            let path = format!("{}[{position}]", self.path_of(key));
            let table = Table::new(self.source, place, table, path);
            values.extend(read(&table));
            table.refuse_unknown();
        }
        values
    }

    /// Reads every entry of this table as a table: `[services.backend]`, `[services.ml]`, …
    pub fn each<T>(&self, mut read: impl FnMut(&str, &Table<'a>) -> Option<T>) -> Vec<(String, T)> {
        let mut values = Vec::new();
        for key in self.keys() {
            let Some(table) = self.optional_table(&key) else {
                continue;
            };
            values.extend(read(&key, &table).map(|value| (key.clone(), value)));
            table.refuse_unknown();
        }
        values
    }

    /// The keys of this table in the order of the file.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.table.iter().map(|(key, _)| key).collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| key.get_ref().clone().into_owned()).collect()
    }

    /// Ends the reading of this table: keys that nobody asked for are mistakes.
    pub fn refuse_unknown(&self) {
        let asked = self.asked.borrow();
        let known: Vec<String> = asked.iter().map(|key| format!("`{key}`")).collect();
        for key in self.keys().iter().filter(|key| !asked.contains(*key)) {
            self.refuse(key, format!("unknown key; known here: {}", known.join(", ")));
        }
    }

    fn mismatch<T>(&self, key: &str, item: &Item<'_>, wanted: &str) -> Option<T> {
        self.refuse(key, format!("wanted {wanted}, found {}", shown(item)));
        None
    }
}

/// The tables of a list that holds nothing else, each with its place.
fn list_of_tables<'a>(item: &'a Item<'a>) -> Option<Vec<(Range<usize>, &'a DeTable<'a>)>> {
    let entries = item.get_ref().as_array()?.iter();
    entries.map(|entry| Some((entry.span(), entry.get_ref().as_table()?))).collect()
}

/// What stands in the file, short enough for a message.
fn shown(item: &Item<'_>) -> String {
    match item.get_ref() {
        DeValue::String(text) => format!("the text \"{text}\""),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named_at_once_with_its_line() {
        let text = "name = 3\nport = 70000\ncolour = \"red\"\n[[step]]\nkind = true\n";
        let source = Source::new("deploy.toml", text);
        let error = source.read(|root| {
            root.text("name");
            root.port("port");
            root.text("owner");
            root.tables("step", |step| step.text("kind"));
            Some(())
        });
        let found = error.unwrap_err().to_string();
        insta::assert_snapshot!(found, @r#"
        deploy.toml:1: `name`: wanted a text, found the number 3
        deploy.toml:1: `owner`: missing; it is required
        deploy.toml:2: `port`: wanted a whole number from 1 to 65535, found the number 70000
        deploy.toml:3: `colour`: unknown key; known here: `name`, `owner`, `port`, `step`
        deploy.toml:5: `step[0].kind`: wanted a text, found `true`
        "#);
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        let error = Source::new("x.toml", "a = 1\nb = \n").read(|_| Some(())).unwrap_err();
        assert_eq!(error.0[0].line, 2);
    }

    #[test]
    fn every_syntax_error_is_named_at_once_and_nothing_beside_them() {
        let text = "a = 1\nb = \nc = [1, 2,, 3]\nd = 3\nd = 4\n[e\nf = true\n\u{7}\n[e]\n";
        let error = Source::new("x.toml", text).read(|root| root.text("a")).unwrap_err();
        insta::assert_snapshot!(error.to_string(), @"
        x.toml:2: `(syntax)`: string values must be quoted, expected literal string
        x.toml:3: `(syntax)`: extra comma in array, expected value
        x.toml:5: `(syntax)`: duplicate key
        x.toml:6: `(syntax)`: unclosed table, expected `]`
        x.toml:8: `(syntax)`: key with no value, expected `=`
        ");
        let open = format!("a = [\n{}", "b = 1\n".repeat(100));
        let error = Source::new("x.toml", &open).read(|root| root.text("a")).unwrap_err();
        assert_eq!((error.0.len(), error.0[0].line), (SYNTAX_MISTAKES, 2), "{error}");
    }

    #[test]
    fn keys_come_in_the_order_of_the_file_and_numbers_in_any_base() {
        let text = "z = 0x1F\na = 1_000\n[m]\n[[y]]\n[b]\n";
        let source = Source::new("x.toml", text);
        let read = source.read(|root| {
            let numbers = (root.number("z", 0..=u64::MAX), root.number("a", 0..=u64::MAX));
            root.optional_table("m");
            root.tables("y", |_| Some(()));
            root.optional_table("b");
            Some((root.keys(), numbers))
        });
        let (keys, numbers) = read.unwrap();
        assert_eq!(keys.join(" "), "z a m y b");
        assert_eq!(numbers, (Some(31), Some(1000)));
    }

    #[test]
    fn what_stands_there_is_named_by_its_kind() {
        let text = "a = 1.5\nb = [1]\nc = 2026-01-01\nd = {}\ne = -1\nf = [\"x\"]\n";
        let error = Source::new("x.toml", text).read(|root| {
            for key in ["a", "b", "c", "d"] {
                root.text(key);
            }
            root.port("e");
            root.tables("f", |_| Some(()));
            Some(())
        });
        insta::assert_snapshot!(error.unwrap_err().to_string(), @"
        x.toml:1: `a`: wanted a text, found the number 1.5
        x.toml:2: `b`: wanted a text, found a list
        x.toml:3: `c`: wanted a text, found a date
        x.toml:4: `d`: wanted a text, found a table
        x.toml:5: `e`: wanted a whole number from 1 to 65535, found the number -1
        x.toml:6: `f`: wanted a list of tables, found a list
        ");
    }
}
