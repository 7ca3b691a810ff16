//! Where this machine's apt finds Debian: read from its sources, old form and new.

use crate::edge::files;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xtask_core::moment::Moment;

/// The address of each archive, by the last part of its path: `debian`, `debian-security`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archives(BTreeMap<String, String>);

impl Archives {
    /// Reads apt's sources; `XTASK_DEBIAN_MIRROR` takes the place of what they say.
    pub fn of_this_machine() -> Result<Self> {
        if let Some(mirror) = variable("XTASK_DEBIAN_MIRROR") {
            return Ok(Self::below(&mirror));
        }
        let mut archives = BTreeMap::new();
        for file in source_files() {
            let text = files::read_if_there(&file)?.unwrap_or_default();
            addresses(&text).for_each(|address| note(&mut archives, address));
            for list in mirror_lists(&text) {
                let text = files::read_if_there(Path::new(list))?.unwrap_or_default();
                text.split_whitespace().for_each(|address| note(&mut archives, address));
            }
        }
        if archives.contains_key("debian") && archives.contains_key("debian-security") {
            return Ok(Self(archives));
        }
        Err(Failure::usage("cannot find Debian's archive: apt's sources name no mirror of it")
            .hint("set XTASK_DEBIAN_MIRROR to the address above `debian` and `debian-security`"))
    }

    fn below(mirror: &str) -> Self {
        let address = |name: &str| format!("{}/{name}", mirror.trim_end_matches('/'));
        let names = ["debian", "debian-security"];
        Self(names.map(|name| (name.to_owned(), address(name))).into())
    }

    /// The address of the archive called `name`.
    pub fn address(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The same, as something to look names up with.
    pub fn mirrors(&self) -> impl Fn(&str) -> Option<String> {
        |name| self.address(name)
    }

    /// Whether a snapshot archive is named.
    pub fn has_snapshot() -> bool {
        variable("XTASK_DEBIAN_SNAPSHOT").is_some()
    }

    /// The archives as they were at `time` (seconds since 1970), if a snapshot archive is named.
    pub fn snapshot(time: u64) -> Option<impl Fn(&str) -> Option<String>> {
        let base = variable("XTASK_DEBIAN_SNAPSHOT")?;
        let moment = i64::try_from(time).ok().and_then(Moment::from_seconds)?;
        let moment = moment.to_string().replace(['-', ':'], "");
        Some(move |name: &str| {
            Some(format!("{}/archive/{name}/{moment}", base.trim_end_matches('/')))
        })
    }
}

/// A variable that is set to something: a workflow sets the others to nothing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn source_files() -> Vec<PathBuf> {
    let parts = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = parts.map(|entry| entry.path()).collect();
    files.push(Path::new("/etc/apt/sources.list").to_owned());
    files.sort_unstable();
    files
}

/// Every word of a source that is in use: `deb [options] ADDRESS suite …` or `URIs: ADDRESS …`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let in_use = |stanza: &&str| !stanza.lines().any(|line| line.trim() == "Enabled: no");
    let lines = text.split("\n\n").filter(in_use).flat_map(str::lines).map(str::trim);
    let sources = lines.filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"));
    sources.flat_map(str::split_whitespace)
}

/// Lists of mirrors, as Debian's images for clouds have them: `mirror+file:/etc/apt/mirrors/…`.
fn mirror_lists(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter_map(|word| word.strip_prefix("mirror+file:"))
}

/// Every address in a file of sources.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|word| word.starts_with("http://") || word.starts_with("https://"))
}

fn note(archives: &mut BTreeMap<String, String>, address: &str) {
    let address = address.trim_end_matches('/');
    let name = address.rsplit('/').next().unwrap_or_default();
    if matches!(name, "debian" | "debian-security") {
        archives.entry(name.to_owned()).or_insert_with(|| address.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_sources_are_read() {
        let old = "# deb http://no/debian x\ndeb [arch=amd64] http://a/debian/ bookworm main\n";
        let new = "Types: deb\nURIs: https://b/debian-security\nSuites: bookworm-security\n\n\
                   Enabled: no\nURIs: https://off/debian\n";
        let mut archives = BTreeMap::new();
        addresses(old).chain(addresses(new)).for_each(|it| note(&mut archives, it));
        assert_eq!(archives["debian"], "http://a/debian");
        assert_eq!(archives["debian-security"], "https://b/debian-security");
    }

    #[test]
    fn lists_of_mirrors_are_followed() {
        let cloud =
            "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\n";
        assert_eq!(mirror_lists(cloud).collect::<Vec<_>>(), ["///etc/apt/mirrors/debian.list"]);
    }
}
