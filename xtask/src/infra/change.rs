//! From the fields of a step to what the client sends.

use xtask_core::coolify::plan::Difference;
use xtask_providers::coolify::{
    ApplicationChange, CleanupChange, Clearable, HealthCheckType, S3Change, WebhookChange,
};

/// The fields of an application.
pub fn application(differences: &[Difference]) -> ApplicationChange {
    let mut change = ApplicationChange::default();
    for it in differences {
        set(&mut change, &it.field, &it.wanted);
    }
    change
}

/// Whether a container is started otherwise with one of them: what Coolify keeps for itself is no
/// matter of containers.
pub fn is_for_containers(differences: &[Difference]) -> bool {
    let own = ["description", "docker_images_to_keep", "max_restart_count"];
    differences.iter().any(|it| !own.contains(&it.field.as_str()))
}

fn set(change: &mut ApplicationChange, field: &str, text: &str) {
    let own = || Some(text.to_owned());
    match field {
        "description" => change.description = own(),
        "docker_registry_image_name" => change.image_name = own(),
        "domains" => change.domains = own(),
        "custom_network_aliases" => change.custom_network_aliases = Some(clearable(text)),
        "ports_mappings" => change.ports_mappings = Some(clearable(text)),
        "custom_internal_name" => change.custom_internal_name = Some(clearable(text)),
        "health_check_type" => change.health_check_type = Some(HealthCheckType::Http),
        "health_check_port" => change.health_check_port = Some(text.parse().ok()),
        "limits_cpus" => change.limits_cpus = own(),
        "limits_memory" => change.limits_memory = own(),
        _ => set_number_or_flag(change, field, text),
    }
}

fn set_number_or_flag(change: &mut ApplicationChange, field: &str, text: &str) {
    let flag = Some(text == "true");
    match field {
        "health_check_enabled" => change.health_check_enabled = flag,
        "is_force_https_enabled" => change.is_force_https_enabled = flag,
        "is_consistent_container_name_enabled" => {
            change.is_consistent_container_name_enabled = flag;
        }
        "health_check_interval" => change.health_check_interval = text.parse().ok(),
        "health_check_retries" => change.health_check_retries = text.parse().ok(),
        "health_check_start_period" => change.health_check_start_period = text.parse().ok(),
        "max_restart_count" => change.max_restart_count = text.parse().ok(),
        "stop_grace_period" => change.stop_grace_period = text.parse().ok(),
        "docker_images_to_keep" => change.docker_images_to_keep = text.parse().ok(),
        other => unreachable!("a plan sets `{other}`, which nobody sends"),
    }
}

fn clearable(text: &str) -> Clearable {
    if text.is_empty() { Clearable::Clear } else { Clearable::Set(text.to_owned()) }
}

/// The fields of a server's clean-up.
pub fn cleanup(differences: &[Difference]) -> CleanupChange {
    let mut change = CleanupChange::default();
    for it in differences {
        let flag = Some(it.wanted == "true");
        match it.field.as_str() {
            "docker_cleanup_frequency" => change.frequency = Some(it.wanted.clone()),
            "docker_cleanup_threshold" => change.threshold = it.wanted.parse().ok(),
            "force_docker_cleanup" => change.is_forced = flag,
            "delete_unused_volumes" => change.delete_unused_volumes = flag,
            "delete_unused_networks" => change.delete_unused_networks = flag,
            "disable_application_image_retention" => {
                change.disable_application_image_retention = flag;
            }
            other => unreachable!("a plan sets `{other}`, which nobody sends"),
        }
    }
    change
}

/// The fields of a storage that are no secret.
pub fn storage(differences: &[Difference]) -> S3Change {
    let mut change = S3Change::default();
    for it in differences {
        let text = Some(it.wanted.clone());
        match it.field.as_str() {
            "description" => change.description = text,
            "endpoint" => change.endpoint = text,
            "bucket" => change.bucket = text,
            "region" => change.region = text,
            other => unreachable!("a plan sets `{other}`, which nobody sends"),
        }
    }
    change
}

/// What the webhook tells of.
pub fn webhook(differences: &[Difference]) -> WebhookChange {
    let mut change = WebhookChange::default();
    for it in differences {
        let flag = Some(it.wanted == "true");
        match it.field.as_str() {
            "webhook_enabled" => change.is_enabled = flag,
            "deployment_success_webhook_notifications" => change.tells_success = flag,
            "deployment_failure_webhook_notifications" => change.tells_failure = flag,
            other => unreachable!("a plan sets `{other}`, which nobody sends"),
        }
    }
    change
}
