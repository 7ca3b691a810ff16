//! Whom Coolify tells what happens. From version 4.3 on.

use super::application_change::exposed;
use super::client::Coolify;
use super::error::Error;
use super::read::{flag, optional_secret};
use super::version::Capability;
use serde::{Deserialize, Serialize};
use xtask_core::secret::Secret;

/// The webhook of the token's team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    /// Whether it is called at all.
    #[serde(default, rename = "webhook_enabled", deserialize_with = "flag")]
    pub is_enabled: bool,
    /// Hidden from most tokens: whoever knows it can write there.
    #[serde(default, rename = "webhook_url", deserialize_with = "optional_secret")]
    pub url: Option<Secret>,
    /// Whether deployments that ended well are told.
    #[serde(
        default,
        rename = "deployment_success_webhook_notifications",
        deserialize_with = "flag"
    )]
    pub tells_success: bool,
    /// Whether deployments that ended badly are told.
    #[serde(
        default,
        rename = "deployment_failure_webhook_notifications",
        deserialize_with = "flag"
    )]
    pub tells_failure: bool,
    /// Whether changes of an application's status are told.
    #[serde(default, rename = "status_change_webhook_notifications", deserialize_with = "flag")]
    pub tells_status: bool,
}

/// What is to be set of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WebhookChange {
    /// Whether it is called at all.
    #[serde(rename = "webhook_enabled", skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
    /// Coolify resolves its host at once, and takes no private address.
    #[serde(
        rename = "webhook_url",
        serialize_with = "exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub url: Option<Secret>,
    /// Whether deployments that ended well are told.
    #[serde(
        rename = "deployment_success_webhook_notifications",
        skip_serializing_if = "Option::is_none"
    )]
    pub tells_success: Option<bool>,
    /// Whether deployments that ended badly are told.
    #[serde(
        rename = "deployment_failure_webhook_notifications",
        skip_serializing_if = "Option::is_none"
    )]
    pub tells_failure: Option<bool>,
    /// Whether changes of an application's status are told.
    #[serde(
        rename = "status_change_webhook_notifications",
        skip_serializing_if = "Option::is_none"
    )]
    pub tells_status: Option<bool>,
}

const PATH: &str = "notifications/webhook";

impl Coolify {
    /// The webhook of the token's team.
    pub async fn webhook(&self) -> Result<Webhook, Error> {
        self.needs(Capability::Notifications).await?;
        self.read(PATH).await
    }

    pub async fn patch_webhook(&self, change: &WebhookChange) -> Result<(), Error> {
        self.needs(Capability::Notifications).await?;
        let secrets: Vec<&Secret> = change.url.iter().collect();
        self.change_secretly(PATH, change, &secrets).await
    }
}
