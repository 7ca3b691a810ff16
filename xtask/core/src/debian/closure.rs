//! The closure of some packages: they, what they need, what those need, and so on.

use super::index::{Index, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Why packages cannot be closed over.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClosureError {
    /// The archive holds no such package.
    #[error("unknown package `{package}`, wanted by {wanted_by}")]
    Unknown {
        /// The name, or the alternatives.
        package: String,
        /// Who asked for it.
        wanted_by: Asker,
    },
    /// Names that are left out although nothing asks for them: stale lines.
    #[error("nothing asks for `{}`; remove it from `without`", .0.join("`, `"))]
    Idle(Vec<String>),
}

/// Who asks for a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// A person, in the definition.
    Definition,
    /// A package that depends on it.
    Package(String),
}

impl fmt::Display for Asker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition => formatter.write_str("the definition"),
            Self::Package(name) => write!(formatter, "package `{name}`"),
        }
    }
}

/// A package of a closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// The package.
    pub package: &'a Package,
    /// Everyone who asked for it.
    pub wanted_by: BTreeSet<Asker>,
}

/// Every package that `wanted` need, less those `without` and those already `below`.
/// The result is ordered by name.
pub fn close<'a>(
    index: &'a Index,
    wanted: &[String],
    without: &[String],
    below: &BTreeSet<String>,
) -> Result<Vec<Chosen<'a>>, ClosureError> {
    let mut closure: BTreeMap<&str, Chosen<'a>> = BTreeMap::new();
    let mut avoided = BTreeSet::new();
    let mut open: Vec<(Vec<String>, Asker)> =
        wanted.iter().map(|name| (vec![name.clone()], Asker::Definition)).collect();
    while let Some((alternatives, wanted_by)) = open.pop() {
        let avoid = |name: &&String| without.contains(name) || below.contains(*name);
        if let Some(name) = alternatives.iter().find(avoid) {
            avoided.insert(name.clone());
            continue;
        }
        let package = choose(index, &alternatives, &wanted_by)?;
        let name = &package.file.name;
        if without.contains(name) || below.contains(name) {
            avoided.insert(name.clone());
        } else if let Some(chosen) = closure.get_mut(name.as_str()) {
            chosen.wanted_by.insert(wanted_by);
        } else {
            closure.insert(name, Chosen { package, wanted_by: BTreeSet::from([wanted_by]) });
            let by = Asker::Package(name.clone());
            open.extend(package.needs.iter().map(|group| (group.clone(), by.clone())));
        }
    }
    let idle: Vec<String> =
        without.iter().filter(|name| !avoided.contains(*name)).cloned().collect();
    if !idle.is_empty() {
        return Err(ClosureError::Idle(idle));
    }
    Ok(closure.into_values().collect())
}

/// The first alternative that the archive holds, as apt would take it.
fn choose<'a>(
    index: &'a Index,
    alternatives: &[String],
    wanted_by: &Asker,
) -> Result<&'a Package, ClosureError> {
    let real = alternatives.iter().find_map(|name| index.package(name));
    let found = real.or_else(|| alternatives.iter().find_map(|name| index.provider(name)));
    found.ok_or_else(|| ClosureError::Unknown {
        package: alternatives.join("` or `"),
        wanted_by: wanted_by.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let stanza = |name: &str, version: &str, rest: &str| {
            let hex = "00".repeat(32);
            format!(
                "Package: {name}\nVersion: {version}\nFilename: p/{name}.deb\nSize: 1\nSHA256: {hex}\n{rest}\n\n"
            )
        };
        let main = [
            stanza("app", "1", "Depends: libc (>= 2), mail-server | null, debconf:any"),
            stanza("libc", "2.36-9+deb12u9", "Pre-Depends: gcc"),
            stanza("gcc", "12", ""),
            stanza("debconf", "1", ""),
            stanza("exim", "4", "Provides: mail-server"),
        ];
        let security = [stanza("libc", "2.36-9+deb12u14", "Pre-Depends: gcc")];
        let mut index = Index::default();
        index.read("debian", &main.concat()).unwrap();
        index.read("debian-security", &security.concat()).unwrap();
        index
    }

    fn names(without: &[&str], below: &[&str]) -> Result<Vec<String>, ClosureError> {
        let without: Vec<String> = without.iter().map(ToString::to_string).collect();
        let below = below.iter().map(ToString::to_string).collect();
        let index = index();
        let closed = close(&index, &["app".to_owned()], &without, &below)?;
        let shown =
            |it: &Chosen<'_>| format!("{}={}", it.package.file.name, it.package.file.version);
        Ok(closed.iter().map(shown).collect())
    }

    #[test]
    fn takes_the_newest_of_every_archive_and_providers_of_virtual_names() {
        let all = ["app=1", "debconf=1", "exim=4", "gcc=12", "libc=2.36-9+deb12u14"];
        assert_eq!(names(&[], &[]).unwrap(), all);
    }

    #[test]
    fn leaves_out_what_is_declared_and_what_a_lower_layer_has() {
        let some = ["app=1", "exim=4"];
        assert_eq!(names(&["debconf"], &["libc", "gcc"]).unwrap(), some);
    }

    #[test]
    fn everyone_who_asked_is_known() {
        let index = index();
        let wanted = ["app".to_owned(), "gcc".to_owned()];
        let closed = close(&index, &wanted, &[], &BTreeSet::new()).unwrap();
        let asked = |name: &str| {
            let chosen = closed.iter().find(|it| it.package.file.name == name).unwrap();
            chosen.wanted_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(asked("gcc"), "the definition, package `libc`");
        assert_eq!(asked("exim"), "package `app`", "by a name that it provides");
    }

    #[test]
    fn a_line_that_leaves_out_nothing_is_refused() {
        assert_eq!(names(&["perl"], &[]), Err(ClosureError::Idle(vec!["perl".into()])));
    }
}
