//! What can go wrong between files and files; every message names the thing it is about.

use crate::json_v1::JsonError;
use crate::tree::TreeError;
use std::io;
use std::path::{Path, PathBuf};
use xtask_core::digest::Digest;

/// The result of everything in this crate that touches a disk.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why bytes could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk refused.
    #[error("failed to {verb} `{}`", path.display())]
    Disk {
        /// What was tried.
        verb: &'static str,
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The receiver of a stream refused.
    #[error("failed to write {what}")]
    Sink {
        /// What was being written.
        what: String,
        /// What the receiver said.
        source: io::Error,
    },
    /// A file changed between being listed and being read.
    #[error("cannot pack `{path}`: its size was {wanted} bytes when listed, and is not any more")]
    Resized {
        /// The path inside the tree, and the file it came from.
        path: String,
        /// The size when it was listed.
        wanted: u64,
    },
    /// A tree refused a path.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A document cannot be written in json-v1.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A JSON document on disk is not what it should be.
    #[error("failed to read `{}` as JSON", path.display())]
    Parse {
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A blob is not the bytes that its name promises.
    #[error("blob `{wanted}` is corrupt: wanted {size} bytes with that digest, found {found}")]
    Corrupt {
        /// The promised name.
        wanted: Digest,
        /// The promised size.
        size: u64,
        /// What is there.
        found: String,
    },
    /// A package cannot be read.
    #[error("cannot read package `{package}`: {why}")]
    Package {
        /// The file's name, or the package's once it is known.
        package: String,
        /// What is wrong with it.
        why: String,
    },
    /// An entry of a package is refused.
    #[error("cannot unpack `{entry}` of package `{package}`: {why}")]
    PackageEntry {
        package: String,
        /// The entry as the archive names it.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// An image cannot be written as it was described.
    #[error("cannot write image: {0}")]
    Image(String),
    /// An index is of no use to us.
    #[error("cannot use index: {0}")]
    Index(String),
}

impl Error {
    /// Names the path and the verb of a refusal by the disk.
    pub(crate) fn disk(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { verb, path, source }
    }

    /// Names what was being written when the receiver refused.
    pub(crate) fn sink(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Sink { what, source }
    }
}

/// Bytes of a path as people read them; what is not UTF-8 is shown as such.
pub(crate) fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
