//! What a deployment is told. All of it is read when the job starts, never when it was queued.

use std::time::Duration;

/// One deployment of one application.
#[derive(Clone, Debug)]
pub struct Job {
    /// The deployment's uuid: the name of its helper container as well.
    pub deployment: String,
    /// When it was handed to a worker, as `HHMMSS` and six digits: the end of the container's name.
    pub handed: String,
    /// The server's name, as the log says it.
    pub server: String,
    /// Whether Coolify holds the server for reachable and usable.
    pub server_usable: bool,
    /// The application as it is now.
    pub app: AppSpec,
    /// Its variables as they are now, production only, in their order.
    pub env: Vec<EnvRow>,
}

/// What Coolify knows of an application that is deployed from an image.
#[derive(Clone, Debug, Default)]
pub struct AppSpec {
    pub uuid: String,
    /// The number in `coolify.applicationId`.
    pub id: u64,
    pub name: String,
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Coolify's own version, for its label.
    pub version: String,
    /// `docker_registry_image_name`.
    pub image: String,
    /// `docker_registry_image_tag`; none deploys `latest`.
    pub tag: Option<String>,
    /// `ports_exposes`, a list with commas.
    pub ports_exposes: Option<String>,
    /// `ports_mappings`, a list with commas; it forbids a rolling update.
    pub ports_mappings: Option<String>,
    /// `fqdn`: the domains, a list with commas.
    pub domains: Option<String>,
    /// `custom_labels` as plain lines.
    pub labels: String,
    /// The Docker network of the destination.
    pub network: String,
    /// `custom_network_aliases`, a list with commas.
    pub aliases: Option<String>,
    /// `is_consistent_container_name_enabled`.
    pub consistent_name: bool,
    /// `custom_internal_name`.
    pub internal_name: Option<String>,
    /// `custom_docker_run_options`.
    pub run_options: Option<String>,
    /// The health check.
    pub health: HealthCheck,
    /// The limits, as they were sent.
    pub limits: Limits,
    /// `pre_deployment_command`.
    pub pre_command: Option<String>,
    /// `post_deployment_command`.
    pub post_command: Option<String>,
    /// `stop_grace_period` in seconds; none is 30.
    pub stop_grace: Option<u64>,
}

/// The fields `health_check_*`. Coolify accepts negative numbers and zero.
#[derive(Clone, Debug, Default)]
pub struct HealthCheck {
    /// Off by default.
    pub enabled: bool,
    /// By HTTP or by a command.
    pub kind: HealthKind,
    /// The command, for a check by command.
    pub command: Option<String>,
    /// `GET`, `HEAD`, `POST` or `OPTIONS`.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// The host that the check asks for.
    pub host: String,
    /// None takes the first of `ports_exposes`.
    pub port: Option<String>,
    pub path: String,
    /// Seconds between two checks.
    pub interval: i64,
    /// Seconds that one check may take.
    pub timeout: i64,
    /// How often Coolify looks, and after how many failures Docker says `unhealthy`.
    pub retries: i64,
    /// Seconds before the first look.
    pub start_period: i64,
}

/// `health_check_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthKind {
    /// Coolify writes a check with curl and wget.
    #[default]
    Http,
    /// The application's own command.
    Command,
}

/// The fields `limits_*`; `0` is no limit. Nothing checks them before compose does.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `limits_memory`.
    pub memory: String,
    /// `limits_memory_swap`.
    pub memory_swap: String,
    /// `limits_memory_swappiness`.
    pub swappiness: Option<i64>,
    /// `limits_memory_reservation`.
    pub memory_reservation: String,
    /// `limits_cpus`.
    pub cpus: String,
    /// `limits_cpuset`.
    pub cpuset: Option<String>,
    /// `limits_cpu_shares`.
    pub cpu_shares: Option<i64>,
}

/// One variable of an application.
#[derive(Clone, Debug, Default)]
pub struct EnvRow {
    pub key: String,
    /// As Coolify stored it: trimmed; a blank one is none.
    pub value: Option<String>,
    /// `is_literal`.
    pub literal: bool,
    /// `is_multiline`.
    pub multiline: bool,
    /// `is_runtime`: only these reach the container.
    pub runtime: bool,
    /// `is_buildtime`.
    pub buildtime: bool,
}

impl AppSpec {
    /// How long a container may take to stop.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.stop_grace.unwrap_or(30))
    }

    /// The first of `ports_exposes`.
    pub fn first_exposed(&self) -> Option<&str> {
        let ports = self.ports_exposes.as_deref()?;
        ports.split(',').map(str::trim).find(|port| !port.is_empty())
    }
}
