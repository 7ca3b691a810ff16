//! Where an image is: registry, repository, and a tag or a digest.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A place in a registry that holds manifests: `ghcr.io` and `acme/nutri/backend`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    registry: String,
    path: String,
}

/// An image in a repository, by tag or by digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it is.
    pub repository: Repository,
    /// Which one it is there.
    pub name: Name,
}

/// How a manifest is named inside its repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A movable name.
    Tag(Tag),
    /// The name of the bytes.
    Digest(Digest),
}

/// A movable name: at most 128 of letters, digits, `_`, `.`, `-`, not starting with `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// Why a text is not a reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not {wanted}")]
pub struct ReferenceError {
    text: String,
    wanted: &'static str,
}

const WANTED_REPOSITORY: &str =
    "a repository: wanted `registry/path` in lowercase, such as `ghcr.io/acme/nutri`";
const WANTED_TAG: &str = "a tag: wanted up to 128 letters, digits, `_`, `.` or `-`";
const WANTED_REFERENCE: &str = "a reference: wanted `repository:tag` or `repository@sha256:…`";

impl Repository {
    /// The registry's host, with its port if it has one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path below the registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The repository one level below this one.
    pub fn join(&self, name: &str) -> Result<Self, ReferenceError> {
        format!("{self}/{name}").parse()
    }

    /// The image called `digest` in this repository.
    pub fn pin(&self, digest: Digest) -> Reference {
        Reference { repository: self.clone(), name: Name::Digest(digest) }
    }

    /// The image that `tag` names at the moment in this repository.
    pub fn tag(&self, tag: Tag) -> Reference {
        Reference { repository: self.clone(), name: Name::Tag(tag) }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.path)
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let refuse = || ReferenceError { text: text.to_owned(), wanted: WANTED_REPOSITORY };
        let (registry, path) = text.split_once('/').ok_or_else(refuse)?;
        if !is_registry(registry) || path.is_empty() || !path.split('/').all(is_component) {
            return Err(refuse());
        }
        Ok(Self { registry: registry.to_owned(), path: path.to_owned() })
    }
}

impl TryFrom<String> for Repository {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

/// A registry's host has a dot or a port, or is `localhost`; otherwise it is a path component.
fn is_registry(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else { return false };
        let port = after.strip_prefix(':');
        return address.parse::<Ipv6Addr>().is_ok()
            && (after.is_empty() || port.is_some_and(is_port));
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_named = host == "localhost" || host.contains('.') || port.is_some();
    is_named && host.split('.').all(is_label) && port.is_none_or(is_port)
}

/// One part of a host's name.
fn is_label(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(legal) && !text.starts_with('-') && !text.ends_with('-')
}

/// Digits without a sign, of a port that there is.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|it| it > 0)
}

/// A component is lowercase letters and digits; between them `.`, `_`, `__` or any number of `-`.
pub(crate) fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_between =
        |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    let ends_well = ends.into_iter().all(|end| end.copied().is_some_and(alphanumeric));
    ends_well && text.split(|it: char| it.is_ascii() && alphanumeric(it as u8)).all(is_between)
}

impl Tag {
    /// The tag as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let legal = |byte: u8| word(byte) || b".-".contains(&byte);
        let starts = text.bytes().next().is_some_and(word);
        if !starts || text.len() > 128 || !text.bytes().all(legal) {
            return Err(ReferenceError { text: text.to_owned(), wanted: WANTED_TAG });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(formatter, "{tag}"),
            Self::Digest(digest) => write!(formatter, "{digest}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match self.name {
            Name::Tag(_) => ':',
            Name::Digest(_) => '@',
        };
        write!(formatter, "{}{separator}{}", self.repository, self.name)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let refuse = || ReferenceError { text: text.to_owned(), wanted: WANTED_REFERENCE };
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest.parse().map_err(|_| refuse())?)),
            None => (text, None),
        };
        let slash = named.rfind('/').ok_or_else(refuse)?;
        let colon = named[slash..].find(':').map(|colon| colon + slash);
        let repository: Repository = named[..colon.unwrap_or(named.len())].parse()?;
        let tag = colon.map(|colon| named[colon + 1..].parse()).transpose()?;
        match (digest, tag) {
            // The tag beside a digest is for people: which bytes are meant is said already.
            (Some(digest), _) => Ok(repository.pin(digest)),
            (None, Some(tag)) => Ok(repository.tag(tag)),
            (None, None) => Err(refuse()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_as_it_was_written() {
        let digest = Digest::of(b"x");
        let pin = format!("127.0.0.1:5510/nutri/backend@{digest}");
        for text in ["ghcr.io/acme/nutri/backend:1.2", "localhost:5000/a:latest", pin.as_str()] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_digest_says_which_bytes_and_a_tag_beside_it_is_for_people() {
        let digest = Digest::of(b"x");
        let text = format!("ghcr.io:443/acme/api:1.2@{digest}");
        let read = text.parse::<Reference>().unwrap();
        assert_eq!(read, "ghcr.io:443/acme/api".parse::<Repository>().unwrap().pin(digest));
    }

    #[test]
    fn hosts_are_names_addresses_and_ports_of_the_kind_that_there_are() {
        for host in [
            "ghcr.io",
            "localhost",
            "localhost:1",
            "R.io:65535",
            "10.0.0.1:5000",
            "[::1]",
            "[::1]:5000",
            "a:1",
        ] {
            assert!(format!("{host}/x").parse::<Repository>().is_ok(), "{host}");
        }
        for host in [
            "[::1",
            "::1",
            "[]",
            "[::1]5000",
            "[::1]:",
            "[::1]:0",
            "[1.2.3.4]",
            "[::g]",
            "r.io:",
            "r.io:0",
            "r.io:65536",
            "r.io:+1",
            "r.io:1:2",
            "r..io",
            ".io",
            "r.io.",
            "-r.io",
            "r-.io",
            "r.io]",
            "r_x.io",
            "r io.x",
            "",
            "acme",
            "user@r.io",
            "https://r.io",
        ] {
            assert!(format!("{host}/x").parse::<Repository>().is_err(), "{host}");
        }
    }

    #[test]
    fn refuses_what_a_registry_would_refuse() {
        let digest = Digest::of(b"x");
        for text in [
            "nutri",
            "ghcr.io/Acme/x:1",
            "ghcr.io/acme",
            "ghcr.io/a/-b:1",
            "ghcr.io/a:.x",
            "ghcr.io/a:1:2",
            "ghcr.io/a:",
            "ghcr.io//a:1",
            "ghcr.io/a/:1",
            "/a:1",
            ":1",
            "@",
            "a@b",
            "ghcr.io/a@sha256:0",
            "ghcr.io/a:1@",
            "ghcr.io/a:1/b",
            "[::1/x",
            "[::1/x:1",
            "\u{e9}.io/a:1",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
        for text in [format!("ghcr.io/a:@{digest}"), format!("ghcr.io/a@{digest}@{digest}")] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
