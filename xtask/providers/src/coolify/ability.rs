//! What a token may do, asked with requests that do nothing. From 4.2 on, GET on the path of an
//! action is answered 405 to whoever may do it, and 403 to all others; before, it did it.

use super::client::Coolify;
use super::error::{Error, Kind};
use super::path::piece;
use super::version::Capability;
use serde::de::IgnoredAny;
use xtask_http::{Method, StatusCode};

/// Something that a token may do and that can be asked for without doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    Write,
    Deploy,
}

impl Coolify {
    /// Whether the token has this ability. `server` is one that is there. An error where this
    /// version would take the question for the deed.
    pub async fn may(&self, ability: Ability, server: &str) -> Result<bool, Error> {
        self.needs(Capability::Tags).await?;
        let path = match ability {
            Ability::Write => format!("servers/{}/validate", piece(server)),
            Ability::Deploy => "deploy".to_owned(),
        };
        match self.read::<IgnoredAny>(&path).await {
            Err(error) if error.status() == Some(StatusCode::METHOD_NOT_ALLOWED) => Ok(true),
            Err(error) if matches!(error.kind(), Kind::Forbidden { .. }) => Ok(false),
            Err(error) => Err(error),
            Ok(_) => Err(self.unusable(
                Method::GET,
                &path,
                "the answer to a question was a yes".to_owned(),
            )),
        }
    }

    /// Whether the token's owner shares the limit of requests with everybody who has no token, as
    /// the root user does: then each request without a token is one less for us.
    pub async fn shares_its_limit(&self) -> Result<Option<bool>, Error> {
        let mut left = Vec::new();
        for is_anonymous in [false, true, false, true] {
            left.push(self.requests_left(is_anonymous).await?);
        }
        let Some(left) = left.into_iter().collect::<Option<Vec<u64>>>() else { return Ok(None) };
        Ok(Some(left.windows(2).all(|pair| pair[1].checked_add(1) == Some(pair[0]))))
    }
}
