//! What GitHub refuses, and what else goes wrong on the way.

use xtask_http::{Method, StatusCode};

/// Why a request came to nothing. Paths are below `/repos/OWNER/NAME/` and without a query.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GitHub answered, and it was not what was asked for.
    #[error("{method} {path} answered {status}")]
    Refused {
        /// What we did.
        method: Method,
        /// What we asked for.
        path: String,
        /// How it was answered.
        status: StatusCode,
        /// And in which words.
        #[source]
        said: Said,
    },
    /// No whole answer came.
    #[error(transparent)]
    Http(#[from] xtask_http::Error),
    /// The answer is not what GitHub documents.
    #[error("cannot understand the answer to {method} {path}")]
    Malformed {
        /// What we did.
        method: Method,
        /// What we asked for.
        path: String,
        /// Where it ends to be one.
        #[source]
        cause: serde_json::Error,
    },
}

/// GitHub's own words.
#[derive(Debug, thiserror::Error)]
#[error("GitHub said: {0}")]
pub struct Said(pub(super) String);
