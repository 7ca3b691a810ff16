//! A `Packages` file: what an archive holds for one platform.

use super::relation::{Group, Relation};
use super::stanza::Stanza;
use super::version::newer;
use crate::image::lock::LockedPackage;
use crate::platform::Platform;
use std::collections::{BTreeMap, BTreeSet};

/// One package of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The `.deb`, exactly, as a lock names it.
    pub file: LockedPackage,
    /// What it needs.
    pub needs: Vec<Group>,
    /// The names it stands in for, some with a version.
    pub provides: Vec<Relation>,
    /// What it cannot be beside: `Conflicts` and `Breaks`.
    pub refuses: Vec<Relation>,
    /// Whether it serves those who ask for `name:any`.
    pub any: bool,
}

/// The newest version of every package, over all archives that were read.
#[derive(Clone, Debug)]
pub struct Index {
    architecture: &'static str,
    packages: BTreeMap<String, Package>,
    /// By name, who ever provided it; what they provide now is asked of them.
    providers: BTreeMap<String, BTreeSet<String>>,
}

/// A stanza that lacks what every stanza has, or has what nobody can read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("cannot read the index of archive `{archive}`: package `{package}` has no valid `{field}`")]
pub struct IndexError {
    pub(super) archive: String,
    pub(super) package: String,
    pub(super) field: &'static str,
}

impl Index {
    /// An index of `platform` that holds nothing yet.
    pub fn new(platform: Platform) -> Self {
        let architecture = platform.architecture();
        Self { architecture, packages: BTreeMap::new(), providers: BTreeMap::new() }
    }

    /// Adds what `text`, a `Packages` file of `archive`, holds; the newest version stays. What is
    /// for another architecture is not for this platform.
    pub fn read(&mut self, archive: &str, text: &str) -> Result<(), IndexError> {
        for stanza in text.split("\n\n").filter(|stanza| !stanza.trim().is_empty()) {
            let stanza = Stanza::new(archive, stanza);
            if self.is_ours(&stanza.architecture()?) {
                self.add(stanza.package()?);
            }
        }
        Ok(())
    }

    fn is_ours(&self, architecture: &str) -> bool {
        architecture == "all" || architecture == self.architecture
    }

    fn add(&mut self, package: Package) {
        let known = self.packages.get(&package.file.name);
        if known.is_some_and(|known| newer(&known.file.version, &package.file.version).is_ge()) {
            return;
        }
        for provided in &package.provides {
            let providers = self.providers.entry(provided.name.clone()).or_default();
            providers.insert(package.file.name.clone());
        }
        self.packages.insert(package.file.name.clone(), package);
    }

    /// The newest package called `name`.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.get(name)
    }

    /// The packages that stand in for `name` today, by name, and do not bear it.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = &Package> {
        let providers = self.providers.get(name).into_iter().flatten();
        let packages = providers.filter_map(|provider| self.package(provider));
        packages
            .filter(move |it| it.file.name != name && it.provides.iter().any(|it| it.name == name))
    }

    /// Everyone who serves `relation`: the package of that name first, then, by name, those that
    /// stand in for it.
    pub fn servers(&self, relation: &Relation) -> impl Iterator<Item = &Package> {
        let all = self.package(&relation.name).into_iter().chain(self.providers(&relation.name));
        all.filter(move |package| self.serves(package, relation))
    }

    /// Whether `package` is what `relation` asks for, by its own name or by one that it provides.
    /// A bound on versions is met only by who names a version.
    fn serves(&self, package: &Package, relation: &Relation) -> bool {
        let by_name = package.file.name == relation.name
            && relation.takes_version(&package.file.version)
            && self.fits(package, relation);
        by_name || package.provides.iter().any(|provided| self.stands_in(provided, relation))
    }

    /// An image has one architecture, so any other one that is asked for is not there. Whoever
    /// asks for `any` takes a package that says that it serves other architectures too.
    fn fits(&self, package: &Package, relation: &Relation) -> bool {
        relation.architecture.as_deref() == Some("any") && package.any || self.is_native(relation)
    }

    fn is_native(&self, relation: &Relation) -> bool {
        let architecture = relation.architecture.as_deref();
        architecture.is_none_or(|it| it == "native" || it == self.architecture)
    }

    fn stands_in(&self, provided: &Relation, relation: &Relation) -> bool {
        let version = provided.version.as_ref().and_then(|bound| bound.exact());
        let fits = version.map_or(relation.version.is_none(), |it| relation.takes_version(it));
        provided.name == relation.name && fits && self.is_native(relation)
    }
}
