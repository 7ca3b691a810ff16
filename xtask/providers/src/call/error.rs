//! Why a call came to nothing. No error holds a token, a query, a body or a secret address.

use crate::coolify::said::Said;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;
use xtask_http::{Method, StatusCode};

/// A call that came to nothing.
#[derive(Debug)]
pub struct Error(pub(super) Box<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) provider: &'static str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) status: Option<StatusCode>,
    pub(super) words: Option<Words>,
    pub(super) http: Option<xtask_http::Error>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    #[error("the token is not accepted")]
    Unauthenticated,
    #[error("the token may not do that")]
    Forbidden,
    /// 404 or 410: it is not there, or is hidden from us.
    #[error("there is no such thing, or not for us")]
    NotFound,
    /// Another refusal of what was sent.
    #[error("what was sent is refused")]
    Invalid,
    /// Too many requests.
    #[error("too many requests were sent{}", later(*retry_after))]
    TooMany {
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// 500 and above.
    #[error("the server failed")]
    ServerError {
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// A status that is no answer to what was asked; redirects are not followed.
    #[error("the answer's status is unexpected")]
    Unexpected,
    /// The answer is not what the provider documents.
    #[error("the answer cannot be understood")]
    NotUnderstood,
    /// Nobody listens: nothing has been sent.
    #[error("nobody listens there")]
    Refused,
    /// The connection could not be made, or broke.
    #[error("it cannot be reached")]
    Unreachable,
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// The address, a proxy, a certificate or a file of authorities cannot be used.
    #[error("it cannot be asked")]
    Misconfigured,
    /// The address would carry a secret in the open.
    #[error("its address would carry secrets in the open; wanted `https://`")]
    InTheOpen,
}

impl Error {
    /// What is wrong.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// How it was answered, if it was.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

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

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { provider, method, path, kind, status, .. } = &*self.0;
        write!(formatter, "failed to tell {provider} ({method} {path}")?;
        if let Some(status) = status {
            write!(formatter, " answered {}", status.as_u16())?;
        }
        write!(formatter, "): {kind}")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let http = self.0.http.as_ref().map(|error| error as &(dyn StdError + 'static));
        http.or_else(|| self.0.words.as_ref().map(|words| words as &(dyn StdError + 'static)))
    }
}

pub(super) fn kind_of(error: &xtask_http::Error) -> Kind {
    use xtask_http::Error as Http;
    match error {
        Http::Unreachable { .. } if error.is_refused() => Kind::Refused,
        Http::Unreachable { .. } => Kind::Unreachable,
        Http::TimedOut { .. } => Kind::TimedOut,
        Http::TooLarge { .. } => Kind::NotUnderstood,
        _ => Kind::Misconfigured,
    }
}

fn later(retry_after: Option<Duration>) -> String {
    let seconds = |it: Duration| format!("; the next one in {} s", it.as_secs_f64().ceil());
    retry_after.map(seconds).unwrap_or_default()
}

/// A provider's own words, as far as they quote nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider} said: {said}")]
pub struct Words {
    provider: &'static str,
    said: String,
}

impl Words {
    /// Reads a refusal: Discord and GitHub have a `message`, Sentry a `detail`, Slack one word.
    /// A page of a proxy in between has none.
    pub(super) fn of(provider: &'static str, body: &[u8], secrets: &[&str]) -> Option<Self> {
        let text = match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(body) => ["message", "detail"].iter().find_map(|it| words(&body[it]))?,
            Err(_) => word(body)?,
        };
        let said = Said::of(&text, secrets).as_str().to_owned();
        Some(Self { provider, said })
    }
}

fn words(value: &serde_json::Value) -> Option<String> {
    // Sentry's `detail` may be an object with a message in it.
    value.as_str().or_else(|| value["message"].as_str()).map(ToOwned::to_owned)
}

fn word(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_word = !text.is_empty() && text.len() <= 64;
    let is_plain = text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
    (is_word && is_plain).then(|| text.to_owned())
}
