//! The servers that Coolify runs containers on.

use super::client::Coolify;
use super::error::Error;
use super::path::piece;
use super::read::{flag, optional_flag, optional_number, optional_text, text};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Server {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// Its address, as Coolify reaches it.
    #[serde(default, deserialize_with = "optional_text")]
    pub ip: Option<String>,
    /// Whether Coolify itself runs on it.
    #[serde(default, deserialize_with = "flag")]
    pub is_coolify_host: bool,
    /// Whether it answers; only in lists.
    #[serde(default, deserialize_with = "optional_flag")]
    pub is_reachable: Option<bool>,
    /// Whether it can be used; only in lists.
    #[serde(default, deserialize_with = "optional_flag")]
    pub is_usable: Option<bool>,
    #[serde(default)]
    pub proxy: Option<Proxy>,
    /// What else is set.
    #[serde(default)]
    pub settings: Option<ServerSettings>,
}

/// The proxy in front of a server's applications; lists do not show it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Proxy {
    /// `TRAEFIK`, `CADDY` or `NONE`.
    #[serde(default, rename = "type", deserialize_with = "optional_text")]
    pub kind: Option<String>,
    /// What Coolify last noticed.
    #[serde(default, deserialize_with = "optional_text")]
    pub status: Option<String>,
}

/// The settings of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ServerSettings {
    /// Whether it answers.
    #[serde(default, deserialize_with = "flag")]
    pub is_reachable: bool,
    /// Whether it can be used. A deployment to one that cannot fails at once.
    #[serde(default, deserialize_with = "flag")]
    pub is_usable: bool,
    /// Whether a limit of the plan has switched it off.
    #[serde(default, deserialize_with = "flag")]
    pub force_disabled: bool,
    /// Whether it only builds.
    #[serde(default, deserialize_with = "flag")]
    pub is_build_server: bool,
    /// Deployments at the same time.
    #[serde(default, deserialize_with = "optional_number")]
    pub concurrent_builds: Option<u64>,
    /// Deployments that may wait.
    #[serde(default, deserialize_with = "optional_number")]
    pub deployment_queue_limit: Option<u64>,
    /// Seconds that a deployment may last.
    #[serde(default, deserialize_with = "optional_number")]
    pub dynamic_timeout: Option<u64>,
    /// The domain that made-up domains are below.
    #[serde(default, deserialize_with = "optional_text")]
    pub wildcard_domain: Option<String>,
    /// When it is cleaned, as cron says it.
    #[serde(default, deserialize_with = "optional_text")]
    pub docker_cleanup_frequency: Option<String>,
    /// From which share of the disk on, in percent.
    #[serde(default, deserialize_with = "optional_number")]
    pub docker_cleanup_threshold: Option<u64>,
    /// The share of the disk at which Coolify warns, in percent.
    #[serde(default, deserialize_with = "optional_number")]
    pub server_disk_usage_notification_threshold: Option<u64>,
}

/// What is to be set of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerChange {
    /// Deployments at the same time; at least one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent_builds: Option<u32>,
    /// Deployments that may wait; at least one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_queue_limit: Option<u32>,
    /// Seconds that a deployment may last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_timeout: Option<u32>,
}

impl Server {
    /// Whether Coolify could reach it when it last looked.
    pub fn is_reachable(&self) -> bool {
        let settings = self.settings.as_ref().is_some_and(|settings| settings.is_reachable);
        self.is_reachable.unwrap_or(settings)
    }

    /// Whether deployments to it can work.
    pub fn is_usable(&self) -> bool {
        let settings = self.settings.as_ref();
        let is_off = settings.is_some_and(|settings| settings.force_disabled);
        let usable = settings.is_some_and(|settings| settings.is_usable);
        self.is_usable.unwrap_or(usable) && !is_off
    }
}

impl Coolify {
    /// Every server of the token's team.
    pub async fn servers(&self) -> Result<Vec<Server>, Error> {
        self.read_list("servers").await
    }

    /// One server; `None` where there is none of that name for this team.
    pub async fn server(&self, uuid: &str) -> Result<Option<Server>, Error> {
        self.read_if_there(&format!("servers/{}", piece(uuid))).await
    }

    /// Changes a server's settings.
    pub async fn patch_server(&self, uuid: &str, change: &ServerChange) -> Result<(), Error> {
        self.change(&format!("servers/{}", piece(uuid)), change).await
    }
}
