//! What can go wrong between us and a registry. The outermost line says what we tried; the
//! causes below it end with the registry's own status and words.

use super::refusal::Refusal;
use http::{Method, StatusCode, Uri};
use std::fmt;
use xtask_core::digest::Digest;

/// Why something failed at a registry. Queries are left out of every path: uploads carry state
/// in them, and signed addresses carry access.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry, or whoever it sent us to, refused.
    #[error("{method} {path} at `{host}` answered {status}")]
    Answered {
        /// What we did.
        method: Method,
        /// Whom we asked.
        host: String,
        /// What we asked for.
        path: String,
        /// How it was answered.
        status: StatusCode,
        /// And in which words.
        #[source]
        refusal: Box<Refusal>,
    },
    /// No answer came, or only a part of one, or one that we do not take.
    #[error(transparent)]
    Http(#[from] xtask_http::Error),
    /// The same thing failed as often as we are willing to try.
    #[error("gave up at try {tries}")]
    GaveUp {
        /// How often it was tried.
        tries: u32,
        /// How it failed the last time.
        #[source]
        last: Box<Self>,
    },
    /// One blob of a push failed.
    #[error("failed to push blob `{digest}`")]
    Blob {
        digest: Digest,
        #[source]
        cause: Box<Self>,
    },
    /// The service that hands out tokens refused or failed.
    #[error("failed to get a token for `{host}` from `{realm}`")]
    Token {
        /// The registry the token is for.
        host: String,
        /// Where tokens come from.
        realm: String,
        /// Why there was none.
        #[source]
        cause: Box<Self>,
    },
    /// The registry wants something that we do not speak, or must not.
    #[error("cannot log in to `{host}`: {why}")]
    Login {
        host: String,
        /// What it wanted.
        why: String,
    },
    /// A blob on this machine is not what its name says; nothing of it was committed.
    #[error("cannot send blob `{digest}`: {why}")]
    Corrupt {
        digest: Digest,
        /// What it is instead.
        why: String,
    },
    /// A blob on this machine could not be read.
    #[error("failed to read blob `{digest}` from this machine")]
    Unreadable {
        digest: Digest,
        #[source]
        cause: std::io::Error,
    },
    /// A blob that arrived could not be written.
    #[error("failed to write blob `{digest}` on this machine")]
    Unwritable {
        digest: Digest,
        #[source]
        cause: std::io::Error,
    },
    /// What arrived, or what the registry says it has, is not what was asked for.
    #[error("cannot use {what} from `{host}`: wanted `{wanted}`, found `{found}`")]
    Mismatch {
        /// Whom we asked.
        host: String,
        /// What was asked for.
        what: String,
        /// What it should have been.
        wanted: String,
        /// What it was.
        found: String,
    },
    /// An answer does not follow the specification.
    #[error("cannot understand {what} from `{host}`: {why}")]
    Malformed {
        /// Whom we asked.
        host: String,
        /// What it answered.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// What we were asked to push is not a whole.
    #[error("cannot push `{root}`: {why}")]
    Incomplete {
        /// The root of the push.
        root: Digest,
        /// What is missing or false.
        why: String,
    },
}

impl RegistryError {
    pub(super) fn malformed(url: &Uri, what: &str, why: &dyn fmt::Display) -> Self {
        Self::Malformed { host: host(url), what: what.to_owned(), why: why.to_string() }
    }

    /// The refusal at the bottom, if it was one.
    pub fn answered(&self) -> Option<(StatusCode, &Refusal)> {
        match self.root() {
            Self::Answered { status, refusal, .. } => Some((*status, refusal)),
            _ => None,
        }
    }

    /// The way to the registry, if that is what failed.
    pub fn network(&self) -> Option<&xtask_http::Error> {
        match self.root() {
            Self::Http(error) => Some(error),
            _ => None,
        }
    }

    /// The innermost error of ours.
    pub(super) fn root(&self) -> &Self {
        match self {
            Self::GaveUp { last: inner, .. }
            | Self::Blob { cause: inner, .. }
            | Self::Token { cause: inner, .. } => inner.root(),
            _ => self,
        }
    }
}

/// Host and port of a URL.
pub(super) fn host(url: &Uri) -> String {
    url.authority().map_or_else(String::new, |authority| authority.as_str().to_owned())
}
