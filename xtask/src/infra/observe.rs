//! What is there in a Coolify, told in the core's words.

use crate::edge::coolify::failed;
use crate::error::{Failure, Result, code};
use serde_json::json;
use xtask_core::coolify::desired::{Desired, Marked};
use xtask_core::coolify::fingerprint::is_ours;
use xtask_core::coolify::observed::{self, Fields, Known, Observed, named};
use xtask_core::deploy;
use xtask_core::secret::Secret;
use xtask_providers::coolify::{
    Application, ApplicationSettings, Coolify, Error, Kind, S3, Server, Variable, Webhook,
};

/// Looks at all that `desired` is about. Nothing is changed.
pub async fn observe(
    coolify: &Coolify,
    place: &deploy::Coolify,
    desired: &Desired,
) -> Result<Observed> {
    let doing = |error: Error| failed("look at Coolify", &error);
    let servers = coolify.servers().await.map_err(doing)?;
    let server = server(&servers, &place.server)?;
    let project = project(coolify, &desired.project).await?;
    let environment = match &project {
        Some(project) => {
            coolify.environment(&project.uuid, &desired.environment).await.map_err(doing)?
        }
        None => None,
    };
    let listed = environment.as_ref().map(|it| it.applications.as_slice()).unwrap_or_default();
    let applications = applications(coolify, listed, desired).await?;
    let elsewhere = elsewhere(coolify, listed, desired).await?;
    Ok(Observed {
        destinations: destinations(coolify, &server.uuid).await?,
        environment: environment.map(|it| it.uuid),
        project,
        elsewhere,
        applications,
        cleanup: cleanup(coolify, &server.uuid).await?,
        storages: known(coolify.s3_storages().await)?.map(|all| all.iter().map(storage).collect()),
        notifications: known(coolify.webhook().await)?.map(notifications),
        server,
    })
}

/// What this Coolify or this token cannot tell is no failure: it is told why.
fn known<T>(answer: Result<T, Error>) -> Result<Known<T>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(error) => match error.kind() {
            kind @ (Kind::TooOld { .. } | Kind::Forbidden { .. } | Kind::NoSuchRoute) => {
                Ok(Err(kind.to_string()))
            }
            _ => Err(failed("look at Coolify", &error)),
        },
    }
}

/// The server of that name or uuid.
fn server(servers: &[Server], wanted: &str) -> Result<observed::Server> {
    let found = servers.iter().find(|it| it.name == wanted || it.uuid == wanted);
    let found = found.ok_or_else(|| {
        let failure = Failure::refused(format!(
            "cannot use server `{wanted}`: Coolify has none of that name"
        ));
        let failure = failure.code(&code::INFRA_REFUSED);
        let known: Vec<&str> = servers.iter().map(|it| it.name.as_str()).collect();
        if known.is_empty() {
            return failure
                .reason("the team of this token has no server at all")
                .hint("take a token of the team that owns the server, or add it in the panel");
        }
        failure
            .reason(format!("it has `{}`", known.join("`, `")))
            .hint("set `server` in `deploy.toml`, or add the server in the panel")
    })?;
    Ok(observed::Server { uuid: found.uuid.clone(), name: found.name.clone() })
}

/// The project of that name; several of one name are told apart by our mark.
pub(super) async fn project(coolify: &Coolify, name: &str) -> Result<Option<observed::Project>> {
    let projects = coolify.projects().await.map_err(|error| failed("look at Coolify", &error))?;
    let found = named(&projects, |it| it.name == name, |it| is_ours(it.description.as_deref()));
    let found = found.map_err(|error| {
        Failure::refused(format!("cannot tell which project `{name}` is meant"))
            .code(&code::INFRA_REFUSED)
            .because(&error)
            .hint("give them different names in the panel")
    })?;
    Ok(found.map(|it| observed::Project {
        uuid: it.uuid.clone(),
        name: it.name.clone(),
        description: it.description.clone(),
    }))
}

async fn destinations(
    coolify: &Coolify,
    server: &str,
) -> Result<Known<Vec<observed::Destination>>> {
    let all = known(coolify.destinations(server).await)?;
    let own = |it: xtask_providers::coolify::Destination| observed::Destination {
        uuid: it.uuid,
        network: it.network,
    };
    Ok(all.map(|all| all.into_iter().map(own).collect()))
}

/// Those that are wanted or ours are read whole; lists leave out their settings.
async fn applications(
    coolify: &Coolify,
    listed: &[Application],
    desired: &Desired,
) -> Result<Vec<observed::Application>> {
    let mut all = Vec::new();
    for listed in listed {
        let name = listed.name.as_deref().unwrap_or_default();
        if !desired.applications.iter().any(|it| it.name == name) {
            all.push(application(listed, Ok(Vec::new())));
            continue;
        }
        let doing = |error: Error| failed(&format!("look at application `{name}`"), &error);
        // It may have gone since the list was read.
        let Some(whole) = coolify.application(&listed.uuid).await.map_err(doing)? else { continue };
        let rows = known(coolify.variables(&listed.uuid).await)?;
        all.push(application(&whole, rows.map(variables)));
    }
    Ok(all)
}

