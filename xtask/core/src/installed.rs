//! Which packages of an npm lock an installation holds, so that one that npm left out is noticed:
//! npm skips an optional package that it could not fetch, and ends well.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A package that must be there: where npm puts it, and its version.
pub type Expected = BTreeMap<String, String>;

/// Which parts of a lock are installed, and for what machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Tools of developers too.
    pub dev: bool,
    /// Optional packages that fit the machine too.
    pub optional: bool,
    /// The processor, as npm spells it. The system is Linux with glibc.
    pub cpu: &'static str,
}

#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    version: Option<String>,
    link: bool,
    in_bundle: bool,
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
    peer_dependencies_meta: BTreeMap<String, PeerMeta>,
    os: Words,
    cpu: Words,
    libc: Words,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PeerMeta {
    optional: bool,
}

/// One word, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Words {
    /// As npm reads it: `!name` forbids, and where names are listed it must be one of them.
    fn allow(&self, wanted: &str) -> bool {
        let words: Vec<&str> = match self {
            Self::One(word) => vec![word],
            Self::Several(words) => words.iter().map(String::as_str).collect(),
        };
        let forbidden = words.iter().any(|word| word.strip_prefix('!') == Some(wanted));
        let mut named = words.iter().filter(|word| !word.starts_with('!')).peekable();
        !forbidden
            && (named.peek().is_none() || named.any(|word| *word == wanted || *word == "any"))
    }
}

impl Entry {
    fn fits(&self, selection: Selection) -> bool {
        self.os.allow("linux") && self.cpu.allow(selection.cpu) && self.libc.allow("glibc")
    }
}

/// What `npm ci` must have put into `node_modules` for the lock in `text`: all that can be reached
/// from the root by what is selected, short of optional packages that do not fit the machine.
pub fn expected(text: &str, selection: Selection) -> Result<Expected, serde_json::Error> {
    let lock: Lock = serde_json::from_str(text)?;
    let mut reached = BTreeSet::from([""]);
    let mut open = vec![""];
    while let Some(path) = open.pop() {
        for (name, is_optional) in edges(&lock.packages, path, selection) {
            let Some((found, entry)) = resolve(&lock.packages, path, name) else { continue };
            if is_optional && !entry.fits(selection) {
                continue;
            }
            if reached.insert(found) {
                open.push(found);
            }
        }
    }
    let wanted = reached.into_iter().filter(|path| !path.is_empty());
    let version = |path: &str| {
        let entry = &lock.packages[path];
        let version = entry.version.clone().filter(|_| !entry.link && !entry.in_bundle)?;
        Some((path.to_owned(), version))
    };
    Ok(wanted.filter_map(version).collect())
}

/// What the package at `path` needs, and whether it can do without.
fn edges<'a>(
    packages: &'a BTreeMap<String, Entry>,
    path: &str,
    selection: Selection,
) -> Vec<(&'a str, bool)> {
    let Some(entry) = packages.get(path) else { return Vec::new() };
    let is_optional = |name: &String| entry.optional_dependencies.contains_key(name);
    let mut edges: Vec<(&str, bool)> = Vec::new();
    let needed = entry.dependencies.keys().filter(|name| !is_optional(name));
    edges.extend(needed.map(|name| (name.as_str(), false)));
    if selection.optional {
        edges.extend(entry.optional_dependencies.keys().map(|name| (name.as_str(), true)));
    }
    let meta = |name: &String| entry.peer_dependencies_meta.get(name).is_some_and(|it| it.optional);
    let peers = entry.peer_dependencies.keys().filter(|name| !meta(name));
    edges.extend(peers.map(|name| (name.as_str(), false)));
    if path.is_empty() && selection.dev {
        edges.extend(entry.dev_dependencies.keys().map(|name| (name.as_str(), false)));
    }
    edges
}

/// Where Node finds `name` from the package at `from`: in its own folder, or in one above.
fn resolve<'a>(
    packages: &'a BTreeMap<String, Entry>,
    from: &str,
    name: &str,
) -> Option<(&'a str, &'a Entry)> {
    let mut folder = from;
    loop {
        let separator = if folder.is_empty() { "" } else { "/" };
        let path = format!("{folder}{separator}node_modules/{name}");
        if let Some((path, entry)) = packages.get_key_value(&path) {
            return Some((path.as_str(), entry));
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once("node_modules/").map_or("", |(above, _)| above);
        folder = folder.trim_end_matches('/');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"{"packages": {
        "": {"dependencies": {"a": "1"}, "devDependencies": {"tool": "1"},
             "optionalDependencies": {"linux-x64": "1", "linux-arm64": "1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1"},
             "peerDependencies": {"p": "1", "q": "1"},
             "peerDependenciesMeta": {"q": {"optional": true}}},
        "node_modules/a/node_modules/b": {"version": "2.0.0"},
        "node_modules/b": {"version": "1.0.0"},
        "node_modules/p": {"version": "1.0.0"},
        "node_modules/q": {"version": "1.0.0"},
        "node_modules/tool": {"version": "1.0.0", "dev": true,
             "optionalDependencies": {"wasm": "1"}},
        "node_modules/wasm": {"version": "1.0.0", "cpu": ["wasm32"], "optional": true,
             "dependencies": {"of-wasm": "1"}},
        "node_modules/of-wasm": {"version": "1.0.0", "optional": true},
        "node_modules/linux-x64": {"version": "1.0.0", "cpu": "x64", "os": ["linux"],
             "libc": ["glibc"], "optional": true},
        "node_modules/linux-arm64": {"version": "1.0.0", "cpu": ["arm64"], "os": ["!win32"],
             "optional": true}
    }}"#;

    fn paths(dev: bool, optional: bool, cpu: &'static str) -> Vec<String> {
        let selection = Selection { dev, optional, cpu };
        let expected = expected(LOCK, selection).unwrap();
        expected.into_keys().map(|path| path.replace("node_modules/", "")).collect()
    }

    #[test]
    fn what_is_reached_and_fits_the_machine_is_expected_and_nothing_else() {
        assert_eq!(paths(false, false, "x64"), ["a", "a/b", "p"]);
        assert_eq!(paths(false, true, "x64"), ["a", "a/b", "linux-x64", "p"]);
        assert_eq!(paths(false, true, "arm64"), ["a", "a/b", "linux-arm64", "p"]);
        assert_eq!(paths(true, true, "x64"), ["a", "a/b", "linux-x64", "p", "tool"]);
    }

    #[test]
    fn names_with_an_exclamation_mark_forbid() {
        let words = |words: &[&str]| Words::Several(words.iter().map(|it| (*it).into()).collect());
        assert!(words(&[]).allow("linux") && words(&["any"]).allow("linux"));
        assert!(words(&["!win32"]).allow("linux") && !words(&["!linux"]).allow("linux"));
        assert!(!words(&["darwin"]).allow("linux") && Words::One("linux".into()).allow("linux"));
    }
}
