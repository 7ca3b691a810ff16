//! Fields of applications, of the clean-up, of storages and notifications, by Coolify's names.

use super::Context;
use crate::coolify::alias;
use crate::deploy::drain::stop_grace;
use crate::deploy::{Access, Cleanup, Coolify, Service, Storage};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Fields by the names that Coolify has for them.
pub type Settings = BTreeMap<&'static str, Value>;

/// The tag of an application that no rollout has reached. Without a tag Coolify would deploy
/// `latest`; there is no image of this one, so a deployment by hand fails before it starts
/// anything.
pub const TRAP_TAG: &str = "not-rolled-out";

/// How often Coolify looks whether the image's own check has passed, in seconds.
const LOOK_SECONDS: u64 = 2;

/// The fields of a service's application. `ports_exposes` is empty on purpose: with it Coolify
/// would write a check of its own over the image's (decision 0013).
pub(super) fn of_application(
    context: &Context<'_>,
    coolify: &Coolify,
    service: &Service,
    mark: &str,
) -> Settings {
    let environment = context.environment;
    let domain = domain(&environment.url, service);
    let alias = alias(&context.deploy.project, context.name, &service.name);
    let looks = service.health.start_seconds.div_ceil(LOOK_SECONDS);
    let mut settings = Settings::from([
        ("description", json!(mark)),
        ("docker_registry_image_name", json!(format!("{}/{}", environment.registry, service.name))),
        ("domains", json!(domain)),
        ("custom_network_aliases", json!(alias)),
        ("health_check_enabled", json!(true)),
        ("health_check_type", json!("http")),
        ("health_check_port", Value::Null),
        ("health_check_interval", json!(LOOK_SECONDS)),
        ("health_check_retries", json!(looks)),
        ("health_check_start_period", json!(1)),
        ("limits_cpus", json!(service.limits.cpus.to_string())),
        ("limits_memory", json!(format!("{}m", service.limits.memory_mb))),
        ("max_restart_count", json!(0)),
        ("stop_grace_period", json!(stop_grace(service.drain_seconds))),
        ("docker_images_to_keep", json!(coolify.images_to_keep)),
        ("is_consistent_container_name_enabled", json!(false)),
        ("custom_internal_name", Value::Null),
        ("ports_mappings", Value::Null),
        ("ports_exposes", Value::Null),
    ]);
    if service.access == Access::Public {
        let is_https = environment.url.starts_with("https://");
        settings.insert("is_force_https_enabled", json!(is_https));
    }
    settings
}

/// Where the public service is reached. The port in it is the container's: Coolify takes it for
/// where the proxy sends requests.
fn domain(url: &str, service: &Service) -> Option<String> {
    if service.access != Access::Public {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        _ => rest,
    };
    Some(format!("{scheme}://{host}:{}", service.port))
}

/// Volumes hold data, and networks are others': neither is ever removed by a clean-up.
pub(super) fn of_cleanup(cleanup: &Cleanup) -> Settings {
    Settings::from([
        ("docker_cleanup_frequency", json!(cleanup.frequency)),
        ("docker_cleanup_threshold", json!(cleanup.threshold)),
        ("force_docker_cleanup", json!(false)),
        ("delete_unused_volumes", json!(false)),
        ("delete_unused_networks", json!(false)),
        ("disable_application_image_retention", json!(false)),
    ])
}

pub(super) fn of_storage(storage: &Storage, mark: &str) -> Settings {
    Settings::from([
        ("description", json!(mark)),
        ("endpoint", json!(storage.endpoint)),
        ("bucket", json!(storage.bucket)),
        ("region", json!(storage.region)),
    ])
}

/// Of deployments, both ways: a failed one that nobody started by us is news, too.
pub(super) fn of_notifications() -> Settings {
    Settings::from([
        ("webhook_enabled", json!(true)),
        ("deployment_success_webhook_notifications", json!(true)),
        ("deployment_failure_webhook_notifications", json!(true)),
    ])
}
