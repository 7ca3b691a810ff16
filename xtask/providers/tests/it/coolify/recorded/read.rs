//! Reads an answer with the method that asks for it, and compares what is used.

use super::super::server::{Scripted, json};
use serde_json::Value;
use xtask_providers::coolify::{
    Application, ApplicationChange, Coolify, DeploymentId, Error, NewApplication, NewProject,
    NewStorage, NewTask, NewVariable, Started,
};

/// `None`: nobody asks for this.
pub(super) async fn read(
    coolify: &Coolify,
    route: &str,
    body: &Value,
) -> Option<Result<(), Error>> {
    if let Some(outcome) = server(coolify, route, body).await {
        return Some(outcome);
    }
    if let Some(outcome) = project(coolify, route, body).await {
        return Some(outcome);
    }
    if let Some(outcome) = application(coolify, route, body).await {
        return Some(outcome);
    }
    if let Some(outcome) = deployment(coolify, route, body).await {
        return Some(outcome);
    }
    other(coolify, route, body).await
}

async fn server(coolify: &Coolify, route: &str, body: &Value) -> Option<Result<(), Error>> {
    Some(match route {
        "GET version" => coolify.version().await.map(|version| assert!(version.is_tested())),
        "GET health" => coolify.health().await,
        "GET servers" => coolify.servers().await.map(|all| {
            assert_eq!(all.len(), rows(body));
            assert!(all.iter().all(|one| one.is_reachable() && one.is_usable()));
        }),
        "GET servers/*" => coolify.server("s").await.map(|one| {
            let (one, settings) = (one.unwrap(), &body["settings"]);
            assert_eq!(Some(one.is_usable()), settings["is_usable"].as_bool());
            assert_eq!(one.proxy.unwrap().kind, text_of(&body["proxy"]["type"]));
            let builds = one.settings.unwrap().concurrent_builds.map(|n| i64::try_from(n).unwrap());
            assert_eq!(builds, number_of(&settings["concurrent_builds"]));
        }),
        "GET servers/*/destinations" => coolify.destinations("s").await.map(|all| {
            assert_eq!(Some(all[0].network.clone()), text_of(&body[0]["network"]));
        }),
        "POST servers/*/destinations" => coolify.create_destination("s", "n", "n").await.map(drop),
        "PATCH servers/*" => coolify.patch_server("s", &Default::default()).await,
        "GET servers/*/docker-cleanup" => coolify.docker_cleanup("s").await.map(|one| {
            assert_eq!(Some(one.frequency), text_of(&body["docker_cleanup_frequency"]));
            assert_eq!(
                Some(i64::from(one.threshold)),
                number_of(&body["docker_cleanup_threshold"])
            );
            assert_eq!(Some(one.is_forced), body["force_docker_cleanup"].as_bool());
        }),
        "PATCH servers/*/docker-cleanup" => {
            coolify.patch_docker_cleanup("s", &Default::default()).await.map(drop)
        }
        "POST servers/*/docker-cleanup/run" => coolify.run_docker_cleanup("s").await,
        "GET servers/*/docker-cleanup/executions" => {
            coolify.docker_cleanup_runs("s").await.map(|all| assert_eq!(all.len(), rows(body)))
        }
        _ => return None,
    })
}

async fn project(coolify: &Coolify, route: &str, body: &Value) -> Option<Result<(), Error>> {
    Some(match route {
        "GET projects" => coolify.projects().await.map(|all| assert_eq!(all.len(), rows(body))),
        "GET projects/*" => coolify.project("p").await.map(|one| {
            assert_eq!(one.unwrap().environments.len(), rows(&body["environments"]));
        }),
        "POST projects" => {
            let new = NewProject { name: "nutri".to_owned(), description: None };
            coolify
                .create_project(&new)
                .await
                .map(|uuid| assert_eq!(Some(uuid), text_of(&body["uuid"])))
        }
        "GET projects/*/environments" => coolify.environments("p").await.map(|all| {
            assert_eq!(Some(all[0].name.clone()), text_of(&body[0]["name"]));
        }),
        "POST projects/*/environments" => coolify.create_environment("p", "n").await.map(drop),
        "GET projects/*/production" | "GET projects/*/*" => {
            coolify.environment("p", "production").await.map(|one| {
                let one = one.unwrap();
                assert_eq!(one.applications.len(), rows(&body["applications"]));
                for (one, row) in
                    one.applications.iter().zip(body["applications"].as_array().unwrap())
                {
                    compare(one, row);
                }
            })
        }
        _ => return None,
    })
}

