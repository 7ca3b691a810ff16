//! npm's `package-lock.json`, read in one way by all who ask it: what is built, its key, what is
//! listed and what advisories are asked about. `parse` lets in what the registry has and what is
//! ours, and refuses the rest; `fitting` knows what of it a platform gets.

mod entry;
mod fitting;
mod integrity;
mod manifest;
mod names;
mod parse;
mod resolve;
mod scripts;
mod target;

pub use fitting::Wanted;
pub use integrity::Integrity;
pub use manifest::agree;
pub use scripts::ScriptFindings;
pub use target::Target;

use std::collections::BTreeMap;

/// A lock of version 2 or 3: every package in it is of the registry, by hash, or our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NpmLock {
    /// The packages, by their paths.
    pub packages: Vec<Package>,
    /// Folders of ours that npm links to, by the paths of their links.
    pub links: Vec<Link>,
    /// What `package.json` said when the lock was made.
    root: Root,
}

/// One package of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Where npm puts it: `node_modules/a/node_modules/b`.
    pub path: String,
    /// What the registry calls it; its folder is called otherwise if it is an alias.
    pub name: String,
    /// Its version as the lock spells it.
    pub version: String,
    /// What says which bytes it is.
    pub source: Source,
    /// Its licence, as it says itself.
    pub licence: Option<String>,
    /// Only development needs it.
    pub dev: bool,
    /// Nothing breaks without it.
    pub optional: bool,
    /// Development needs it, and something optional.
    pub dev_optional: bool,
    /// It wants to run a script when it is installed.
    pub has_install_script: bool,
    /// Operating systems, processors and C libraries that it is for, as npm spells them.
    os: Vec<String>,
    cpu: Vec<String>,
    libc: Vec<String>,
    dependencies: Dependencies,
}

/// What says which bytes a package is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its own hash.
    Registry(Integrity),
    /// It is inside the archive of the package at this path, whose hash covers it.
    Bundled(String),
}

/// A folder of ours that npm links to: a workspace, or a `file:` dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where npm puts the link.
    pub path: String,
    /// The folder, relative to that of the lock, and below it.
    pub folder: String,
    pub name: String,
    /// Only development needs it.
    pub dev: bool,
    /// Nothing breaks without it.
    pub optional: bool,
    dependencies: Dependencies,
}

/// What a package asks for, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Dependencies {
    asked: Vec<String>,
    /// Those that are in its own archive.
    bundled: Vec<String>,
}

/// The root's own entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Root {
    /// By kind (`dependencies`, …): what is asked for, and in which versions.
    asked: BTreeMap<&'static str, BTreeMap<String, String>>,
    workspaces: Vec<String>,
}

/// The kinds of dependencies, as `package.json` and the lock call them.
const KINDS: [&str; 4] =
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

impl NpmLock {
    /// The package at `path`, which may lead through a link.
    pub fn package(&self, path: &str) -> Option<&Package> {
        let through = |link: &Link| {
            let rest = path.strip_prefix(&link.path)?.strip_prefix('/')?;
            Some(format!("{}/{rest}", link.folder))
        };
        let path = self.links.iter().find_map(through).unwrap_or_else(|| path.to_owned());
        self.packages.iter().find(|package| package.path == path)
    }

    /// The folder of ours that is linked at `path`.
    pub fn link(&self, path: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.path == path)
    }
}

impl Package {
    /// Its own hash, unless it is inside another one's archive.
    pub fn integrity(&self) -> Option<&Integrity> {
        match &self.source {
            Source::Registry(integrity) => Some(integrity),
            Source::Bundled(_) => None,
        }
    }
}
