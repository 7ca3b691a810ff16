//! An application as Coolify shows it, and what is done to one.

use super::application_change::{ApplicationChange, NewApplication};
use super::client::{Act, Coolify};
use super::error::Error;
use super::path::piece;
use super::place::{PlacedDestination, PlacedEnvironment};
use super::read::{flag, list, optional_number, optional_secret, optional_text, text};
use serde::Deserialize;
use serde::de::IgnoredAny;
use xtask_core::secret::Secret;

/// An application. Lists leave out `settings` and `environment`.
///
/// `status` is Coolify's guess, which lags and is not swept on failure: it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Application {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// The name that a person gave it.
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
    /// What a person says of it; at most 255 characters.
    #[serde(default, deserialize_with = "optional_text")]
    pub description: Option<String>,
    /// `dockerimage` for those that are made of an image.
    #[serde(default, deserialize_with = "optional_text")]
    pub build_pack: Option<String>,
    /// What Coolify last noticed, as `running:healthy`. Never a proof.
    #[serde(default, deserialize_with = "optional_text")]
    pub status: Option<String>,
    /// Where its image is.
    #[serde(default, rename = "docker_registry_image_name", deserialize_with = "optional_text")]
    pub image_name: Option<String>,
    /// The tag that the next deployment takes: `sha256-<hex>` is a digest, none is `latest`.
    #[serde(default, rename = "docker_registry_image_tag", deserialize_with = "optional_text")]
    pub image_tag: Option<String>,
    /// Its domains, comma between them.
    #[serde(default, rename = "fqdn", deserialize_with = "optional_text")]
    pub domains: Option<String>,
    /// The ports that are served inside, comma between them.
    #[serde(default, deserialize_with = "optional_text")]
    pub ports_exposes: Option<String>,
    /// The ports of the host. Whoever has one gets no rolling update.
    #[serde(default, deserialize_with = "optional_text")]
    pub ports_mappings: Option<String>,
    /// Names on the Docker network, comma between them.
    #[serde(default, deserialize_with = "optional_text")]
    pub custom_network_aliases: Option<String>,
    /// What is handed to Docker, as far as Coolify understands it.
    #[serde(default, deserialize_with = "optional_text")]
    pub custom_docker_run_options: Option<String>,
    /// The proxy's labels: plain or in base64, and hidden from most tokens.
    #[serde(default, deserialize_with = "optional_text")]
    pub custom_labels: Option<String>,
    /// `www`, `non-www` or `both`.
    #[serde(default, deserialize_with = "optional_text")]
    pub redirect: Option<String>,
    /// Whether a deployment waits for a health check.
    #[serde(default, deserialize_with = "flag")]
    pub health_check_enabled: bool,
    /// `http` or `cmd`.
    #[serde(default, deserialize_with = "optional_text")]
    pub health_check_type: Option<String>,
    /// What `cmd` runs.
    #[serde(default, deserialize_with = "optional_text")]
    pub health_check_command: Option<String>,
    /// What `http` asks for.
    #[serde(default, deserialize_with = "optional_text")]
    pub health_check_path: Option<String>,
    /// Its port; none is the first of `ports_exposes`.
    #[serde(default, deserialize_with = "optional_number")]
    pub health_check_port: Option<u32>,
    #[serde(default, deserialize_with = "optional_text")]
    pub health_check_host: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub health_check_method: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub health_check_scheme: Option<String>,
    /// Seconds between two checks. Coolify stores what it is given, below zero too.
    #[serde(default, deserialize_with = "optional_number")]
    pub health_check_interval: Option<i64>,
    /// Seconds for one check.
    #[serde(default, deserialize_with = "optional_number")]
    pub health_check_timeout: Option<i64>,
    /// Checks until it counts as unhealthy; with none, every deployment fails.
    #[serde(default, deserialize_with = "optional_number")]
    pub health_check_retries: Option<i64>,
    /// Seconds before the first look.
    #[serde(default, deserialize_with = "optional_number")]
    pub health_check_start_period: Option<i64>,
    /// Whether Coolify found a check in a Dockerfile.
    #[serde(default, deserialize_with = "flag")]
    pub custom_healthcheck_found: bool,
    /// `0` is none.
    #[serde(default, deserialize_with = "optional_text")]
    pub limits_cpus: Option<String>,
    /// Which processors, or all.
    #[serde(default, deserialize_with = "optional_text")]
    pub limits_cpuset: Option<String>,
    /// Its weight among others.
    #[serde(default, deserialize_with = "optional_number")]
    pub limits_cpu_shares: Option<i64>,
    /// `0` is none.
    #[serde(default, deserialize_with = "optional_text")]
    pub limits_memory: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub limits_memory_swap: Option<String>,
    /// How readily it is swapped.
    #[serde(default, deserialize_with = "optional_number")]
    pub limits_memory_swappiness: Option<i64>,
    /// What is kept free for it.
    #[serde(default, deserialize_with = "optional_text")]
    pub limits_memory_reservation: Option<String>,
    /// Restarts before Coolify gives up; 0 is never.
    #[serde(default, deserialize_with = "optional_number")]
    pub max_restart_count: Option<u64>,
    /// Runs in the old container before the new one.
    #[serde(default, deserialize_with = "optional_text")]
    pub pre_deployment_command: Option<String>,
    /// Runs when the deployment counts as finished already.
    #[serde(default, deserialize_with = "optional_text")]
    pub post_deployment_command: Option<String>,
    /// Whether the proxy asks for a password.
    #[serde(default, deserialize_with = "flag")]
    pub is_http_basic_auth_enabled: bool,
    /// And of whom.
    #[serde(default, deserialize_with = "optional_text")]
    pub http_basic_auth_username: Option<String>,
    /// Hidden from most tokens.
    #[serde(default, deserialize_with = "optional_secret")]
    pub http_basic_auth_password: Option<Secret>,
    /// Further servers that it runs on.
    #[serde(default, deserialize_with = "optional_number")]
    pub additional_servers_count: Option<u64>,
    /// What else is set; only where one application was asked for.
    #[serde(default)]
    pub settings: Option<ApplicationSettings>,
    /// The network and server that it runs on.
    #[serde(default)]
    pub destination: Option<PlacedDestination>,
    /// The environment and project that it is in; only where one application was asked for.
    #[serde(default)]
    pub environment: Option<PlacedEnvironment>,
}

