//! A webhook of Discord.

use super::{SHOWN, secrets};
use crate::call::{Call, Caller, Error, Told};
use serde_json::Value;
use xtask_core::secret::Secret;
use xtask_http::{Client, Method};

/// A webhook of Discord.
#[derive(Debug)]
pub struct Discord {
    caller: Caller,
    url: Secret,
}

#[derive(serde::Deserialize)]
struct Posted {
    id: String,
}

impl Discord {
    /// The webhook at `url`.
    pub fn new(client: Client, url: &Secret) -> Self {
        // Without it Discord says that all is well before it has kept the message.
        let separator = if url.expose().contains('?') { '&' } else { '?' };
        let waiting = Secret::new(format!("{}{separator}wait=true", url.expose()));
        let caller = Caller { provider: Told("Discord"), client, secrets: secrets(url) };
        Self { caller, url: waiting }
    }

    /// Posts a message; its number there.
    pub async fn post(&self, body: &Value) -> Result<String, Error> {
        let call = Call::once(Method::POST, self.url.expose()).into_secret(SHOWN).json(body);
        Ok(self.caller.read::<Posted>(&call).await?.id)
    }
}
