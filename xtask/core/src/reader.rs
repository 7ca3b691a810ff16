//! Reads a TOML file into types and collects every mistake on the way, each with its line.
//!
//! `serde` stops at the first mistake; a person who edits a file wants all of them. So a
//! `Table` hands out typed values, notes what is wrong, and at the end names the keys that
//! nobody asked for.

use crate::finding::{Finding, Findings};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use toml_edit::{Document, Item, TableLike, Value};

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

    /// Parses the whole file with `parse`; every mistake is in the error.
    pub fn read<T>(&self, parse: impl FnOnce(&Table<'_>) -> Option<T>) -> Result<T, Findings> {
        let document = Document::parse(self.text.as_str()).map_err(|error| self.syntax(&error))?;
        let root = Table::new(self, document.as_item(), document.as_table(), String::new());
        let value = parse(&root);
        root.refuse_unknown();
        let mut findings = self.findings.take();
        findings.sort_by_key(|finding| finding.line);
        match value {
            Some(value) if findings.is_empty() => Ok(value),
            _ => Err(Findings(findings)),
        }
    }

    fn syntax(&self, error: &toml_edit::TomlError) -> Findings {
        let line = error.span().map_or(1, |span| self.line_of(span.start));
        let message = error.message().trim().replace('\n', "; ");
        Findings(vec![Finding { file: self.file.clone(), line, key: "(syntax)".into(), message }])
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|&&b| b == b'\n').count()
            + 1
    }

    fn note(&self, item: Option<&Item>, key: &str, message: String) {
        let line = item.and_then(Item::span).map_or(1, |span| self.line_of(span.start));
        let finding = Finding { file: self.file.clone(), line, key: key.to_owned(), message };
        self.findings.borrow_mut().push(finding);
    }
}

/// A table of the file, with its path.
pub struct Table<'a> {
    source: &'a Source,
    item: &'a Item,
    table: &'a dyn TableLike,
    path: String,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Table<'a> {
    fn new(source: &'a Source, item: &'a Item, table: &'a dyn TableLike, path: String) -> Self {
        Self { source, item, table, path, asked: RefCell::default() }
    }

    /// The path of `key` below this table, as it is shown.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes a mistake at `key`, or at the table itself where the key is missing.
    pub fn refuse(&self, key: &str, message: impl Into<String>) {
        let item = self.table.get(key).unwrap_or(self.item);
        self.source.note(Some(item), &self.path_of(key), message.into());
    }

    fn get(&self, key: &str) -> Option<&'a Item> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    fn required(&self, key: &str) -> Option<&'a Item> {
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
        let text = item.as_str().map(ToOwned::to_owned);
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
        let number = item.as_integer().and_then(|number| u64::try_from(number).ok());
        let fitting = number.filter(|number| range.contains(number));
        fitting.or_else(|| self.mismatch(key, item, &wanted))
    }

    /// `true` or `false`, if it is there.
    pub fn optional_truth(&self, key: &str) -> Option<bool> {
        let item = self.get(key)?;
        item.as_bool().or_else(|| self.mismatch(key, item, "`true` or `false`"))
    }

    /// A port, if it is there.
    pub fn port(&self, key: &str) -> Option<u16> {
        self.number(key, 1..=65535).and_then(|number| u16::try_from(number).ok())
    }

    /// A list of texts; an empty one if the key is missing.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let Some(item) = self.get(key) else {
            return Vec::new();
        };
        let texts = item.as_array().and_then(|array| {
            array.iter().map(|value| value.as_str().map(ToOwned::to_owned)).collect()
        });
        texts.or_else(|| self.mismatch(key, item, "a list of texts")).unwrap_or_default()
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
        let table = item.as_table_like().or_else(|| self.mismatch(key, item, "a table"))?;
        Some(Table::new(self.source, item, table, self.path_of(key)))
    }

    /// Every table of the list `key`, in order.
    pub fn tables<T>(&self, key: &str, mut read: impl FnMut(&Table<'_>) -> Option<T>) -> Vec<T> {
        let Some(item) = self.get(key) else {
            return Vec::new();
        };
        let Some(list) = item.as_array_of_tables() else {
            return self.mismatch(key, item, "a list of tables").unwrap_or_default();
        };
        let mut values = Vec::new();
        for (position, table) in list.iter().enumerate() {
            let path = format!("{}[{position}]", self.path_of(key));
            let holder = Item::Table(table.clone());
            let table = Table::new(self.source, &holder, table, path);
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
        self.table.iter().map(|(key, _)| key.to_owned()).collect()
    }

    /// Ends the reading of this table: keys that nobody asked for are mistakes.
    pub fn refuse_unknown(&self) {
        let asked = self.asked.borrow();
        let known: Vec<String> = asked.iter().map(|key| format!("`{key}`")).collect();
        for key in self.keys().iter().filter(|key| !asked.contains(*key)) {
            self.refuse(key, format!("unknown key; known here: {}", known.join(", ")));
        }
    }

    fn mismatch<T>(&self, key: &str, item: &Item, wanted: &str) -> Option<T> {
        self.refuse(key, format!("wanted {wanted}, found {}", shown(item)));
        None
    }
}

/// What stands in the file, short enough for a message.
fn shown(item: &Item) -> String {
    match item {
        Item::Value(Value::String(text)) => format!("the text \"{}\"", text.value()),
        Item::Value(Value::Integer(number)) => format!("the number {}", number.value()),
        Item::Value(Value::Float(number)) => format!("the number {}", number.value()),
        Item::Value(Value::Boolean(truth)) => format!("`{}`", truth.value()),
        other => format!("{} {}", article(other.type_name()), other.type_name()),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
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
}
