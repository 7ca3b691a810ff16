//! Why a call came to nothing. No error holds a token, a query, a body or a secret address.

use std::error::Error as StdError;
use std::fmt;
use xtask_http::{Method, StatusCode};

/// A call that came to nothing; `K` says how this provider refuses.
#[derive(Debug)]
pub struct Failed<K>(pub(super) Box<Inner<K>>);

#[derive(Debug)]
pub(super) struct Inner<K> {
    /// What was tried: `tell Slack`.
    pub(super) doing: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) kind: K,
    pub(super) status: Option<StatusCode>,
    pub(super) words: Option<Words>,
    pub(super) http: Option<xtask_http::Error>,
}

/// Why there is no answer that can be used, whoever was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The answer is not what the provider documents.
    #[error("the answer cannot be understood")]
    NotUnderstood,
    /// Nobody listens: nothing has been sent.
    #[error("nobody listens there")]
    Refused,
    /// The connection could not be made, or broke.
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it took too long")]
    TimedOut,
    /// The address, a proxy, a certificate or a file of authorities cannot be used.
    #[error("it cannot be asked")]
    Misconfigured,
    /// The address would carry a secret in the open.
    #[error("its address would carry secrets in the open; wanted `https://`")]
    InTheOpen,
}

impl<K> Failed<K> {
    /// What is wrong.
    pub fn kind(&self) -> &K {
        &self.0.kind
    }

    /// How it was answered, if it was.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }
}

impl<K: fmt::Display> Failed<K> {
    /// The whole of it in one line, down to the last cause.
    pub fn in_one_line(&self) -> String {
        let Inner { words, http, .. } = &*self.0;
        let cause = http.as_ref().map(xtask_http::Error::in_one_line);
        match cause.or_else(|| words.as_ref().map(ToString::to_string)) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}

impl<K: fmt::Display> fmt::Display for Failed<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { doing, method, path, kind, status, .. } = &*self.0;
        write!(formatter, "failed to {doing} ({method} {path}")?;
        if let Some(status) = status {
            write!(formatter, " answered {}", status.as_u16())?;
        }
        write!(formatter, "): {kind}")
    }
}

impl<K: fmt::Debug + fmt::Display> StdError for Failed<K> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let http = self.0.http.as_ref().map(|error| error as &(dyn StdError + 'static));
        http.or_else(|| self.0.words.as_ref().map(|words| words as &(dyn StdError + 'static)))
    }
}

impl From<&xtask_http::Error> for Unanswered {
    fn from(error: &xtask_http::Error) -> Self {
        use xtask_http::Error as Http;
        match error {
            Http::Unreachable { .. } if error.is_refused() => Self::Refused,
            Http::Unreachable { .. } => Self::Unreachable,
            Http::TimedOut { .. } => Self::TimedOut,
            Http::TooLarge { .. } => Self::NotUnderstood,
            _ => Self::Misconfigured,
        }
    }
}

/// A provider's own words, as far as they quote nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider} said: {said}")]
pub struct Words {
    pub(crate) provider: &'static str,
    pub(crate) said: String,
}
