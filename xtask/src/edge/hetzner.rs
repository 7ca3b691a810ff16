//! Hetzner Cloud: who we are there, and what its refusals mean for a person.

use crate::edge::secrets;
use crate::error::code::{self, Code};
use crate::error::{Context as _, Failure, Result};
use std::time::Duration;
use xtask_core::deploy;
use xtask_core::secret::Secret;
use xtask_http::{Client, Settings as HttpSettings};
use xtask_providers::call::Unanswered;
use xtask_providers::hetzner::{Error, Hetzner, Kind, Settings};

const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How tests have less time pass between two looks.
const VARIABLE: &str = "XTASK_HETZNER_POLL_MS";

/// The project that `deploy.toml` names, with the token from where it says.
pub fn open(place: &deploy::Hetzner) -> Result<Hetzner> {
    let token = secrets::read_one("hetzner.token", &place.token)?;
    let token = Secret::new(token.expose().trim());
    let client = Client::new(HttpSettings::of_environment().within(ANSWER_LIMIT));
    Ok(Hetzner::new(client, &place.url, token, settings()?))
}

fn settings() -> Result<Settings> {
    let usual = Settings::default();
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(usual) };
    let poll: u64 = text.parse().or_usage(|| format!("cannot use `{VARIABLE}`"))?;
    Ok(Settings { unit: Duration::from_millis(poll.max(1)), ..usual })
}

/// A failure that says what `doing` came to, and what helps.
pub fn failed(doing: &str, error: &Error) -> Failure {
    let (code, hint) = advice(error.kind());
    let line = format!("failed to {doing}");
    let failure = match code == &code::HETZNER_ANSWER {
        true => Failure::outside(line),
        false => Failure::refused(line),
    };
    let failure = failure.because(error).code(code);
    if hint.is_empty() { failure } else { failure.hint(hint) }
}

fn advice(kind: &Kind) -> (&'static Code, &'static str) {
    match kind {
        Kind::Unauthenticated | Kind::ReadOnly | Kind::Forbidden => (
            &code::HETZNER_TOKEN,
            "make a token that reads and writes in the console of the project, under `Security`, \
             `API tokens`",
        ),
        Kind::Limit(_) => (
            &code::HETZNER_LIMIT,
            "delete what is not needed, or ask Hetzner for more in the console, under `Limits`",
        ),
        Kind::OutOfStock => (
            &code::HETZNER_LIMIT,
            "plan again: the next type of `types` that is in stock is taken; `cargo xtask infra \
             cost ENV` lists all that are",
        ),
        Kind::Protected => (&code::HETZNER_LIMIT, "take the protection off in the console first"),
        Kind::TooMany { .. } | Kind::Locked | Kind::Conflict | Kind::Unavailable => {
            (&code::HETZNER_ANSWER, "wait a minute, then run the same again")
        }
        Kind::Gone | Kind::Unexpected | Kind::Unanswered(Unanswered::NotUnderstood) => (
            &code::HETZNER_ANSWER,
            "its API has changed; docs/deployment/HETZNER.md is the way by hand",
        ),
        Kind::ServerError
        | Kind::Unanswered(Unanswered::Refused | Unanswered::Unreachable | Unanswered::TimedOut) => {
            (&code::HETZNER_ANSWER, "run the same again: what is there already is not made twice")
        }
        _ => (&code::HETZNER_ANSWER, ""),
    }
}
