//! The lock of an image: every Debian package of every layer and platform, by hash.
//!
//! One line a package, so that a change reads as a change of that package.

use crate::digest::Digest;
use crate::finding::Findings;
use crate::image::definition::{Layer, Stuff};
use crate::platform::Platform;
use crate::reader::{Source, Table};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

pub mod checksum;

/// What an image is built from, as far as Debian goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The encoder whose bytes the image's digests are made of.
    pub encoder: String,
    /// The release of Debian.
    pub suite: String,
    /// When the archive's index was signed, in seconds since 1970; the image's `created`.
    pub archive_time: u64,
    /// What each layer asked for when it was locked: the digest of its packages and exceptions.
    pub wanted: BTreeMap<String, Digest>,
    /// The packages by layer and platform, each list ordered by name.
    pub layers: BTreeMap<String, BTreeMap<Platform, Vec<LockedPackage>>>,
}

/// One `.deb`, exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LockedPackage {
    /// Its name in the archive's index.
    pub name: String,
    /// Its whole version, with epoch and revision: `2.36-9+deb12u14`.
    pub version: String,
    /// The archive it came from.
    pub archive: String,
    /// Its path below the archive's address.
    pub path: String,
    /// The digest of the `.deb`.
    pub digest: Digest,
    /// The size of the `.deb` in bytes.
    pub size: u64,
}

impl Lock {
    /// Reads a lock; `file` is how messages call it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Findings> {
        Source::new(file, text).read(read)
    }

    /// Writes the lock as `parse` reads it, with its checksum.
    pub fn to_text(&self) -> String {
        let mut text = String::from("# Written by `cargo xtask image lock`; one line a package.\n");
        let head = format!(
            "encoder = \"{}\"\nsuite = \"{}\"\narchive_time = {}\n",
            self.encoder, self.suite, self.archive_time
        );
        text.push_str(&head);
        text.push_str("\n[wanted]\n");
        for (layer, digest) in &self.wanted {
            text.push_str(&format!("{layer} = \"{digest}\"\n"));
        }
        for (layer, platforms) in &self.layers {
            for (platform, packages) in platforms {
                let _infallible = writeln!(text, "\n[layers.{layer}.\"{platform}\"]");
                packages.iter().for_each(|package| text.push_str(&line(package)));
            }
        }
        checksum::with_checksum(&(text + "\n"))
    }

    /// The packages of a layer on a platform, if the lock knows them and the layer still asks for
    /// what it asked for when it was locked.
    pub fn packages(&self, layer: &Layer, platform: Platform) -> Option<&[LockedPackage]> {
        let Stuff::Debian(debian) = &layer.stuff else { return None };
        if self.wanted.get(&layer.name) != Some(&debian.digest()) {
            return None;
        }
        Some(self.layers.get(&layer.name)?.get(&platform)?.as_slice())
    }

    /// The package called `name` on a platform, in whichever layer it is.
    pub fn package(&self, name: &str, platform: Platform) -> Option<&LockedPackage> {
        self.named(platform).find(|package| package.name == name)
    }

    /// Every package on a platform, of whichever layer.
    pub fn named(&self, platform: Platform) -> impl Iterator<Item = &LockedPackage> {
        self.layers.values().filter_map(move |layer| layer.get(&platform)).flatten()
    }

    /// The packages of a layer that are one file on all platforms, by digest.
    pub fn neutral(&self, layer: &Layer) -> BTreeSet<Digest> {
        let on = |platform: Platform| -> BTreeSet<Digest> {
            let packages = self.packages(layer, platform).unwrap_or_default();
            packages.iter().map(|package| package.digest).collect()
        };
        let shared = Platform::ALL.into_iter().map(on).reduce(|left, right| &left & &right);
        shared.unwrap_or_default()
    }
}

fn line(package: &LockedPackage) -> String {
    let LockedPackage { name, version, archive, path, digest, size } = package;
    format!(
        "\"{name}\" = {{ version = \"{version}\", archive = \"{archive}\", path = \"{path}\", \
         digest = \"{digest}\", size = {size} }}\n"
    )
}

