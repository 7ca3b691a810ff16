//! What can go wrong between us and a server. No error holds a query, a credential or a header:
//! uploads carry state in their queries, and signed addresses carry access.

use crate::request::Request;
use http::Method;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no answer, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer came, or only a part of one.
    #[error("failed to reach `{host}` with {method} {path}")]
    Unreachable {
        /// What we did.
        method: Method,
        /// Whom we asked.
        host: String,
        /// What we asked for.
        path: String,
        /// What the network said.
        #[source]
        cause: Box<Cause>,
    },
    /// It took too long.
    #[error("failed to reach `{host}` with {method} {path}: {what} within {limit:?}")]
    TimedOut {
        /// What we did.
        method: Method,
        /// Whom we asked.
        host: String,
        /// What we asked for.
        path: String,
        /// What did not happen.
        what: &'static str,
        /// In which time.
        limit: Duration,
    },
    /// The host is not who it says it is, or the machine does not know who vouches for it.
    #[error("cannot trust `{host}`: {}", crate::hint::what(cause))]
    Certificate {
        /// Whom we asked.
        host: String,
        /// What is wrong with its certificate.
        #[source]
        cause: Box<rustls::Error>,
    },
    /// The answer is longer than whoever asked can use.
    #[error(
        "cannot use the answer of `{host}` to {method} {path}: it is larger than {limit} bytes"
    )]
    TooLarge {
        /// What we did.
        method: Method,
        /// Whom we asked.
        host: String,
        /// What we asked for.
        path: String,
        /// How much would have been read.
        limit: u64,
    },
    /// What was to be asked is no address.
    #[error("cannot ask `{url}`: {why}")]
    Url {
        /// The address, without its query.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A proxy of the environment is none.
    #[error("cannot use the proxy in the variable `{variable}`: it is no address of a proxy")]
    Proxy {
        /// Where it stands. Its value may hold a password.
        variable: &'static str,
    },
    /// A file of certificate authorities cannot be used.
    #[error("cannot use the certificate authorities in `{path}`: {why}")]
    Authorities {
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The machine trusts nobody, or the client cannot be made for another reason.
    #[error("failed to make the HTTP client")]
    Client(#[source] Box<Cause>),
}

/// One line of what the network said, and what lay behind it.
#[derive(Debug)]
pub struct Cause {
    line: String,
    way: Option<Way>,
    below: Option<Box<Cause>>,
}

/// How a connection failed, as far as whoever counts failures tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nobody listens there.
    Refused,
    /// It was reset.
    Reset,
    /// It ended before what was to come had come.
    Closed,
}

impl Error {
    /// Whether nobody listens where we knocked.
    pub fn is_refused(&self) -> bool {
        self.way() == Some(Way::Refused)
    }

    /// How the connection failed, if it is one of the ways that are told apart.
    pub fn way(&self) -> Option<Way> {
        match self {
            Self::Unreachable { cause, .. } => cause.way(),
            _ => None,
        }
    }

    /// What failed and its last cause, where there is no room for all of them.
    pub fn in_one_line(&self) -> String {
        match self {
            Self::Unreachable { cause, .. } => format!("{self}: {}", cause.innermost()),
            _ => self.to_string(),
        }
    }

    /// Whether the same request may be answered another time.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }
}

/// Whom we ask for what: all that errors say of a request.
#[derive(Clone, Debug)]
pub(crate) struct Whom {
    method: Method,
    host: String,
    path: String,
}

impl Whom {
    pub(crate) fn of(request: &Request) -> Self {
        let (method, url) = (&request.method, &request.url);
        let host = url.authority().map_or("", |authority| authority.as_str());
        // Nobody of ours writes `user:password@`; a registry's answer might.
        let host = host.rsplit('@').next().unwrap_or_default().to_owned();
        Self { method: method.clone(), host, path: request.path().to_owned() }
    }

    pub(crate) fn failed(self, error: reqwest::Error) -> Error {
        let Self { method, host, path } = self;
        let error = error.without_url();
        match certificate_problem(&error) {
            Some(cause) => Error::Certificate { host, cause: Box::new(cause) },
            None => Error::Unreachable { method, host, path, cause: Box::new(Cause::of(&error)) },
        }
    }

    pub(crate) fn timed_out(self, what: &'static str, limit: Duration) -> Error {
        let Self { method, host, path } = self;
        Error::TimedOut { method, host, path, what, limit }
    }

    pub(crate) fn too_large(self, limit: u64) -> Error {
        let Self { method, host, path } = self;
        Error::TooLarge { method, host, path, limit }
    }
}

impl Cause {
    /// The whole chain below `error`. Its own line is left out where it only repeats that a
    /// request failed.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        match below(error) {
            Some(cause) => Self::chain(cause),
            None => Self::chain(error),
        }
    }

    fn chain(error: &(dyn StdError + 'static)) -> Self {
        let line = error.to_string();
        let way = way_of(error);
        let mut lower = below(error).map(|cause| Box::new(Self::chain(cause)));
        if lower.as_ref().is_some_and(|cause| cause.line == line) {
            lower = lower.and_then(|cause| cause.below);
        }
        Self { line, way, below: lower }
    }

    /// The innermost that is known: what lies above only repeats it.
    fn way(&self) -> Option<Way> {
        self.below.as_ref().and_then(|cause| cause.way()).or(self.way)
    }

    /// The last cause, which says most about the thing itself.
    pub fn innermost(&self) -> &Self {
        self.below.as_ref().map_or(self, |cause| cause.innermost())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.below.as_ref().map(|cause| &**cause as &(dyn StdError + 'static))
    }
}

fn way_of(error: &(dyn StdError + 'static)) -> Option<Way> {
    use io::ErrorKind;
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        let is_closed = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        return is_closed.then_some(Way::Closed);
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some(Way::Refused),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Some(Way::Reset),
        // Who still writes into a connection that is reset hears this first.
        ErrorKind::BrokenPipe => Some(Way::Reset),
        ErrorKind::UnexpectedEof => Some(Way::Closed),
        _ => None,
    }
}

/// What lies behind an error. An I/O error hides one that it was made of.
fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let io = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    io.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
}

fn certificate_problem(error: &reqwest::Error) -> Option<rustls::Error> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(problem @ rustls::Error::InvalidCertificate(_)) => return Some(problem.clone()),
            _ => next = below(error),
        }
    }
    None
}
