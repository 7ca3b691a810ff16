//! GitHub: who we are there, and what its refusals mean for a person.

use crate::edge::secrets;
use crate::error::{Failure, Result, code};
use std::time::Duration;
use xtask_core::deploy;
use xtask_core::secret::Secret;
use xtask_http::{Client, Settings};
use xtask_providers::github::{Error, GitHub};

const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The repository that `deploy.toml` names, with the token from where it says.
pub fn open(of: &deploy::GitHub) -> Result<GitHub> {
    let token = secrets::read_one("github.token", &of.token)?;
    let token = Secret::new(token.expose().trim());
    let client = Client::new(Settings::of_environment().within(ANSWER_LIMIT));
    Ok(GitHub::new(client, &of.url, &of.repository, token))
}

/// A failure that says what `doing` came to, and what helps.
pub fn failed(doing: &str, error: &Error) -> Failure {
    let line = format!("failed to {doing}");
    let Error::Refused { status, .. } = error else {
        return Failure::outside(line).because(error).code(&code::GITHUB_ANSWER);
    };
    let (failure, hint) = match status.as_u16() {
        401 => (Failure::refused(line), "the token is not known: make a new one"),
        // GitHub says so too of what the token may not see.
        403 | 404 => (
            Failure::refused(line),
            "give the token `Secrets`, `Variables` and `Environments`, read and write, for this \
             repository; the environment must be there (`Settings`, `Environments`)",
        ),
        _ => return Failure::outside(line).because(error).code(&code::GITHUB_ANSWER),
    };
    failure.because(error).code(&code::GITHUB_TOKEN).hint(hint)
}
