//! An incoming webhook of Slack.

use super::{SHOWN, secrets};
use crate::call::{Call, Caller, Error, Told, Unanswered};
use serde_json::Value;
use xtask_core::secret::Secret;
use xtask_http::{Client, Method};

/// An incoming webhook of Slack.
#[derive(Debug)]
pub struct Slack {
    caller: Caller,
    url: Secret,
}

impl Slack {
    /// The webhook at `url`.
    pub fn new(client: Client, url: Secret) -> Self {
        Self { caller: Caller { provider: Told("Slack"), client, secrets: secrets(&url) }, url }
    }

    /// Posts a message.
    pub async fn post(&self, body: &Value) -> Result<(), Error> {
        let call = Call::once(Method::POST, self.url.expose()).into_secret(SHOWN).json(body);
        let reply = self.caller.call(&call).await?;
        match reply.body.trim_ascii() {
            b"ok" => Ok(()),
            _ => Err(self.caller.failed(&call, Unanswered::NotUnderstood, Some(reply.status))),
        }
    }
}
