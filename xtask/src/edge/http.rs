//! Asks a URL, each time on a fresh connection, as somebody outside would.

use std::time::{Duration, Instant};

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, up to 1 MiB.
    pub body: String,
    /// The release that answered, as it says itself (`x-app-version`).
    pub version: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Nothing came back.
#[derive(Debug, thiserror::Error)]
#[error("no answer from `{url}`: {reason}")]
pub struct NoAnswer {
    url: String,
    reason: String,
}

/// Asks for `url` and waits at most `limit`.
pub fn get(url: &str, limit: Duration) -> Result<Answer, NoAnswer> {
    let began = Instant::now();
    let no_answer = |error: ureq::Error| NoAnswer { url: url.into(), reason: error.to_string() };
    let mut response = agent(limit).get(url).call().map_err(no_answer)?;
    let version = response.headers().get("x-app-version").and_then(|value| value.to_str().ok());
    let version = version.map(ToOwned::to_owned);
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(1 << 20).read_to_string();
    let body = body.map_err(no_answer)?;
    Ok(Answer { status, body, version, took: began.elapsed() })
}

/// An agent that keeps no connection: every question is the first.
fn agent(limit: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .http_status_as_error(false)
        .max_idle_connections(0)
        .max_redirects(0)
        .proxy(None);
    config.build().into()
}
