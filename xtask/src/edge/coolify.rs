//! A Coolify: who we are there, and what its refusals mean for a person.

use crate::edge::secrets;
use crate::error::code::{self, Code};
use crate::error::{Failure, Result};
use std::time::Duration;
use xtask_core::deploy;
use xtask_core::secret::Secret;
use xtask_http::{Client, Settings as HttpSettings};
use xtask_providers::coolify::{Coolify, Error, Kind, Settings};

const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The Coolify that `deploy.toml` names, with the token from where it says.
pub fn open(place: &deploy::Coolify) -> Result<Coolify> {
    open_with(place, Settings::default())
}

/// The same, as patient as `settings` say.
pub fn open_with(place: &deploy::Coolify, settings: Settings) -> Result<Coolify> {
    let token = secrets::read_one("coolify.token", &place.token)?;
    let token = Secret::new(token.expose().trim());
    Ok(with(&place.url, token, settings))
}

/// The Coolify at `url`, asked as `token`.
pub fn with(url: &str, token: Secret, settings: Settings) -> Coolify {
    let client = Client::new(HttpSettings::of_environment().within(ANSWER_LIMIT));
    Coolify::new(client, url, token, settings)
}

/// A failure that says what `doing` came to, and what helps.
pub fn failed(doing: &str, error: &Error) -> Failure {
    let (code, hint) = advice(error.kind());
    let line = format!("failed to {doing}");
    let failure = match code == &code::COOLIFY_ANSWER {
        true => Failure::outside(line),
        false => Failure::refused(line),
    };
    let failure = failure.because(error).code(code);
    if let Some(hint) = hint { failure.hint(hint) } else { failure }
}

fn advice(kind: &Kind) -> (&'static Code, Option<&'static str>) {
    let (code, hint) = known_advice(kind);
    (code, (!hint.is_empty()).then_some(hint))
}

fn known_advice(kind: &Kind) -> (&'static Code, &'static str) {
    match kind {
        Kind::Unauthenticated => (
            &code::COOLIFY_TOKEN,
            "make a new token under `Keys & Tokens`, and give it as `deploy.toml` says",
        ),
        Kind::Forbidden { .. } => (
            &code::COOLIFY_ABILITY,
            "give the token `read`, `write` and `deploy`, and from Coolify 4.6 on `delete` where \
             something is removed; none of them holds another",
        ),
        Kind::TeamRole => {
            (&code::COOLIFY_ABILITY, "take a token of somebody who is an admin of the team")
        }
        Kind::ApiOff => (&code::COOLIFY_OFF, "switch the API on under `Settings`"),
        Kind::AddressRefused => {
            (&code::COOLIFY_OFF, "add this machine's address under `Settings`, `API`")
        }
        Kind::OutsideTestedVersions { .. } | Kind::TooOld { .. } => {
            (&code::COOLIFY_VERSION, "docs/deployment/COOLIFY.md says which versions are known")
        }
        Kind::NoSuchRoute | Kind::NotJson | Kind::Unexpected => (
            &code::COOLIFY_ANSWER,
            "see that `url` in the environment's table `coolify` is the address of the panel, and \
             that no login page or proxy stands before its API",
        ),
        Kind::ConnectionRefused | Kind::Unreachable | Kind::TimedOut | Kind::Misconfigured => (
            &code::COOLIFY_ANSWER,
            "see that `url` in the environment's table `coolify` is right, and that Coolify runs: \
             what it has deployed goes on without it",
        ),
        Kind::ServerError | Kind::Truncated => (
            &code::COOLIFY_ANSWER,
            "see how Coolify is on its server (`docker ps`), then run the same again",
        ),
        Kind::Untrusted => (
            &code::COOLIFY_ANSWER,
            "if it has its own authority, name the file of that in `XTASK_CA_FILE`",
        ),
        Kind::QueueFull { .. } | Kind::TooMany { .. } => {
            (&code::COOLIFY_ANSWER, "wait a minute, then run the same again")
        }
        // What helps depends on what was asked.
        _ => (&code::COOLIFY_ANSWER, ""),
    }
}