async fn application(coolify: &Coolify, route: &str, body: &Value) -> Option<Result<(), Error>> {
    Some(match route {
        "GET applications" => coolify.applications().await.map(|all| {
            assert_eq!(all.len(), rows(body));
            all.iter().zip(body.as_array().unwrap()).for_each(|(one, row)| compare(one, row));
        }),
        "GET applications/*" => coolify.application("a").await.map(|one| {
            let one = one.unwrap();
            compare(&one, body);
            let settings = one.settings.unwrap();
            let grace = settings.stop_grace_period.map(|n| i64::try_from(n).unwrap());
            assert_eq!(grace, number_of(&body["settings"]["stop_grace_period"]));
            let name = settings.is_consistent_container_name_enabled;
            assert_eq!(
                Some(name),
                body["settings"]["is_consistent_container_name_enabled"].as_bool()
            );
            let project = one.environment.unwrap().project.unwrap();
            assert_eq!(Some(project.uuid), text_of(&body["environment"]["project"]["uuid"]));
        }),
        "POST applications/dockerimage" => {
            let new = NewApplication::new("p", "e", "s");
            coolify.create_docker_image(&new).await.map(|made| {
                assert_eq!(made.domains, text_of(&body["domains"]));
            })
        }
        "PATCH applications/*" => {
            coolify.update_application("a", &ApplicationChange::default()).await
        }
        "DELETE applications/*" => coolify.delete_application("a").await,
        "GET applications/*/envs" => coolify.variables("a").await.map(|all| {
            assert_eq!(all.len(), rows(body));
            for (one, row) in all.iter().zip(body.as_array().unwrap()) {
                assert_eq!(
                    one.value.as_ref().map(|v| v.expose().to_owned()),
                    text_of(&row["value"])
                );
                assert_eq!(Some(one.is_literal), row["is_literal"].as_bool());
                assert_eq!(Some(one.is_multiline), row["is_multiline"].as_bool());
                assert_eq!(Some(one.is_preview), row["is_preview"].as_bool());
                assert_eq!(one.comment, text_of(&row["comment"]));
            }
        }),
        "POST applications/*/envs" => coolify.create_variable("a", &variable()).await.map(drop),
        "PATCH applications/*/envs/bulk" => coolify.update_variables("a", &[variable()]).await,
        "DELETE applications/*/envs/*" => coolify.delete_variable("a", "v").await,
        _ => return None,
    })
}

async fn deployment(coolify: &Coolify, route: &str, body: &Value) -> Option<Result<(), Error>> {
    Some(match route {
        "POST deploy" => coolify.deploy("a", true).await.map(|started| {
            let wanted = text_of(&body["deployments"][0]["deployment_uuid"]);
            assert_eq!(started.claimed.map(|id| id.as_str().to_owned()), wanted);
        }),
        "GET deployments" => coolify.deployments().await.map(|all| {
            assert_eq!(all.len(), rows(body));
        }),
        "GET deployments/*" => coolify.deployment_named("d").await.map(|one| {
            let one = one.unwrap();
            assert_eq!(Some(one.status.as_str().to_owned()), text_of(&body["status"]));
            assert!(one.status.is_active() || one.status.is_terminal());
            assert_eq!(Some(one.force_rebuild), body["force_rebuild"].as_bool());
            assert_eq!(one.lines().is_some(), body["logs"].is_string());
        }),
        "GET deployments/applications/*" => coolify.deployments_of("a", 0, 10).await.map(|page| {
            assert_eq!(page.deployments.len(), rows(&body["deployments"]));
            assert_eq!(Some(page.count), body["count"].as_u64());
        }),
        "POST deployments/*/cancel" => coolify.cancel(&any_id().await).await,
        "POST applications/*/start" => started(coolify.start("a").await, body),
        "POST applications/*/restart" => started(coolify.restart("a").await, body),
        "POST applications/*/stop" => coolify.stop("a").await,
        "GET applications/*/logs" => {
            coolify.logs("a", 5).await.map(|logs| assert_eq!(logs, text_of(&body["logs"])))
        }
        "GET applications/*/rollback-images" => coolify.rollback_images("a").await.map(|found| {
            assert_eq!(found.images.len(), rows(&body["images"]));
        }),
        _ => return None,
    })
}