fn read(root: &Table<'_>) -> Option<Lock> {
    let encoder = plain(root, "encoder");
    let suite = plain(root, "suite");
    let archive_time = root.number("archive_time", 1..=u64::MAX / 2);
    let wanted = root.table("wanted").map(|table| read_wanted(&table));
    let layers = root.optional_table("layers").map(|layers| {
        layers.each(|_, layer| Some(read_layer(layer))).into_iter().collect::<BTreeMap<_, _>>()
    });
    Some(Lock {
        encoder: encoder?,
        suite: suite?,
        archive_time: archive_time?,
        wanted: wanted?,
        layers: layers.unwrap_or_default(),
    })
}

/// A required text that `to_text` can write as it is.
fn plain(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    if is_plain(&text) {
        return Some(text);
    }
    table.refuse(key, "wanted printable characters without quotes and backslashes");
    None
}

/// Whether `text` stands in a lock as it is, between quotes.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

/// Whether `path` stays below where it starts.
pub(crate) fn is_below(path: &str) -> bool {
    is_plain(path) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn read_wanted(table: &Table<'_>) -> BTreeMap<String, Digest> {
    let keys = table.keys().into_iter();
    let wanted = keys.filter_map(|key| Some((key.clone(), table.parsed(&key)?))).collect();
    table.refuse_unknown();
    wanted
}

fn read_layer(layer: &Table<'_>) -> BTreeMap<Platform, Vec<LockedPackage>> {
    let mut platforms = BTreeMap::new();
    for (key, packages) in layer.each(|_, table| Some(table.each(read_package))) {
        match key.parse() {
            Ok(platform) => {
                platforms.insert(platform, packages.into_iter().map(|(_, it)| it).collect());
            }
            Err(error) => layer.refuse(&key, format!("{error}")),
        }
    }
    platforms
}

fn read_package(name: &str, table: &Table<'_>) -> Option<LockedPackage> {
    if !is_plain(name) {
        table.refuse("", "wanted a package's name");
        return None;
    }
    let version = plain(table, "version");
    let archive = plain(table, "archive");
    let path = table.text("path");
    let digest = table.parsed("digest");
    let size = table.number("size", 1..=u64::MAX / 2);
    let path = path.filter(|path| {
        let plain = is_below(path);
        if !plain {
            table.refuse("path", format!("`{path}` is not a plain relative path"));
        }
        plain
    });
    Some(LockedPackage {
        name: name.to_owned(),
        version: version?,
        archive: archive?,
        path: path?,
        digest: digest?,
        size: size?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::definition::Debian;

    fn lock(version: &str) -> Lock {
        let package = LockedPackage {
            name: "libc6".into(),
            version: version.into(),
            archive: "debian".into(),
            path: "pool/main/g/glibc/libc6.deb".into(),
            digest: Digest::of(b"libc6"),
            size: 7,
        };
        let platforms = Platform::ALL.map(|platform| (platform, vec![package.clone()]));
        Lock {
            encoder: "gzip-v1".into(),
            suite: "bookworm".into(),
            archive_time: 1_700_000_000,
            wanted: BTreeMap::from([("base".to_owned(), Digest::of(b"wanted"))]),
            layers: BTreeMap::from([("base".to_owned(), BTreeMap::from(platforms))]),
        }
    }

    #[test]
    fn a_lock_reads_back_as_it_was_written() {
        let lock = lock("2.36-9+deb12u14");
        assert_eq!(Lock::parse("x.lock", &lock.to_text()).unwrap(), lock);
    }

    #[test]
    fn a_package_is_neutral_where_every_platform_has_the_same_file() {
        let mut lock = lock("1");
        let packages = vec!["libc6".to_owned()];
        let debian = Debian { packages, without: Vec::new() };
        lock.wanted.insert("base".into(), debian.digest());
        let layer = Layer {
            without_set_id: Vec::new(),
            name: "base".into(),
            stuff: Stuff::Debian(debian),
            drop: Vec::new(),
            native: Vec::new(),
            additions: Vec::new(),
        };
        assert_eq!(lock.neutral(&layer), BTreeSet::from([Digest::of(b"libc6")]));
        let platforms = lock.layers.get_mut("base").unwrap();
        platforms.get_mut(&Platform::Arm64).unwrap()[0].digest = Digest::of(b"other");
        assert_eq!(lock.neutral(&layer), BTreeSet::new());
    }

    #[test]
    fn a_package_without_a_digest_is_refused_with_its_line() {
        let text = lock("1").to_text().replace("sha256:", "sha1:");
        let error = Lock::parse("x.lock", &text).unwrap_err();
        assert!(error.to_string().contains("is not a digest"), "{error}");
        assert!(error.0[0].line > 4);
    }
}
