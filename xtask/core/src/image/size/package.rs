//! Whose a file is: a Debian package's, an npm package's, a wheel's, or the layer's own.
//!
//! Debian says so itself, in the lists of `status.d`; a wheel's files are below the names in its
//! `top_level.txt`, or below its own name; an npm package is what `node_modules` calls it.

use super::LayerFiles;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

const STATUS: &str = "var/lib/dpkg/status.d/";
const SITE: &str = "site-packages/";
const MODULES: &str = "node_modules/";
const DIST_INFO: &str = ".dist-info";

/// Where packages of one sort come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// A Debian package.
    Debian,
    /// A package of npm.
    Npm,
    /// A Python package.
    Wheel,
    /// What is written in this repository.
    Own,
    /// What a layer holds beside packages, such as declared files.
    Other,
}

/// A package, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its name; a layer's name where files belong to no package.
    #[serde(rename = "package")]
    pub name: String,
    /// Where it comes from.
    pub family: Family,
}

impl Family {
    /// Every family, in the order in which people should hear of them.
    pub const ALL: [Self; 5] = [Self::Debian, Self::Npm, Self::Wheel, Self::Own, Self::Other];

    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Npm => "npm",
            Self::Wheel => "wheel",
            Self::Own => "own",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.name, self.family.word())
    }
}

/// Whether the text of the file at `path` tells whose other files are.
pub fn is_record(path: &str) -> bool {
    (path.starts_with(STATUS) && path.ends_with(".md5sums"))
        || path.ends_with(".dist-info/top_level.txt")
}

/// The owners of the files of one layer.
pub(super) struct Owners {
    debian: HashMap<String, String>,
    /// Python packages by the first name below `site-packages`.
    wheels: HashMap<String, String>,
    rest: Package,
}

impl Owners {
    pub(super) fn of(layer: &LayerFiles) -> Self {
        let family = if layer.own { Family::Own } else { Family::Other };
        let rest = Package { name: layer.name.clone(), family };
        let mut owners = Self { debian: HashMap::new(), wheels: HashMap::new(), rest };
        for (path, text) in &layer.records {
            owners.learn(path, text);
        }
        owners
    }

    fn learn(&mut self, path: &str, text: &str) {
        if let Some(package) =
            path.strip_prefix(STATUS).and_then(|name| name.strip_suffix(".md5sums"))
        {
            // Each line is a sum, spaces, and a path from the root.
            let paths = text.lines().filter_map(|line| line.split_once(' '));
            let owned = |(_, path): (&str, &str)| (path.trim().to_owned(), package.to_owned());
            self.debian.extend(paths.map(owned));
        } else if let Some(wheel) = path.split('/').find_map(wheel_of_info) {
            let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
            self.wheels.extend(names.map(|name| (name.to_owned(), wheel.clone())));
        }
    }

    pub(super) fn owner(&self, path: &str) -> Package {
        let named = |family, name: String| Package { name, family };
        if let Some(name) = self.debian_owner(path) {
            return named(Family::Debian, name.to_owned());
        }
        if let Some((_, below)) = path.rsplit_once(MODULES) {
            return named(Family::Npm, npm_name(below));
        }
        if let Some((_, below)) = path.split_once(SITE) {
            return named(Family::Wheel, self.wheel_owner(below));
        }
        self.rest.clone()
    }

    /// Lists leave out configuration files; a package's description is its own.
    fn debian_owner<'a>(&'a self, path: &'a str) -> Option<&'a str> {
        let listed = self.debian.get(path).map(String::as_str);
        let description = || path.strip_prefix(STATUS).map(|it| it.trim_end_matches(".md5sums"));
        listed.or_else(description)
    }

    fn wheel_owner(&self, below: &str) -> String {
        let first = below.split('/').next().unwrap_or(below);
        // `six.py`, `pillow.libs`, `_cffi_backend.cpython-311-x86_64-linux-gnu.so`.
        let plain = first.split('.').next().filter(|it| !it.is_empty()).unwrap_or(first);
        wheel_of_info(first)
            .or_else(|| self.wheels.get(first).or_else(|| self.wheels.get(plain)).cloned())
            .unwrap_or_else(|| normal(plain))
    }
}

/// `@scope/name` or `name`.
fn npm_name(below: &str) -> String {
    let parts = if below.starts_with('@') { 2 } else { 1 };
    below.split('/').take(parts).collect::<Vec<_>>().join("/")
}

/// `numpy` of `numpy-2.3.1.dist-info`.
fn wheel_of_info(folder: &str) -> Option<String> {
    let (name, _) = folder.strip_suffix(DIST_INFO)?.split_once('-')?;
    Some(normal(name))
}

/// Python's packages are called alike whatever the case and the dashes.
fn normal(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}
