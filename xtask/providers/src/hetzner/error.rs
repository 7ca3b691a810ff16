//! How Hetzner refuses, and which of it may have been done all the same.

use crate::call::{Failed, Unanswered, Words};
use crate::coolify::said::Said;
use serde::Deserialize;
use std::time::Duration;
use xtask_http::StatusCode;

/// A call to Hetzner that came to nothing.
pub type Error = Failed<Kind>;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    #[error("the token is not accepted")]
    Unauthenticated,
    /// The token reads and does not write.
    #[error("the token may only read")]
    ReadOnly,
    #[error("that is not allowed")]
    Forbidden,
    /// The account may not have more of it.
    #[error("the account may not have more: {}", .0.join(", "))]
    Limit(Vec<String>),
    #[error("there is no such thing")]
    NotFound,
    /// The name, or the fingerprint of a key, is in use.
    #[error("it is there already, by {}", .0.join(", "))]
    Taken(Vec<String>),
    /// Somebody changed it at the same time.
    #[error("somebody else changed it at the same time")]
    Conflict,
    /// Hetzner has removed this call.
    #[error("Hetzner has removed this call")]
    Gone,
    /// The type is out of stock, or cannot be placed.
    #[error("it is out of stock")]
    OutOfStock,
    /// Another refusal of what was sent.
    #[error("what was sent is refused{}", of_fields(.0))]
    Invalid(Vec<String>),
    /// Something else is done to it.
    #[error("something else is done to it")]
    Locked,
    #[error("it is protected")]
    Protected,
    /// Too many requests.
    #[error("too many requests were sent")]
    TooMany {
        /// When to come again.
        after: Duration,
    },
    /// 500 and above.
    #[error("the server failed")]
    ServerError,
    /// Hetzner works on it.
    #[error("it is not available for now")]
    Unavailable,
    /// A status that is no answer to what was asked; redirects are not followed.
    #[error("the answer's status is unexpected")]
    Unexpected,
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

fn of_fields(fields: &[String]) -> String {
    match fields {
        [] => String::new(),
        fields => format!(": `{}`", fields.join("`, `")),
    }
}

impl Error {
    /// Whether what was asked for may have been done all the same.
    pub fn may_be_done(&self) -> bool {
        let unknown = [Unanswered::NotUnderstood, Unanswered::Unreachable, Unanswered::TimedOut];
        match self.kind() {
            Kind::ServerError | Kind::Unavailable => true,
            Kind::Unanswered(why) => unknown.contains(why),
            _ => false,
        }
    }
}

#[derive(Default, Deserialize)]
struct Refusal {
    error: Body,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    /// Often missing, or nothing.
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    fields: Vec<Name>,
    #[serde(default)]
    limits: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// What a refusal says. A page of a proxy in between says nothing but its status.
pub(super) fn refused(
    status: StatusCode,
    body: &[u8],
    after: Duration,
    secrets: &[&str],
) -> (Kind, Option<Words>) {
    let said: Option<Refusal> = serde_json::from_slice(body).ok();
    let words = said.as_ref().map(|it| {
        let Body { code, message, .. } = &it.error;
        let said = Said::of(message, secrets);
        let said = format!("{} ({})", said.as_str(), Said::of(code, secrets).as_str());
        Words { provider: "Hetzner", said }
    });
    let Body { code, details, .. } = said.unwrap_or_default().error;
    let Details { fields, limits } = details.unwrap_or_default();
    let names = |all: Vec<Name>| all.into_iter().map(|it| it.name).collect::<Vec<_>>();
    let kind = match (code.as_str(), status.as_u16()) {
        ("token_readonly", _) => Kind::ReadOnly,
        ("resource_limit_exceeded", _) => Kind::Limit(names(limits)),
        ("uniqueness_error", _) => Kind::Taken(names(fields)),
        ("firewall_already_applied", _) => Kind::Taken(vec!["server".to_owned()]),
        ("conflict", _) => Kind::Conflict,
        ("resource_unavailable" | "placement_error", _) | (_, 412) => Kind::OutOfStock,
        ("protected", _) => Kind::Protected,
        ("locked", _) | (_, 423) => Kind::Locked,
        ("rate_limit_exceeded", _) | (_, 429) => Kind::TooMany { after },
        ("maintenance" | "unavailable", _) | (_, 503) => Kind::Unavailable,
        (_, 401) => Kind::Unauthenticated,
        (_, 403) => Kind::Forbidden,
        (_, 404) => Kind::NotFound,
        (_, 410) => Kind::Gone,
        (_, 400..=499) => Kind::Invalid(names(fields)),
        (_, 500..=599) => Kind::ServerError,
        _ => Kind::Unexpected,
    };
    (kind, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: &str, details: &str) -> Kind {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m","details":{details}}}}}"#);
        let status = StatusCode::from_u16(status).expect("a status");
        refused(status, body.as_bytes(), Duration::from_secs(1), &[]).0
    }

    #[test]
    fn every_refusal_of_hetzners_is_told_from_the_others() {
        let fields = r#"{"fields":[{"name":"name","messages":["x"]}]}"#;
        let limits = r#"{"limits":[{"name":"server_limit"}]}"#;
        let name = || vec!["name".to_owned()];
        for (status, code, details, wanted) in [
            (401, "unauthorized", "null", Kind::Unauthenticated),
            (401, "token_readonly", "null", Kind::ReadOnly),
            (403, "forbidden", "null", Kind::Forbidden),
            (403, "maintenance", "null", Kind::Unavailable),
            (403, "resource_limit_exceeded", limits, Kind::Limit(vec!["server_limit".to_owned()])),
            (404, "not_found", "null", Kind::NotFound),
            (409, "uniqueness_error", fields, Kind::Taken(name())),
            (409, "conflict", "null", Kind::Conflict),
            (410, "deprecated_api_endpoint", r#"{"announcement":"x"}"#, Kind::Gone),
            (412, "resource_unavailable", "null", Kind::OutOfStock),
            (422, "placement_error", "null", Kind::OutOfStock),
            (422, "invalid_input", fields, Kind::Invalid(name())),
            (422, "invalid_server_type", "{}", Kind::Invalid(Vec::new())),
            (423, "locked", "null", Kind::Locked),
            (423, "protected", "null", Kind::Protected),
            (500, "server_error", "null", Kind::ServerError),
            (503, "unavailable", "null", Kind::Unavailable),
        ] {
            assert_eq!(kind(status, code, details), wanted, "{code}");
        }
        let after = Duration::from_secs(1);
        assert_eq!(kind(429, "rate_limit_exceeded", "null"), Kind::TooMany { after });
    }

    #[test]
    fn a_page_of_a_proxy_is_read_by_its_status_and_no_secret_is_repeated() {
        let page = refused(StatusCode::BAD_GATEWAY, b"<html>", Duration::ZERO, &[]);
        assert_eq!(page, (Kind::ServerError, None));
        let body = br#"{"error":{"code":"forbidden","message":"not for hunter2-token"}}"#;
        let said = refused(StatusCode::FORBIDDEN, body, Duration::ZERO, &["hunter2-token"]).1;
        assert_eq!(
            said.expect("words").to_string(),
            "Hetzner said: not for \u{2026}-\u{2026} (forbidden)"
        );
    }
}
