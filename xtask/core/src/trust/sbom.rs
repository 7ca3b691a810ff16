//! What an image is made of, component by component (SBOM), from its locks, and held against
//! what is really in its layers. `found` reads a layer the way scanners do,
//! `inventory` joins the two; `spdx` and `cyclonedx` write it for others.

pub mod cyclonedx;
pub mod found;
pub mod inventory;
pub mod purl;
pub mod spdx;

use crate::digest::Digest;
use crate::platform::Platform;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Everything that an image is made of on one platform. The same image gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The image, by the name of its definition.
    pub image: String,
    pub platform: Platform,
    /// Its manifest there, which the documents are named after.
    pub manifest: Digest,
    /// Where its sources are, if its labels say so.
    pub source: Option<String>,
    /// The time of the lock's archive, RFC 3339: the only time in it.
    pub created: String,
    /// What wrote it.
    pub tool: String,
    /// The version of Debian in it.
    pub debian: Option<String>,
    /// The components, ordered by what they are called and where they are.
    pub components: Vec<Component>,
}

/// One thing that has a name and came from somewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// What sort of thing it is.
    pub kind: Kind,
    /// Its name, with its scope or group in front as its own people write it.
    pub name: String,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// What vulnerability lists call it, where no package URL leads there.
    pub cpe: Option<String>,
    /// The digest of what it was unpacked from, where the lock knows exactly one.
    pub hashes: Vec<Hash>,
    /// What it says about its licence.
    pub licence: Option<String>,
    /// The layer that holds it.
    pub layer: String,
    /// Where in the image it is, if it is in one place.
    pub path: Option<String>,
    /// What else is known, by name.
    pub notes: BTreeMap<String, String>,
}

/// The sorts of components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Debian package.
    Debian,
    /// A package of npm.
    Npm,
    Wheel,
    /// What runs programs: Node.js.
    Runtime,
    /// A trained model.
    Model,
    /// A file of its own.
    File,
    /// What we wrote ourselves.
    Application,
}

/// A digest of some algorithm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash {
    /// `SHA-256` or `SHA-512`.
    pub algorithm: &'static str,
    /// The digest in small hex digits: 64 or 128 of them.
    pub hex: String,
}

/// The two ways of writing an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Spdx,
    Cyclonedx,
}

/// The text names no format.
#[derive(Debug, thiserror::Error)]
#[error("unknown format `{0}`; known: `spdx`, `cyclonedx`")]
pub struct UnknownFormat(String);

impl Format {
    pub const ALL: [Self; 2] = [Self::Spdx, Self::Cyclonedx];

    /// The document of `inventory`.
    pub fn document(self, inventory: &Inventory) -> Value {
        match self {
            Self::Spdx => spdx::document(inventory),
            Self::Cyclonedx => cyclonedx::document(inventory),
        }
    }

    /// What in-toto calls a statement that carries such a document.
    pub fn predicate_type(self) -> &'static str {
        match self {
            Self::Spdx => "https://spdx.dev/Document",
            Self::Cyclonedx => "https://cyclonedx.org/bom",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Spdx => "spdx",
            Self::Cyclonedx => "cyclonedx",
        })
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.to_string() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

impl Hash {
    pub fn of(digest: &Digest) -> Self {
        Self { algorithm: "SHA-256", hex: digest.hex() }
    }
}

impl Component {
    /// A component of which only the least is known.
    pub fn new(kind: Kind, name: &str, layer: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            version: None,
            purl: None,
            cpe: None,
            hashes: Vec::new(),
            licence: None,
            layer: layer.to_owned(),
            path: None,
            notes: BTreeMap::new(),
        }
    }

    /// What no other component of the same image is called: one package may be there twice, at two
    /// places.
    pub fn identity(&self) -> String {
        let name = self.purl.as_deref().unwrap_or(&self.name);
        let path = self.path.as_deref().unwrap_or_default();
        format!("{name}#{}:{path}", self.layer)
    }
}

/// Licences that packages of ours name, as SPDX spells them. Others are repeated as words: a
/// document with an unknown identifier is not valid.
const LICENCES: [&str; 17] = [
    "0BSD",
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CC-BY-4.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
    "GPL-3.0-or-later",
];

/// Whether `text` is a licence expression all of whose names SPDX knows.
pub(crate) fn is_expression(text: &str) -> bool {
    let plain = text.replace(['(', ')'], " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let joined = |word: &&str| matches!(*word, "AND" | "OR");
    let (names, joins): (Vec<_>, Vec<_>) =
        words.iter().enumerate().partition(|(position, _)| position % 2 == 0);
    words.len() % 2 == 1
        && names.iter().all(|(_, name)| LICENCES.contains(name))
        && joins.iter().all(|(_, word)| joined(word))
}

#[cfg(test)]
pub(crate) mod example {
    //! One small inventory that the writers' tests share.

    use super::*;

    pub(crate) fn inventory() -> Inventory {
        let mut libc = Component::new(Kind::Debian, "libc6", "base");
        libc.version = Some("2.36-9+deb12u14".into());
        libc.purl = Some(purl::debian("libc6", "2.36-9+deb12u14", "amd64"));
        libc.hashes = vec![Hash::of(&Digest::of(b"libc6"))];
        libc.notes = BTreeMap::from([("source".to_owned(), "glibc 2.36-9+deb12u14".to_owned())]);
        let mut node = Component::new(Kind::Runtime, "node", "node");
        node.version = Some("20.20.2".into());
        node.cpe = Some("cpe:2.3:a:nodejs:node.js:20.20.2:*:*:*:*:*:*:*".into());
        node.purl = Some("pkg:generic/node@20.20.2".into());
        node.licence = Some("MIT".into());
        Inventory {
            image: "backend".into(),
            platform: Platform::Amd64,
            manifest: Digest::of(b"manifest"),
            source: Some("https://example.org/acme/nutri".into()),
            created: "2026-11-21T00:00:00Z".into(),
            tool: "xtask-0.1.0".into(),
            debian: Some("12.15".into()),
            components: vec![libc, node, Component::new(Kind::Application, "backend", "app")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_licences_that_spdx_knows_make_an_expression() {
        for good in ["MIT", "(MIT OR CC0-1.0)", "Apache-2.0 AND MIT"] {
            assert!(is_expression(good), "{good}");
        }
        for bad in ["", "UNLICENSED", "MIT OR", "BSD", "SEE LICENSE IN LICENSE", "MIT Apache-2.0"] {
            assert!(!is_expression(bad), "{bad}");
        }
    }
}
