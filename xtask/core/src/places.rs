//! On which line each key of a TOML file stands, for mistakes that are found out long after it was
//! read: a path that no file of the image has, a pattern that matched nothing.

use crate::finding::Finding;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml_edit::{Document, Item, TableLike, Value};

/// The lines of one file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Places {
    file: String,
    lines: BTreeMap<String, usize>,
}

/// A part of a file: a table of it, or all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    places: Arc<Places>,
    path: String,
}

impl Origin {
    /// All of the file called `file`, which says `text`.
    pub fn of(file: &str, text: &str) -> Self {
        let mut walk = Walk { text, lines: BTreeMap::new() };
        // A file that cannot be parsed was refused by whoever read it.
        if let Ok(document) = Document::parse(text) {
            walk.table(document.as_table(), "");
        }
        let places = Places { file: file.to_owned(), lines: walk.lines };
        Self { places: Arc::new(places), path: String::new() }
    }

    /// The part below `key`, such as `layer[0]`.
    #[must_use]
    pub fn below(&self, key: &str) -> Self {
        Self { places: Arc::clone(&self.places), path: join(&self.path, key) }
    }

    /// A mistake at `key`, or at what it would stand in where it is missing.
    pub fn finding(&self, key: &str, message: impl Into<String>) -> Finding {
        let key = join(&self.path, key);
        let line = self.line(&key);
        Finding { file: self.places.file.clone(), line, key, message: message.into() }
    }

    fn line(&self, key: &str) -> usize {
        let mut keys = std::iter::successors(Some(key), |key| Some(&key[..key.rfind(['.', '['])?]));
        keys.find_map(|key| self.places.lines.get(key)).copied().unwrap_or(1)
    }
}

struct Walk<'a> {
    text: &'a str,
    lines: BTreeMap<String, usize>,
}

impl Walk<'_> {
    fn note(&mut self, path: &str, span: Option<std::ops::Range<usize>>) {
        let Some(span) = span else { return };
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        self.lines.insert(path.to_owned(), line);
    }

    fn table(&mut self, table: &dyn TableLike, path: &str) {
        for (key, item) in table.iter() {
            self.item(item, &join(path, key));
        }
    }

    fn item(&mut self, item: &Item, path: &str) {
        self.note(path, item.span());
        if let Some(list) = item.as_array_of_tables() {
            for (position, table) in list.iter().enumerate() {
                let path = format!("{path}[{position}]");
                self.note(&path, table.span());
                self.table(table, &path);
            }
        } else if let Some(table) = item.as_table_like() {
            self.table(table, path);
        } else if let Some(list) = item.as_array() {
            self.values(list.iter(), path);
        }
    }

    fn values<'v>(&mut self, values: impl Iterator<Item = &'v Value>, path: &str) {
        for (position, value) in values.enumerate() {
            self.note(&format!("{path}[{position}]"), value.span());
        }
    }
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# A file.
[[layer]]
name = "one"
drop = [
  "a",
  "b.c",
]
[layer.links]
"var/run" = "/run"
[[layer]]
name = "two"
copy = { from = "to" }
"#;

    #[test]
    fn every_key_and_every_value_of_a_list_has_its_line() {
        let file = Origin::of("x.toml", TEXT);
        let line = |layer: &str, key: &str| file.below(layer).finding(key, "").line;
        assert_eq!(line("layer[0]", "name"), 3);
        assert_eq!([line("layer[0]", "drop[0]"), line("layer[0]", "drop[1]")], [5, 6]);
        assert_eq!(line("layer[0]", "links.var/run"), 9);
        assert_eq!(line("layer[1]", "copy.from"), 12);
        assert_eq!(line("layer[1]", ""), 10);
    }

    #[test]
    fn what_is_missing_is_a_mistake_of_what_it_would_stand_in() {
        let file = Origin::of("x.toml", TEXT);
        let found = file.below("layer[1]").finding("without.a.b", "missing");
        assert_eq!(found.to_string(), "x.toml:10: `layer[1].without.a.b`: missing");
        assert_eq!(file.finding("config.user", "missing").line, 1);
    }
}
