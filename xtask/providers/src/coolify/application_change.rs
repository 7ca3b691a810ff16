//! What is sent to make or change an application of an image: only fields that Coolify knows, in
//! the types that it takes. It refuses a number where it wants a text, and the whole request for
//! one unknown field.

use super::fields::{Clearable, HealthCheckType, Redirect, Scheme};
use serde::{Serialize, Serializer};
use xtask_core::secret::Secret;

/// An application that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewApplication {
    /// The project that it is in.
    pub project_uuid: String,
    /// The environment of that project, by name.
    pub environment_name: String,
    /// The server that it runs on.
    pub server_uuid: String,
    /// The network; needed where the server has more than one, ignored where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_uuid: Option<String>,
    /// Whether Coolify makes up a public domain where none is given. Its default is to do so.
    pub autogenerate_domain: bool,
    /// Words to find it by; two characters at least.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Everything that may be changed later too.
    #[serde(flatten)]
    pub fields: ApplicationChange,
}

impl NewApplication {
    /// The least that makes one: no made-up domain, no image yet in `fields`.
    pub fn new(project_uuid: &str, environment_name: &str, server_uuid: &str) -> Self {
        Self {
            project_uuid: project_uuid.to_owned(),
            environment_name: environment_name.to_owned(),
            server_uuid: server_uuid.to_owned(),
            destination_uuid: None,
            autogenerate_domain: false,
            tags: Vec::new(),
            fields: ApplicationChange::default(),
        }
    }
}

/// Fields of an application that are to be set; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct ApplicationChange {
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 255 characters: more is a server error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The repository, without a tag.
    #[serde(rename = "docker_registry_image_name", skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// A tag, or `sha256-<64 hex>` for a digest.
    #[serde(rename = "docker_registry_image_tag", skip_serializing_if = "Option::is_none")]
    pub image_tag: Option<String>,
    /// `""` takes them all away. Sent with other fields of the proxy, so that its labels are made
    /// anew: they are not for those fields alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domains: Option<String>,
    /// Whether a domain that another application has is taken all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_domain_override: Option<bool>,
    /// Comma between them. Cannot be cleared once set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports_exposes: Option<String>,
    /// `host:container`, comma between them. Ends rolling updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports_mappings: Option<Clearable>,
    /// Comma between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_network_aliases: Option<Clearable>,
    /// What Coolify hands to Docker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_docker_run_options: Option<Clearable>,
    /// What becomes of `www.`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// Whether HTTP leads to HTTPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_force_https_enabled: Option<bool>,
    /// Whether the proxy compresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_gzip_enabled: Option<bool>,
    /// Whether the proxy takes the path of a domain away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_stripprefix_enabled: Option<bool>,
    /// Ends rolling updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_consistent_container_name_enabled: Option<bool>,
    /// Ends rolling updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_internal_name: Option<Clearable>,
    /// Whether a deployment waits for a health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_enabled: Option<bool>,
    /// How it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_type: Option<HealthCheckType>,
    /// Letters, digits, spaces and `-_./:=@,+`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_command: Option<String>,
    /// Without a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_path: Option<String>,
    /// The port that is asked; `Some(None)` takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_port: Option<Option<u16>>,
    /// The host that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_host: Option<String>,
    /// `GET`, `HEAD`, `POST` or `OPTIONS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_method: Option<String>,
    /// How it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_scheme: Option<Scheme>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_interval: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_timeout: Option<u32>,
    /// At least one, or every deployment fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_start_period: Option<u32>,
    /// A text, as `0.5`; `0` is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_cpus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_cpuset: Option<Clearable>,
    /// Its weight among others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_cpu_shares: Option<u32>,
    /// As `512m`; `0` is none. Coolify does not look at it: a bad one fails the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_memory_swap: Option<String>,
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_memory_swappiness: Option<u8>,
    /// What is kept free for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_memory_reservation: Option<String>,
    /// 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_restart_count: Option<u32>,
    /// 1 to 3600 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_grace_period: Option<u16>,
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_images_to_keep: Option<u8>,
    /// Runs in the old container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_deployment_command: Option<Clearable>,
    /// Runs after the deployment counts as finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_deployment_command: Option<Clearable>,
    /// Whether the proxy asks for a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_http_basic_auth_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_basic_auth_username: Option<String>,
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub http_basic_auth_password: Option<Secret>,
}

/// A secret on its way to Coolify.
pub(super) fn exposed<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose()),
        None => serializer.serialize_none(),
    }
}
