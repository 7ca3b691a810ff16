//! Those who are told something: Discord, Slack, GitHub's deployments, Sentry. How they refuse, and
//! what is told them again.

use super::error::{Failed, Unanswered, Words};
use super::{Act, Provider, pause};
use crate::coolify::said::Said;
use std::time::{Duration, SystemTime};
use xtask_http::{HeaderMap, StatusCode};

/// How often one of them is told in all.
const TRIES: u32 = 3;

/// Something that was not told.
pub type Error = Failed<Kind>;

/// One of them, by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told(pub(crate) &'static str);

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
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl Provider for Told {
    type Kind = Kind;
    const ANSWER_MAX: u64 = 1 << 20;

    fn doing(&self) -> String {
        format!("tell {}", self.0)
    }

    /// Discord and GitHub have a `message`, Sentry a `detail`, Slack one word. A page of a proxy in
    /// between has none.
    fn refused(
        &self,
        (status, headers, body): (StatusCode, &HeaderMap, &[u8]),
        secrets: &[&str],
    ) -> (Kind, Option<Words>) {
        let said = read(body).map(|text| Said::of(&text, secrets).as_str().to_owned());
        let words = said.map(|said| Words { provider: self.0, said });
        (kind(status, headers, body, SystemTime::now()), words)
    }

    fn before_next(&self, kind: &Kind, act: Act, tries: u32) -> Option<Duration> {
        pause::before_next(kind, act, tries, TRIES)
    }
}

fn kind(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Kind {
    let retry_after = pause::asked_for(headers, body, now);
    // GitHub refuses too many requests with 403 as well, and then says when to come again.
    let is_limit = status == 429 || (status == 403 && pause::is_used_up(headers));
    match status.as_u16() {
        _ if is_limit => Kind::TooMany { retry_after },
        401 => Kind::Unauthenticated,
        403 => Kind::Forbidden,
        404 | 410 => Kind::NotFound,
        400 | 405..=499 => Kind::Invalid,
        500..=599 => Kind::ServerError { retry_after },
        _ => Kind::Unexpected,
    }
}

fn later(retry_after: Option<Duration>) -> String {
    let seconds = |it: Duration| format!("; the next one in {} s", it.as_secs_f64().ceil());
    retry_after.map(seconds).unwrap_or_default()
}

fn read(body: &[u8]) -> Option<String> {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(body) => ["message", "detail"].iter().find_map(|it| words(&body[it])),
        Err(_) => word(body),
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
