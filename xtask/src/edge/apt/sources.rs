//! Where Debian's packages come from: a mirror, which `XTASK_DEBIAN_MIRROR` or this machine's apt
//! names, and the archive that keeps what mirrors drop, which needs no setting anywhere.

use crate::edge::files;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xtask_core::moment::Moment;

/// Debian's own, with every state of its archives since 2005.
const SNAPSHOTS: &str = "https://snapshot.debian.org";

/// A variable with this value names no archive, where nothing would mean the usual one.
const NONE: &str = "none";

/// A state is recorded there hours after it was signed, four times a day. Asked for the moment of
/// the signature, the archive answers with the state before, which lacks the newest packages; and
/// what a mirror drops, it drops a day later.
const RECORDED_WITHIN_SECONDS: u64 = 6 * 3600;

/// The address of each archive, by the last part of its path: `debian`, `debian-security`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archives {
    /// What they are called in messages.
    pub called: &'static str,
    addresses: BTreeMap<String, String>,
}

impl Archives {
    /// The mirror, if there is one: what `XTASK_DEBIAN_MIRROR` says, or else what apt's sources say.
    /// A machine that is no Debian usually has none.
    pub fn mirror() -> Result<Option<Self>> {
        match variable("XTASK_DEBIAN_MIRROR") {
            Some(none) if none == NONE => Ok(None),
            Some(base) => Ok(Some(Self::below("the mirror", &base, ""))),
            None => Self::of_apt(),
        }
    }

    fn of_apt() -> Result<Option<Self>> {
        let mut addresses_of = BTreeMap::new();
        for file in source_files() {
            let text = files::read_if_there(&file)?.unwrap_or_default();
            addresses(&text).for_each(|address| note(&mut addresses_of, address));
            for list in mirror_lists(&text) {
                let text = files::read_if_there(Path::new(list))?.unwrap_or_default();
                text.split_whitespace().for_each(|address| note(&mut addresses_of, address));
            }
        }
        let is_whole =
            ["debian", "debian-security"].iter().all(|it| addresses_of.contains_key(*it));
        Ok(is_whole.then_some(Self { called: "the mirror", addresses: addresses_of }))
    }

    /// The archives as they were at a moment, unless no snapshot archive is wanted.
    fn snapshot(at: Moment) -> Option<Self> {
        let named = variable("XTASK_DEBIAN_SNAPSHOT");
        let base = named.as_deref().unwrap_or(SNAPSHOTS);
        let base = format!("{}/archive", base.trim_end_matches('/'));
        let end = format!("/{}", at.to_string().replace(['-', ':'], ""));
        Self::has_snapshot().then(|| Self::below("the snapshot archive", &base, &end))
    }

    /// What holds Debian as it is now: the mirror, or the newest snapshot.
    pub fn newest(now: Moment) -> Result<Self> {
        Self::mirror()?.or_else(|| Self::snapshot(now)).ok_or_else(nowhere)
    }

    /// Where the packages of a lock may be, the best first; its archive was signed at `time`, in
    /// seconds since 1970.
    pub fn of_lock(time: u64) -> Result<Vec<Self>> {
        let signed = i64::try_from(time).ok().and_then(Moment::from_seconds);
        let recorded = signed.and_then(|it| it.after(RECORDED_WITHIN_SECONDS));
        let snapshot = recorded.and_then(Self::snapshot);
        let known: Vec<Self> = Self::mirror()?.into_iter().chain(snapshot).collect();
        if known.is_empty() { Err(nowhere()) } else { Ok(known) }
    }

    fn below(called: &'static str, base: &str, end: &str) -> Self {
        let address = |name: &str| format!("{}/{name}{end}", base.trim_end_matches('/'));
        let names = ["debian", "debian-security"];
        Self { called, addresses: names.map(|name| (name.to_owned(), address(name))).into() }
    }

    /// The address of the archive called `name`.
    pub fn address(&self, name: &str) -> Option<String> {
        self.addresses.get(name).cloned()
    }

    /// Whether a snapshot archive is asked.
    pub fn has_snapshot() -> bool {
        variable("XTASK_DEBIAN_SNAPSHOT").is_none_or(|named| named != NONE)
    }
}

fn nowhere() -> Failure {
    Failure::usage(
        "cannot find Debian's archive: there is no mirror, and no snapshot archive is wanted",
    )
    .hint("set XTASK_DEBIAN_MIRROR to the address above `debian` and `debian-security`, or take `none` from XTASK_DEBIAN_SNAPSHOT")
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
