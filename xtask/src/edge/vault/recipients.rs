//! Who may read a file of secrets: public keys of age, one a line, as `age -R` reads them.

use crate::edge::files;
use crate::error::{Failure, Result, code};
use age::x25519;
use std::path::Path;

/// The keys, with the lines that a person wrote around them.
#[derive(Clone, Debug, Default)]
pub struct Recipients {
    lines: Vec<String>,
    keys: Vec<x25519::Recipient>,
    shown: String,
}

impl Recipients {
    /// Those in the file at `path`, which messages call `shown`; none if it is not there.
    pub(super) fn read(path: &Path, shown: &str) -> Result<Self> {
        let text = files::read_if_there(path)?.unwrap_or_default();
        let mut read = Self { shown: shown.to_owned(), ..Self::default() };
        for (at, line) in text.lines().enumerate() {
            if let Some(key) = key_of(line) {
                let place = format!("line {}", at + 1);
                read.keys.push(parse(key, &format!("cannot use `{shown}`"), &place)?);
            }
            read.lines.push(line.to_owned());
        }
        Ok(read)
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Each as what is encrypted for; none is a mistake that encryption itself names.
    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        self.keys.iter().map(|key| key as &dyn age::Recipient)
    }

    /// The keys as they are written.
    pub fn names(&self) -> Vec<String> {
        self.keys.iter().map(ToString::to_string).collect()
    }

    /// Whether `key` is one of them.
    pub fn has(&self, key: &str) -> bool {
        self.names().iter().any(|name| name == key)
    }

    /// Adds one; tells whether it is new.
    pub fn add(&mut self, key: &str) -> Result<bool> {
        let parsed = parse(key, "cannot add a recipient", &format!("`{key}`"))?;
        if self.has(&parsed.to_string()) {
            return Ok(false);
        }
        self.lines.push(key.trim().to_owned());
        self.keys.push(parsed);
        Ok(true)
    }

    /// Takes one away; tells whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.keys.len();
        self.lines.retain(|line| key_of(line) != Some(key.trim()));
        self.keys.retain(|it| it.to_string() != key.trim());
        self.keys.len() < before
    }

    /// Refuses to encrypt for nobody.
    pub fn refuse_none(&self) -> Result<()> {
        if !self.keys.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!("cannot encrypt for nobody: `{}` names no key", self.shown))
            .code(&code::VAULT_DAMAGED)
            .hint("cargo xtask secrets recipients ENVIRONMENT --add AGE1…"))
    }
}

/// The key in a line: all before a comment.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split('#').next().unwrap_or_default().trim();
    (!key.is_empty()).then_some(key)
}

/// What is no key may be a private one in the wrong place: it is not repeated then.
fn parse(key: &str, doing: &str, place: &str) -> Result<x25519::Recipient> {
    let is_private = key.trim().to_ascii_uppercase().starts_with("AGE-SECRET-KEY-");
    let refuse = |why: &str| {
        Failure::usage(format!("{doing}: {why}"))
            .code(&code::VAULT_DAMAGED)
            .hint("a public key begins with `age1`; `age-keygen -y FILE` tells yours")
    };
    if is_private {
        return Err(refuse("it is a private key, which stays with its owner"));
    }
    key.trim().parse().map_err(|_| refuse(&format!("{place} is no public key of age")))
}
