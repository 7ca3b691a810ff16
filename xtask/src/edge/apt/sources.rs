//! Where this machine's apt finds Debian: read from its sources, old form and new.

use crate::edge::files;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The address of each archive, by the last part of its path: `debian`, `debian-security`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archives(BTreeMap<String, String>);

impl Archives {
    /// Reads apt's sources; `XTASK_DEBIAN_MIRROR` takes the place of what they say.
    pub fn of_this_machine() -> Result<Self> {
        if let Ok(mirror) = std::env::var("XTASK_DEBIAN_MIRROR") {
            return Ok(Self::below(&mirror));
        }
        let mut archives = BTreeMap::new();
        for file in source_files() {
            let text = files::read_if_there(&file)?.unwrap_or_default();
            addresses(&text).for_each(|address| note(&mut archives, address));
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

    /// The archives as they were at `time` (seconds since 1970), if a snapshot archive is named.
    pub fn snapshot(time: u64) -> Option<impl Fn(&str) -> Option<String>> {
        let base = std::env::var("XTASK_DEBIAN_SNAPSHOT").ok()?;
        let moment = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time));
        let moment = moment.to_string().replace(['-', ':'], "");
        Some(move |name: &str| {
            Some(format!("{}/archive/{name}/{moment}", base.trim_end_matches('/')))
        })
    }
}

fn source_files() -> Vec<PathBuf> {
    let parts = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = parts.map(|entry| entry.path()).collect();
    files.push(Path::new("/etc/apt/sources.list").to_owned());
    files.sort_unstable();
    files
}

/// Every address in a file: `deb [options] ADDRESS suite …` or `URIs: ADDRESS …`.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let live = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let words = live.filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"));
    let is_web = |word: &&str| word.starts_with("http://") || word.starts_with("https://");
    words.flat_map(str::split_whitespace).filter(is_web)
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
        let new = "Types: deb\nURIs: https://b/debian-security\nSuites: bookworm-security\n";
        let mut archives = BTreeMap::new();
        addresses(old).chain(addresses(new)).for_each(|it| note(&mut archives, it));
        assert_eq!(archives["debian"], "http://a/debian");
        assert_eq!(archives["debian-security"], "https://b/debian-security");
    }
}
