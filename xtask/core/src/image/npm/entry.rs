//! One entry of a lock, read word by word; what is wrong is noted with its line.

use super::{Dependencies, KINDS};
use crate::finding::{Finding, Findings};
use crate::json;
use serde_json::{Map, Value};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

/// A JSON file, and what was found wrong with it so far.
pub(super) struct Paper {
    pub(super) value: Value,
    file: String,
    text: String,
    /// The first line that begins with each key; looked for once something is wrong.
    lines: OnceCell<HashMap<String, usize>>,
    findings: RefCell<Vec<Finding>>,
}

impl Paper {
    pub(super) fn open(file: &str, bytes: &[u8]) -> Result<Self, Findings> {
        let refuse = |line, message: String| {
            let key = "(syntax)".to_owned();
            Findings(vec![Finding { file: file.to_owned(), line, key, message }])
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            refuse(line, "it is no UTF-8".to_owned())
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let value =
            json::parse(text).map_err(|error| refuse(error.line().max(1), error.to_string()))?;
        let (file, text) = (file.to_owned(), text.to_owned());
        Ok(Self { value, file, text, lines: OnceCell::new(), findings: RefCell::default() })
    }

    /// Notes what is wrong with `key`, whose line begins with `word`.
    pub(super) fn note(&self, word: &str, key: &str, message: String) {
        let lines = self.lines.get_or_init(|| lines(&self.text));
        let line = lines.get(word).copied().unwrap_or(1);
        let (file, key) = (self.file.clone(), key.to_owned());
        self.findings.borrow_mut().push(Finding { file, line, key, message });
    }

    pub(super) fn findings(&self) -> Findings {
        let mut findings = self.findings.take();
        findings.sort();
        Findings(findings)
    }

    /// What was read, if nothing was wrong.
    pub(super) fn close<T>(&self, read: T) -> Result<T, Findings> {
        match self.findings() {
            findings if findings.0.is_empty() => Ok(read),
            findings => Err(findings),
        }
    }
}

fn lines(text: &str) -> HashMap<String, usize> {
    let mut lines = HashMap::new();
    for (position, line) in text.lines().enumerate() {
        let inside = line.trim_start().trim_start_matches('{').trim_start().strip_prefix('"');
        let key = inside.and_then(|inside| inside.split_once('"'));
        if let Some((key, rest)) = key
            && rest.trim_start().starts_with(':')
        {
            lines.entry(key.to_owned()).or_insert(position + 1);
        }
    }
    lines
}

/// An entry of `packages`, at a path.
pub(super) struct Entry<'a> {
    pub(super) path: &'a str,
    paper: &'a Paper,
    object: &'a Map<String, Value>,
}

impl<'a> Entry<'a> {
    /// The entry; what is no object is noted.
    pub(super) fn new(paper: &'a Paper, path: &'a str, value: &'a Value) -> Option<Self> {
        let Some(object) = value.as_object() else {
            paper.note(path, path, "wanted an object".to_owned());
            return None;
        };
        Some(Self { path, paper, object })
    }

    pub(super) fn refuse(&self, message: &str) {
        self.paper.note(self.path, self.path, message.to_owned());
    }

    /// The text at `key`, without a judgement of what is no text.
    pub(super) fn raw_text(&self, key: &str) -> Option<&'a str> {
        self.object.get(key)?.as_str()
    }

    /// The text at `key`; what is no text is noted.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        let value = self.object.get(key)?;
        if !value.is_string() {
            self.refuse(&format!("wanted a text at `{key}`"));
        }
        value.as_str()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.object.get(key).is_some_and(|value| *value == Value::Bool(true))
    }

    /// A word, or a list of them.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        match self.object.get(key) {
            None => Vec::new(),
            Some(Value::String(word)) => vec![word.clone()],
            Some(Value::Array(words)) if words.iter().all(Value::is_string) => {
                words.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
            }
            Some(_) => {
                self.refuse(&format!("wanted a list of texts at `{key}`"));
                Vec::new()
            }
        }
    }

    /// The licence; old packages write an object.
    pub(super) fn licence(&self) -> Option<String> {
        let licence = self.object.get("license")?;
        licence.as_str().or_else(|| licence["type"].as_str()).map(ToOwned::to_owned)
    }

    /// What is asked for, by kind. Something that is optional too is only that.
    pub(super) fn asked(&self) -> BTreeMap<&'static str, BTreeMap<String, String>> {
        let mut asked: BTreeMap<_, _> = KINDS.map(|kind| (kind, self.versions(kind))).into();
        let optional = asked.get("optionalDependencies").cloned().unwrap_or_default();
        if let Some(plain) = asked.get_mut("dependencies") {
            plain.retain(|name, _| !optional.contains_key(name));
        }
        asked
    }

    fn versions(&self, kind: &str) -> BTreeMap<String, String> {
        let Some(value) = self.object.get(kind) else { return BTreeMap::new() };
        let pair =
            |(name, version): (&String, &Value)| Some((name.clone(), version.as_str()?.to_owned()));
        let pairs = value.as_object().and_then(|names| names.iter().map(pair).collect());
        pairs.unwrap_or_else(|| {
            self.refuse(&format!("wanted versions by name at `{kind}`"));
            BTreeMap::new()
        })
    }

    /// The workspaces, which may stand in a list or below `packages`.
    pub(super) fn workspaces(&self) -> Vec<String> {
        match self.object.get("workspaces") {
            Some(Value::Object(inside)) => {
                let inner = Entry { path: self.path, paper: self.paper, object: inside };
                inner.list("packages")
            }
            _ => self.list("workspaces"),
        }
    }

    /// What a package asks for; what only its own developers need is not installed.
    pub(super) fn dependencies(&self) -> Dependencies {
        let kinds = KINDS.iter().filter(|kind| **kind != "devDependencies");
        let asked: Vec<String> = kinds.flat_map(|kind| self.versions(kind).into_keys()).collect();
        let bundled = match self.object.get("bundleDependencies") {
            Some(Value::Bool(true)) => asked.clone(),
            Some(Value::Bool(false)) => Vec::new(),
            _ => self.list("bundleDependencies"),
        };
        Dependencies { asked, bundled }
    }
}
