//! When and how a server is cleaned of images. From version 4.3 on.

use super::client::{Act, Coolify};
use super::error::Error;
use super::path::piece;
use super::read::{flag, number, optional_text, text};
use super::version::Capability;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How a server is cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cleanup {
    /// When, as cron says it.
    #[serde(rename = "docker_cleanup_frequency", deserialize_with = "text")]
    pub frequency: String,
    /// From which share of the disk on, in percent.
    #[serde(rename = "docker_cleanup_threshold", deserialize_with = "number")]
    pub threshold: u8,
    /// Whether it happens whatever that share.
    #[serde(default, rename = "force_docker_cleanup", deserialize_with = "flag")]
    pub is_forced: bool,
    /// Whether unused volumes go too.
    #[serde(default, deserialize_with = "flag")]
    pub delete_unused_volumes: bool,
    /// Whether unused networks go too.
    #[serde(default, deserialize_with = "flag")]
    pub delete_unused_networks: bool,
    /// Whether the images that applications keep are kept.
    #[serde(default, deserialize_with = "flag")]
    pub disable_application_image_retention: bool,
}

/// What is to be set of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CleanupChange {
    /// When, as cron says it. Words as `daily` are stored as cron says them.
    #[serde(rename = "docker_cleanup_frequency", skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// 1 to 99 percent.
    #[serde(rename = "docker_cleanup_threshold", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u8>,
    /// Whether it happens whatever that share.
    #[serde(rename = "force_docker_cleanup", skip_serializing_if = "Option::is_none")]
    pub is_forced: Option<bool>,
    /// Whether unused volumes go too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_unused_volumes: Option<bool>,
    /// Whether unused networks go too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_unused_networks: Option<bool>,
    /// Whether the images that applications keep are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_application_image_retention: Option<bool>,
}

/// One cleaning of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CleanupRun {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// `running`, `success` or `failed`.
    #[serde(deserialize_with = "text")]
    pub status: String,
    /// When it began.
    #[serde(default, deserialize_with = "optional_text")]
    pub created_at: Option<String>,
}

impl Coolify {
    /// How a server is cleaned.
    pub async fn docker_cleanup(&self, server: &str) -> Result<Cleanup, Error> {
        self.needs(Capability::CleanupSettings).await?;
        self.read(&path(server)).await
    }

    /// Changes how a server is cleaned.
    pub async fn patch_docker_cleanup(
        &self,
        server: &str,
        change: &CleanupChange,
    ) -> Result<Cleanup, Error> {
        self.needs(Capability::CleanupSettings).await?;
        self.patch(&path(server), change).await
    }

    /// Cleans a server now, without its volumes and networks. Every image that belongs to no
    /// application of Coolify's goes.
    pub async fn run_docker_cleanup(&self, server: &str) -> Result<(), Error> {
        self.needs(Capability::CleanupSettings).await?;
        let only = json!({ "delete_unused_volumes": false, "delete_unused_networks": false });
        let path = format!("{}/run", path(server));
        self.post::<IgnoredAny>(&path, &only, Act::Once).await.map(drop)
    }

    /// The cleanings of a server.
    pub async fn docker_cleanup_runs(&self, server: &str) -> Result<Vec<CleanupRun>, Error> {
        self.needs(Capability::CleanupSettings).await?;
        self.read_list(&format!("{}/executions", path(server))).await
    }
}

fn path(server: &str) -> String {
    format!("servers/{}/docker-cleanup", piece(server))
}