/// All others of the team. Where one of ours is, is looked for: lists do not say.
async fn elsewhere(
    coolify: &Coolify,
    listed: &[Application],
    desired: &Desired,
) -> Result<Vec<observed::Elsewhere>> {
    let doing = |error: Error| failed("look at the team's applications", &error);
    let mut all = Vec::new();
    for it in coolify.applications().await.map_err(doing)? {
        if listed.iter().any(|own| own.uuid == it.uuid) {
            continue;
        }
        let place = match Marked::is(it.description.as_deref(), &desired.mark) {
            true => coolify.application(&it.uuid).await.map_err(doing)?.and_then(place),
            false => None,
        };
        let domains = it.domains.as_deref().unwrap_or_default().split(',');
        all.push(observed::Elsewhere {
            domains: domains.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect(),
            name: it.name.unwrap_or_default(),
            description: it.description,
            place,
        });
    }
    Ok(all)
}

fn place(it: Application) -> Option<String> {
    let environment = it.environment?;
    let (project, name) = (environment.project?.name?, environment.name?);
    Some(format!("environment `{name}` of project `{project}`"))
}

fn application(
    it: &Application,
    variables: Known<Vec<observed::Variable>>,
) -> observed::Application {
    let destination = it.destination.as_ref();
    observed::Application {
        uuid: it.uuid.clone(),
        name: it.name.clone().unwrap_or_default(),
        description: it.description.clone(),
        server: destination.and_then(|it| it.server.as_ref()).map(|it| it.uuid.clone()),
        network: destination.and_then(|it| it.network.clone()),
        fields: fields(it),
        variables,
    }
}

/// By Coolify's names. What an older one does not tell is left out.
fn fields(it: &Application) -> Fields {
    let mut fields = own_fields(it);
    if let Some(count) = it.max_restart_count {
        fields.insert("max_restart_count".to_owned(), json!(count));
    }
    if let Some(settings) = &it.settings {
        fields.extend(setting_fields(settings));
    }
    fields
}

fn own_fields(it: &Application) -> Fields {
    let pairs = [
        ("description", json!(it.description)),
        ("build_pack", json!(it.build_pack)),
        ("docker_registry_image_name", json!(it.image_name)),
        ("docker_registry_image_tag", json!(it.image_tag)),
        ("custom_docker_run_options", json!(it.custom_docker_run_options)),
        ("pre_deployment_command", json!(it.pre_deployment_command)),
        ("domains", json!(it.domains)),
        ("custom_network_aliases", json!(it.custom_network_aliases)),
        ("health_check_enabled", json!(it.health_check_enabled)),
        ("health_check_type", json!(it.health_check_type)),
        ("health_check_port", json!(it.health_check_port)),
        ("health_check_interval", json!(it.health_check_interval)),
        ("health_check_retries", json!(it.health_check_retries)),
        ("health_check_start_period", json!(it.health_check_start_period)),
        ("limits_cpus", json!(it.limits_cpus)),
        ("limits_memory", json!(it.limits_memory)),
        ("ports_mappings", json!(it.ports_mappings)),
        ("ports_exposes", json!(it.ports_exposes)),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn setting_fields(it: &ApplicationSettings) -> Fields {
    let consistent = it.is_consistent_container_name_enabled;
    let pairs = [
        ("is_force_https_enabled", json!(it.is_force_https_enabled)),
        ("is_consistent_container_name_enabled", json!(consistent)),
        ("custom_internal_name", json!(it.custom_internal_name)),
        ("stop_grace_period", json!(it.stop_grace_period)),
        ("docker_images_to_keep", json!(it.docker_images_to_keep)),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A token that may read one value may read all: then none is an empty one.
fn variables(rows: Vec<Variable>) -> Vec<observed::Variable> {
    let may_read = rows.iter().any(|row| row.value.is_some());
    let value = |row: &Variable| match &row.value {
        None if may_read && !row.is_shown_once => Some(Secret::new("")),
        value => value.clone(),
    };
    let own = |row: Variable| observed::Variable {
        value: value(&row),
        uuid: row.uuid,
        key: row.key,
        is_preview: row.is_preview,
        is_literal: row.is_literal,
        is_multiline: row.is_multiline,
        is_shown_once: row.is_shown_once,
        is_runtime: row.is_runtime,
        is_buildtime: row.is_buildtime,
        comment: row.comment,
        changed: row.updated_at.and_then(|it| it.parse().ok()),
    };
    rows.into_iter().map(own).collect()
}

async fn cleanup(coolify: &Coolify, server: &str) -> Result<Known<Fields>> {
    let found = known(coolify.docker_cleanup(server).await)?;
    Ok(found.map(|it| {
        let pairs = [
            ("docker_cleanup_frequency", json!(it.frequency)),
            ("docker_cleanup_threshold", json!(it.threshold)),
            ("force_docker_cleanup", json!(it.is_forced)),
            ("delete_unused_volumes", json!(it.delete_unused_volumes)),
            ("delete_unused_networks", json!(it.delete_unused_networks)),
            ("disable_application_image_retention", json!(it.disable_application_image_retention)),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }))
}

fn storage(it: &S3) -> observed::Storage {
    let pairs = [
        ("description", json!(it.description)),
        ("endpoint", json!(it.endpoint)),
        ("bucket", json!(it.bucket)),
        ("region", json!(it.region)),
    ];
    observed::Storage {
        uuid: it.uuid.clone(),
        name: it.name.clone(),
        description: it.description.clone(),
        fields: pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn notifications(it: Webhook) -> observed::Notifications {
    let pairs = [
        ("webhook_enabled", json!(it.is_enabled)),
        ("deployment_success_webhook_notifications", json!(it.tells_success)),
        ("deployment_failure_webhook_notifications", json!(it.tells_failure)),
    ];
    observed::Notifications {
        fields: pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        webhook: it.url,
    }
}
