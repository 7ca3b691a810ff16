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
        message: Message,
    },
    /// No whole answer came.
    #[error(transparent)]
    Http(#[from] xtask_http::Error),
    /// What secrets are to be sealed for is no key.
    #[error("GitHub gave no key to seal secrets for")]
    Key,
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
pub struct Message(String);

impl Message {
    /// Reads the body of a refusal; a page of a proxy in between has no message.
    pub(super) fn of(body: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Body {
            message: Option<String>,
        }
        let body: Option<Body> = serde_json::from_slice(body).ok();
        let message = body.and_then(|it| it.message);
        Self(message.unwrap_or_else(|| "nothing".to_owned()))
    }
}
