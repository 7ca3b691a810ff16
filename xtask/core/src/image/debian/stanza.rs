//! A stanza of a `Packages` file: fields by name, and what they must hold.

use super::index::{IndexError, Package};
use super::relation::{self, Group, Relation};
use crate::image::lock::{LockedPackage, is_below, is_plain};
use std::borrow::Cow;

/// A stanza of an index.
#[derive(Clone, Copy)]
pub(super) struct Stanza<'a> {
    archive: &'a str,
    text: &'a str,
}

impl<'a> Stanza<'a> {
    pub(super) fn new(archive: &'a str, text: &'a str) -> Self {
        Self { archive, text }
    }

    /// What the field called `name` holds, on however many lines.
    fn field(self, name: &str) -> Option<Cow<'a, str>> {
        let mut lines = self.text.lines();
        let first = lines.find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })?;
        let rest = lines.take_while(|line| line.starts_with([' ', '\t']));
        let all = rest.fold(Cow::Borrowed(first), |all, line| all + " " + line.trim());
        Some(all).filter(|all| !all.is_empty())
    }

    /// The same, where it is one that `fits`.
    fn needed(self, name: &'static str, fits: fn(&str) -> bool) -> Result<String, IndexError> {
        let found = self.field(name).filter(|it| fits(it));
        found.map(Cow::into_owned).ok_or_else(|| self.lacks(name))
    }

    fn relations(self, name: &'static str) -> Result<Vec<Group>, IndexError> {
        let text = self.field(name).unwrap_or_default();
        relation::parse(&text).ok_or_else(|| self.lacks(name))
    }

    fn lacks(self, field: &'static str) -> IndexError {
        let package = self.field("Package").filter(|it| is_plain(it));
        let package = package.map_or_else(|| "?".to_owned(), Cow::into_owned);
        IndexError { archive: self.archive.to_owned(), package, field }
    }

    /// The architecture it is for: a machine's, or `all`.
    pub(super) fn architecture(self) -> Result<String, IndexError> {
        self.needed("Architecture", is_plain)
    }

    pub(super) fn package(self) -> Result<Package, IndexError> {
        let one = |name| Ok(self.relations(name)?.into_iter().flat_map(|group| group.0).collect());
        let both = |first: Vec<Relation>, second: Vec<Relation>| [first, second].concat();
        Ok(Package {
            file: self.file()?,
            needs: [self.relations("Pre-Depends")?, self.relations("Depends")?].concat(),
            provides: one("Provides")?,
            refuses: both(one("Conflicts")?, one("Breaks")?),
            any: self.field("Multi-Arch").as_deref() == Some("allowed"),
        })
    }

    fn file(self) -> Result<LockedPackage, IndexError> {
        let digest = self.field("SHA256").and_then(|hex| format!("sha256:{hex}").parse().ok());
        // What a lock can hold.
        let size = self.field("Size").and_then(|it| it.parse().ok());
        let size = size.filter(|size| (1..=u64::MAX / 2).contains(size));
        Ok(LockedPackage {
            name: self.needed("Package", is_plain)?,
            version: self.needed("Version", is_plain)?,
            archive: self.archive.to_owned(),
            path: self.needed("Filename", is_below)?,
            digest: digest.ok_or_else(|| self.lacks("SHA256"))?,
            size: size.ok_or_else(|| self.lacks("Size"))?,
        })
    }
}
