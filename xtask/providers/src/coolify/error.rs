//! Why a request came to nothing. No error holds a value, a token, a query or a body: of Coolify's
//! words only what quotes nothing, of an answer that cannot be read only where it ends to be one.

use super::refusal::Field;
use super::said::Said;
use super::version::{Capability, Version, first_with, tested};
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;
use xtask_http::{Method, StatusCode};

/// A request that came to nothing.
#[derive(Debug)]
pub struct Error(pub(super) Box<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) kind: Kind,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) status: Option<StatusCode>,
    pub(super) said: Option<Said>,
    pub(super) http: Option<xtask_http::Error>,
    pub(super) is_outcome_unknown: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// 401: no token, or one that is wrong or has expired.
    #[error("the token is not accepted: it is wrong, or has expired")]
    Unauthenticated,
    /// 403: the token cannot do that.
    #[error("{}", lacking(ability.as_deref()))]
    Forbidden {
        /// What it would take, where Coolify says so.
        ability: Option<String>,
    },
    /// 403: the switch in Coolify's settings is off.
    #[error("the API is switched off in Coolify's settings")]
    ApiOff,
    /// 403: Coolify's settings list who may ask.
    #[error("this machine's address is not among those that Coolify's settings allow")]
    AddressRefused,
    /// 403: the token can more than its owner in the team.
    #[error("the token's owner is only a member of the team: nothing but `read` works for members")]
    TeamRole,
    /// 404 about an object: it is not there, or another team's.
    #[error("there is no such thing in the token's team")]
    NotFound,
    /// 404 or 405 about the path: not an object that is missing.
    #[error("this Coolify does not know this request")]
    NoSuchRoute,
    #[error("the request is refused")]
    BadRequest,
    /// 409: it is there already, or still in use.
    #[error("it is there already, or in use")]
    Conflict,
    /// 422: fields are refused, all of them at once.
    #[error("fields are refused: {}", listed(fields))]
    Invalid {
        /// Which, and why.
        fields: Vec<Field>,
    },
    /// 429: too many deployments wait.
    #[error("too many deployments are waiting on the server")]
    QueueFull {
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// 429: too many requests came.
    #[error("too many requests came from this token's owner")]
    TooMany {
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// 500 and above.
    #[error("the server failed")]
    ServerError,
    /// Another status that is no success. Redirects are not followed: the token is for one host.
    #[error("the answer's status is unexpected")]
    Unexpected,
    /// A page for people, or whatever else, where JSON was asked for.
    #[error("the answer is not JSON: is this the address of a Coolify?")]
    NotJson,
    /// It ends in the middle.
    #[error("the answer ends in the middle")]
    Truncated,
    /// It is JSON, and not what Coolify is known to send.
    #[error("cannot understand the answer, from line {line}, column {column}")]
    Malformed {
        /// Where it ends to be one.
        line: usize,
        /// And where there.
        column: usize,
    },
    /// It is longer than any that was ever seen.
    #[error("the answer is too large")]
    TooLarge,
    /// Nobody listens: nothing has been sent.
    #[error("nobody listens there")]
    ConnectionRefused,
    /// The connection could not be made, or broke.
    #[error("it cannot be reached")]
    Unreachable,
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// Its certificate is not one that this machine trusts.
    #[error("its certificate is not trusted")]
    Untrusted,
    /// The address, a proxy or a file of authorities cannot be used.
    #[error("it cannot be asked")]
    Misconfigured,
    /// The run was ended.
    #[error("the run was ended")]
    Cancelled,
    /// Nothing is written to a version that nobody has looked at.
    #[error("this is Coolify {found}; known are {}", tested())]
    OutsideTestedVersions {
        /// What it is.
        found: Version,
    },
    /// This version does not have it yet.
    #[error("this is Coolify {found}; it takes {} or later", first_with(*needs))]
    TooOld {
        /// What is missing.
        needs: Capability,
        /// What it is.
        found: Version,
    },
    /// What was to be sent, or what came back, makes no sense.
    #[error("{why}")]
    Unusable { why: String },
}

impl Error {
    /// What is wrong.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// How Coolify answered, if it did.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Its own words, as far as they quote nothing.
    pub fn said(&self) -> Option<&Said> {
        self.0.said.as_ref()
    }

    /// Whether what was to be changed may have been changed all the same: look before asking again.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.is_outcome_unknown
    }

    /// Whether it is that no such thing is there.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, method, path, status, is_outcome_unknown, .. } = &*self.0;
        write!(formatter, "failed to ask Coolify ({method} {path}")?;
        if let Some(status) = status {
            write!(formatter, " answered {}", status.as_u16())?;
        }
        write!(formatter, "): {kind}")?;
        match is_outcome_unknown {
            true => formatter.write_str("; it is not known whether it was done"),
            false => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let http = self.0.http.as_ref().map(|error| error as &(dyn StdError + 'static));
        http.or_else(|| self.0.said.as_ref().map(|said| said as &(dyn StdError + 'static)))
    }
}

fn lacking(ability: Option<&str>) -> String {
    match ability {
        Some(ability) => format!("the token lacks the ability `{ability}`"),
        None => "the token may not do that".to_owned(),
    }
}

fn listed(fields: &[Field]) -> String {
    let all: Vec<String> = fields.iter().map(ToString::to_string).collect();
    if all.is_empty() { "Coolify does not say which".to_owned() } else { all.join("; ") }
}
