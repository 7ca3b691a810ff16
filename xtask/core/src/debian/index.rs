//! A `Packages` file: what an archive holds for one platform.

use super::version::newer;
use crate::lock::{LockedPackage, is_below, is_plain};
use std::collections::BTreeMap;

/// One package of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The `.deb`, exactly, as a lock names it.
    pub file: LockedPackage,
    /// What it needs: each group is a list of alternatives, versions left out.
    pub needs: Vec<Vec<String>>,
    /// The names it stands in for.
    pub provides: Vec<String>,
}

/// The newest version of every package, over all archives that were read.
#[derive(Clone, Debug, Default)]
pub struct Index {
    packages: BTreeMap<String, Package>,
    providers: BTreeMap<String, Vec<String>>,
}

/// A stanza that lacks what every stanza has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("cannot read the index of archive `{archive}`: package `{package}` has no valid `{field}`")]
pub struct IndexError {
    archive: String,
    package: String,
    field: &'static str,
}

impl Index {
    /// Adds what `text`, a `Packages` file of `archive`, holds; the newest version stays.
    pub fn read(&mut self, archive: &str, text: &str) -> Result<(), IndexError> {
        for stanza in text.split("\n\n").filter(|stanza| !stanza.trim().is_empty()) {
            self.add(read_package(archive, stanza)?);
        }
        Ok(())
    }

    fn add(&mut self, package: Package) {
        for name in &package.provides {
            self.providers.entry(name.clone()).or_default().push(package.file.name.clone());
        }
        let known = self.packages.get(&package.file.name);
        if known.is_none_or(|known| newer(&known.file.version, &package.file.version).is_lt()) {
            self.packages.insert(package.file.name.clone(), package);
        }
    }

    /// The newest package called `name`.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.get(name)
    }

    /// The package called `name`, or the first by name of those that stand in for it.
    pub fn provider(&self, name: &str) -> Option<&Package> {
        let stand_in = || self.providers.get(name)?.iter().min().map(String::as_str);
        self.packages.get(name).or_else(|| self.packages.get(stand_in()?))
    }
}

fn read_package(archive: &str, stanza: &str) -> Result<Package, IndexError> {
    let field = |name: &'static str| {
        stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let package = field("Package").unwrap_or("?");
    let missing =
        |field| IndexError { archive: archive.to_owned(), package: package.to_owned(), field };
    if !is_plain(package) {
        return Err(missing("Package"));
    }
    let digest = field("SHA256").and_then(|hex| format!("sha256:{hex}").parse().ok());
    // What a lock can hold.
    let size = field("Size").and_then(|it| it.parse().ok());
    let size = size.filter(|size| (1..=u64::MAX / 2).contains(size));
    let needs = [field("Pre-Depends"), field("Depends")].into_iter().flatten();
    let file = LockedPackage {
        name: package.to_owned(),
        version: field("Version")
            .filter(|it| is_plain(it))
            .ok_or_else(|| missing("Version"))?
            .to_owned(),
        archive: archive.to_owned(),
        path: field("Filename")
            .filter(|it| is_below(it))
            .ok_or_else(|| missing("Filename"))?
            .to_owned(),
        digest: digest.ok_or_else(|| missing("SHA256"))?,
        size: size.ok_or_else(|| missing("Size"))?,
    };
    let needs = needs.flat_map(read_relations).collect();
    let provides = field("Provides").into_iter().flat_map(read_relations).flatten().collect();
    Ok(Package { file, needs, provides })
}

/// `a (>= 1) | b:any, c` becomes `[[a, b], [c]]`. Versions are left out: within one release
/// of Debian the newest of everything fits together, which is what a release means.
fn read_relations(text: &str) -> Vec<Vec<String>> {
    let name = |text: &str| {
        let end = text.find([' ', '(', ':', '[']).unwrap_or(text.len());
        text[..end].to_owned()
    };
    let group = |group: &str| group.split('|').map(|one| name(one.trim())).collect();
    text.split(',').map(str::trim).filter(|group| !group.is_empty()).map(group).collect()
}