/// The settings beside an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ApplicationSettings {
    /// Whether its container keeps one name. Then there is no rolling update, and no check.
    #[serde(default, deserialize_with = "flag")]
    pub is_consistent_container_name_enabled: bool,
    /// A name for its container. No rolling update either.
    #[serde(default, deserialize_with = "optional_text")]
    pub custom_internal_name: Option<String>,
    /// Whether HTTP leads to HTTPS.
    #[serde(default, deserialize_with = "flag")]
    pub is_force_https_enabled: bool,
    /// Whether the proxy compresses.
    #[serde(default, deserialize_with = "flag")]
    pub is_gzip_enabled: bool,
    /// Whether the proxy takes the path of a domain away.
    #[serde(default, deserialize_with = "flag")]
    pub is_stripprefix_enabled: bool,
    /// Without effect on applications of an image.
    #[serde(default, deserialize_with = "flag")]
    pub connect_to_docker_network: bool,
    /// Whether pushes deploy it.
    #[serde(default, deserialize_with = "flag")]
    pub is_auto_deploy_enabled: bool,
    /// Whether previews are made.
    #[serde(default, deserialize_with = "flag")]
    pub is_preview_deployments_enabled: bool,
    /// Whether it is built elsewhere.
    #[serde(default, deserialize_with = "flag")]
    pub is_build_server_enabled: bool,
    /// Seconds between TERM and KILL; none is 30.
    #[serde(default, deserialize_with = "optional_number")]
    pub stop_grace_period: Option<u64>,
    /// Images that a cleanup leaves.
    #[serde(default, deserialize_with = "optional_number")]
    pub docker_images_to_keep: Option<u64>,
}

/// An application that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Created {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// Its domains, comma between them.
    #[serde(default, deserialize_with = "optional_text")]
    pub domains: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Logs {
    #[serde(default, deserialize_with = "optional_text")]
    logs: Option<String>,
}

impl Coolify {
    /// Every application of the token's team.
    pub async fn applications(&self) -> Result<Vec<Application>, Error> {
        self.read_list("applications").await
    }

    /// One application; `None` where there is none of that name for this team.
    pub async fn application(&self, uuid: &str) -> Result<Option<Application>, Error> {
        self.read_if_there(&format!("applications/{}", piece(uuid))).await
    }

    /// Makes an application of an image. It is not deployed. Names may repeat: look first.
    pub async fn create_docker_image(&self, new: &NewApplication) -> Result<Created, Error> {
        self.create("applications/dockerimage", new).await
    }

    /// Changes fields of an application; nothing is deployed.
    pub async fn update_application(
        &self,
        uuid: &str,
        change: &ApplicationChange,
    ) -> Result<(), Error> {
        self.change(&format!("applications/{}", piece(uuid)), change).await
    }

    /// Asks for an application to be removed. It happens later, and its deployments go with it;
    /// volumes and networks stay. Coolify's default would prune the whole host: that is never
    /// asked for.
    pub async fn delete_application(&self, uuid: &str) -> Result<(), Error> {
        let query = "delete_configurations=true&delete_volumes=false\
                     &docker_cleanup=false&delete_connected_networks=false";
        self.delete(&format!("applications/{}?{query}", piece(uuid))).await
    }

    /// Stops an application's containers. No prune of the host comes with it.
    pub async fn stop(&self, uuid: &str) -> Result<(), Error> {
        let path = format!("applications/{}/stop?docker_cleanup=false", piece(uuid));
        self.act::<IgnoredAny>(&path, Act::Idempotent).await.map(drop)
    }

    /// The last lines of an application's containers; `None` where none runs.
    pub async fn logs(&self, uuid: &str, lines: u32) -> Result<Option<String>, Error> {
        let path = format!("applications/{}/logs?lines={lines}", piece(uuid));
        Ok(self.read_unless_refused::<Logs>(&path).await?.and_then(|logs| logs.logs))
    }
}

/// For lists inside other objects.
pub(super) fn applications<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Vec<Application>, D::Error> {
    list(from)
}