async fn other(coolify: &Coolify, route: &str, body: &Value) -> Option<Result<(), Error>> {
    Some(match route {
        "GET applications/*/tags" => {
            coolify.tags("a").await.map(|all| assert_eq!(all.len(), rows(body)))
        }
        "POST applications/*/tags" => {
            coolify.add_tags("a", &["t1"]).await.map(|all| assert_eq!(all.len(), rows(body)))
        }
        "DELETE applications/*/tags/*" => coolify.remove_tag("a", "t").await,
        "GET applications/*/storages" => coolify.storages("a").await.map(|found| {
            assert_eq!(found.persistent_storages.len(), rows(&body["persistent_storages"]));
            assert_eq!(found.file_storages.len(), rows(&body["file_storages"]));
        }),
        "POST applications/*/storages" => {
            let new = NewStorage::volume("n", "/m");
            coolify.create_storage("a", &new).await
        }
        "DELETE applications/*/storages/*" => coolify.delete_storage("a", "s").await,
        "GET applications/*/scheduled-tasks" => {
            coolify.tasks("a").await.map(|all| assert_eq!(all.len(), rows(body)))
        }
        "POST applications/*/scheduled-tasks" => {
            coolify.create_task("a", &task()).await.map(|one| {
                assert_eq!(Some(one.enabled), body["enabled"].as_bool());
            })
        }
        "PATCH applications/*/scheduled-tasks/*" => {
            coolify.update_task("a", "t", &Default::default()).await
        }
        "DELETE applications/*/scheduled-tasks/*" => coolify.delete_task("a", "t").await,
        "POST applications/*/scheduled-tasks/*/execute" => coolify.execute_task("a", "t").await,
        "GET applications/*/scheduled-tasks/*/executions" => {
            coolify.executions("a", "t").await.map(|all| assert_eq!(all.len(), rows(body)))
        }
        "GET s3-storages" => coolify.s3_storages().await.map(|all| {
            assert_eq!(all.len(), rows(body));
            for (one, row) in all.iter().zip(body.as_array().unwrap()) {
                assert_eq!(
                    one.secret.as_ref().map(|v| v.expose().to_owned()),
                    text_of(&row["secret"])
                );
            }
        }),
        "PATCH s3-storages/*" => coolify.patch_s3("s", &Default::default()).await,
        "DELETE s3-storages/*" => coolify.delete_s3("s").await,
        "GET notifications/webhook" => coolify.webhook().await.map(|one| {
            assert_eq!(Some(one.is_enabled), body["webhook_enabled"].as_bool());
            assert_eq!(one.url.map(|v| v.expose().to_owned()), text_of(&body["webhook_url"]));
            let tells = body["deployment_success_webhook_notifications"].as_bool();
            assert_eq!(Some(one.tells_success), tells);
        }),
        "PATCH notifications/webhook" => coolify.patch_webhook(&Default::default()).await,
        _ => return None,
    })
}

/// How many rows a list has.
fn rows(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// A text of an answer, whatever it was written as; none for null.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn number_of(value: &Value) -> Option<i64> {
    text_of(value)?.parse().ok()
}

fn started(started: Result<Started, Error>, body: &Value) -> Result<(), Error> {
    started.map(|started| {
        let claimed = started.claimed.map(|id| id.as_str().to_owned());
        assert_eq!(claimed, text_of(&body["deployment_uuid"]));
        assert_eq!(Some(started.message), text_of(&body["message"]));
    })
}

fn compare(one: &Application, row: &Value) {
    let texts = [
        (&one.name, "name"),
        (&one.description, "description"),
        (&one.image_name, "docker_registry_image_name"),
        (&one.image_tag, "docker_registry_image_tag"),
        (&one.domains, "fqdn"),
        (&one.ports_exposes, "ports_exposes"),
        (&one.ports_mappings, "ports_mappings"),
        (&one.custom_network_aliases, "custom_network_aliases"),
        (&one.custom_docker_run_options, "custom_docker_run_options"),
        (&one.health_check_path, "health_check_path"),
        (&one.health_check_type, "health_check_type"),
        (&one.health_check_command, "health_check_command"),
        (&one.limits_cpus, "limits_cpus"),
        (&one.limits_memory, "limits_memory"),
        (&one.redirect, "redirect"),
        (&one.status, "status"),
        (&one.pre_deployment_command, "pre_deployment_command"),
    ];
    for (own, key) in texts {
        assert_eq!(own, &text_of(&row[key]), "{key}");
    }
    let numbers = [
        (one.health_check_port.map(i64::from), "health_check_port"),
        (one.health_check_interval, "health_check_interval"),
        (one.health_check_retries, "health_check_retries"),
        (one.health_check_start_period, "health_check_start_period"),
        (one.limits_memory_swappiness, "limits_memory_swappiness"),
    ];
    for (own, key) in numbers {
        assert_eq!(own, number_of(&row[key]), "{key}");
    }
    assert_eq!(Some(one.health_check_enabled), row["health_check_enabled"].as_bool());
}

fn variable() -> NewVariable {
    let sent = xtask_core::coolify::value::sent("value").unwrap();
    NewVariable::new("K", &sent, "xtask")
}

fn task() -> NewTask {
    NewTask {
        name: "t".to_owned(),
        command: "true".to_owned(),
        frequency: "daily".to_owned(),
        enabled: false,
        timeout: None,
    }
}

/// Nobody but a read row has one.
async fn any_id() -> DeploymentId {
    let server = Scripted::new([json(200, r#"{"id":1,"deployment_uuid":"d","status":"queued"}"#)]);
    server.client().deployment_named("d").await.unwrap().unwrap().uuid
}
