//! Answers that a running Coolify 4.3.11 gave, one for each form of each. What is not read here is
//! nothing that the client asks for.

use super::server::{Scripted, json, quick};
use serde_json::Value;
use xtask_fakes::http::Response;
use xtask_providers::coolify::{ApplicationChange, Coolify, Error, Field, Kind, Settings};

const ANSWERS: &str = include_str!("../../recordings/answers.jsonl");
const REFUSALS: &str = include_str!("../../recordings/refusals.jsonl");

struct Recorded {
    row: Value,
}

fn all(text: &str) -> Vec<Recorded> {
    text.lines().map(|line| Recorded { row: serde_json::from_str(line).unwrap() }).collect()
}

impl Recorded {
    fn text(&self, key: &str) -> &str {
        self.row[key].as_str().unwrap_or_default()
    }

    fn body(&self) -> &Value {
        &self.row["body"]
    }

    fn status(&self) -> u16 {
        u16::try_from(self.row["status"].as_u64().unwrap()).unwrap()
    }

    /// As the framework writes it where it does, and as the controllers do otherwise.
    fn response(&self) -> Response {
        let mut response = match &self.row["text"] {
            Value::String(text) => {
                Response::new(self.status()).with("Content-Type", "text/html").body(text.as_str())
            }
            _ if self.status() >= 429 => {
                json(self.status(), serde_json::to_string_pretty(self.body()).unwrap())
            }
            _ => json(self.status(), self.body().to_string()),
        };
        for header in ["retry-after", "x-ratelimit-reset"] {
            if let Value::String(value) = &self.row[header] {
                response = response.with(header, value.as_str());
            }
        }
        response
    }

    /// The path with a star for each uuid.
    fn route(&self) -> String {
        let path = self.text("path").split('?').next().unwrap();
        let piece =
            |piece: &str| if piece.starts_with('<') { "*".to_owned() } else { piece.to_owned() };
        let pieces: Vec<String> = path.split('/').map(piece).collect();
        format!("{} {}", self.text("method"), pieces.join("/"))
    }
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

/// Reads with the method that asks for this, and compares what is used. `None`: nobody asks.
async fn read(coolify: &Coolify, recorded: &Recorded) -> Option<Result<(), Error>> {
    let body = recorded.body();
    let rows = |body: &Value| body.as_array().map_or(0, Vec::len);
    let outcome = match recorded.route().as_str() {
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
        "GET projects" => coolify.projects().await.map(|all| assert_eq!(all.len(), rows(body))),
        "GET projects/*" => coolify.project("p").await.map(|one| {
            assert_eq!(one.unwrap().environments.len(), rows(&body["environments"]));
        }),
        "POST projects" => {
            let new = xtask_providers::coolify::NewProject {
                name: "nutri".to_owned(),
                description: None,
            };
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
            let new = xtask_providers::coolify::NewApplication::new("p", "e", "s");
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
            let new = xtask_providers::coolify::NewStorage::volume("n", "/m");
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
    };
    Some(outcome)
}

fn started(
    started: Result<xtask_providers::coolify::Started, Error>,
    body: &Value,
) -> Result<(), Error> {
    started.map(|started| {
        let claimed = started.claimed.map(|id| id.as_str().to_owned());
        assert_eq!(claimed, text_of(&body["deployment_uuid"]));
        assert_eq!(Some(started.message), text_of(&body["message"]));
    })
}

fn compare(one: &xtask_providers::coolify::Application, row: &Value) {
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

fn variable() -> xtask_providers::coolify::NewVariable {
    let sent = xtask_core::coolify::value::sent("value").unwrap();
    xtask_providers::coolify::NewVariable::new("K", &sent, "xtask")
}

fn task() -> xtask_providers::coolify::NewTask {
    xtask_providers::coolify::NewTask {
        name: "t".to_owned(),
        command: "true".to_owned(),
        frequency: "daily".to_owned(),
        enabled: false,
        timeout: None,
    }
}

/// Nobody but a read row has one.
async fn any_id() -> xtask_providers::coolify::DeploymentId {
    let server = Scripted::new([json(200, r#"{"id":1,"deployment_uuid":"d","status":"queued"}"#)]);
    server.client().deployment_named("d").await.unwrap().unwrap().uuid
}

#[tokio::test]
async fn every_recorded_answer_is_read_without_loss_of_what_is_used() {
    let server = Scripted::new([]);
    let coolify = server.client();
    let mut unread = std::collections::BTreeSet::new();
    for recorded in all(ANSWERS) {
        server.answers(recorded.response());
        match read(&coolify, &recorded).await {
            Some(outcome) => {
                outcome.unwrap_or_else(|error| panic!("{}: {error}", recorded.text("from")));
            }
            None => {
                unread.insert(recorded.route());
            }
        }
    }
    // A variable is changed in bulk alone, and a bucket is found in the list.
    let wanted = ["GET s3-storages/*", "PATCH applications/*/envs", "POST s3-storages"];
    assert_eq!(unread.into_iter().collect::<Vec<_>>(), wanted);
}

/// What each refusal is, from its status and Coolify's manual alone.
fn is_right(recorded: &Recorded, kind: &Kind) -> bool {
    let message = recorded.body()["message"].as_str().unwrap_or_default();
    let is_routed = recorded.body().get("docs").is_none();
    match recorded.status() {
        400 => *kind == Kind::BadRequest,
        401 => *kind == Kind::Unauthenticated,
        403 if message == "API is disabled." => *kind == Kind::ApiOff,
        403 if message.ends_with("access the API.") => *kind == Kind::AddressRefused,
        403 if message.contains("team role") => *kind == Kind::TeamRole,
        403 => {
            let ability = message.strip_prefix("Missing required permissions: ");
            *kind == Kind::Forbidden { ability: ability.map(ToOwned::to_owned) }
        }
        404 => *kind == if is_routed { Kind::NotFound } else { Kind::NoSuchRoute },
        405 => *kind == Kind::NoSuchRoute,
        409 => *kind == Kind::Conflict,
        422 => matches!(kind, Kind::Invalid { fields } if names(fields) == wanted_names(recorded)),
        429 => matches!(kind, Kind::TooMany { retry_after: Some(_) } | Kind::QueueFull { .. }),
        500 => *kind == Kind::ServerError,
        _ => false,
    }
}

fn names(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

fn wanted_names(recorded: &Recorded) -> Vec<String> {
    match &recorded.body()["errors"] {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(all) => all.iter().map(|_| String::new()).collect(),
        _ => vec![String::new()],
    }
}

#[tokio::test]
async fn every_recorded_refusal_becomes_the_right_kind() {
    let server = Scripted::new([]);
    let coolify = server.client_with(Settings { tries: 1, ..quick() });
    for recorded in all(REFUSALS) {
        server.answers(recorded.response());
        let error = coolify.projects().await.unwrap_err();
        let from = recorded.text("from");
        assert!(is_right(&recorded, error.kind()), "{from}: {:?}", error.kind());
        assert_eq!(error.status().unwrap().as_u16(), recorded.status(), "{from}");
    }
}
