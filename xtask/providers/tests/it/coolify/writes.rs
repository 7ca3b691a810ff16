//! What is sent: the right method, the right types, and never less than Coolify must hear.

use super::server::{Scripted, TOKEN, json};
use serde_json::{Value, json as value};
use xtask_core::coolify::value::sent;
use xtask_core::secret::Secret;
use xtask_fakes::http::Request;
use xtask_providers::coolify::{
    ApplicationChange, Clearable, Confirmed, Kind, NewApplication, NewVariable, Redirect,
};

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn variable(key: &str, text: &str) -> NewVariable {
    NewVariable::new(key, &sent(text).unwrap(), "xtask")
}

#[tokio::test]
async fn every_request_asks_for_json_and_says_who_asks() {
    let server = Scripted::new([json(200, "[]")]);
    server.client().applications().await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.header("accept"), Some("application/json"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    server.answers(json(200, "OK"));
    server.client().health().await.unwrap();
    assert_eq!(server.asked()[1].header("authorization"), None, "everybody may ask for that");
}

#[tokio::test]
async fn a_variable_is_sent_with_its_value_and_every_flag() {
    let server = Scripted::new([json(201, "[]")]);
    let all = [variable("A", "it's"), variable("B", "one\ntwo")];
    server.client().update_variables("a1", &all).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("PATCH", "/api/v1/applications/a1/envs/bulk")
    );
    let flags = |key: &str, text: &str, is_multiline: bool| {
        value!({
            "key": key, "value": text, "is_preview": false, "is_literal": true,
            "is_multiline": is_multiline, "is_shown_once": false, "is_runtime": true,
            "is_buildtime": false, "comment": "xtask",
        })
    };
    let wanted = value!({ "data": [flags("A", "it\\'s", false), flags("B", "one\ntwo", true)] });
    assert_eq!(body(asked), wanted);
}

#[tokio::test]
async fn a_key_stands_once_in_a_request() {
    let server = Scripted::new([json(201, "[]")]);
    let twice = [variable("A", "1"), variable("B", "1"), variable("A", "2")];
    let error = server.client().update_variables("a1", &twice).await.unwrap_err();
    let text = "failed to ask Coolify (PATCH applications/a1/envs/bulk): \
                the variable `A` stands in one request twice";
    assert_eq!(error.to_string(), text);
    let twin = NewVariable { is_preview: true, ..variable("A", "2") };
    server.client().update_variables("a1", &[variable("A", "1"), twin]).await.unwrap();
    server.client().update_variables("a1", &[]).await.unwrap();
    assert_eq!(server.asked().len(), 1, "an empty request is refused by Coolify");
}

#[tokio::test]
async fn neither_a_delete_nor_a_stop_prunes_the_host() {
    let server = Scripted::new([json(200, r#"{"message":"queued."}"#)]);
    server.client().delete_application("a1").await.unwrap();
    server.client().stop("a1").await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].method.as_str(), asked[1].method.as_str()), ("DELETE", "POST"));
    for request in &asked {
        assert_eq!(request.parameter("docker_cleanup"), Some("false"), "{}", request.path);
    }
    assert_eq!(asked[0].parameter("delete_volumes"), Some("false"));
}

#[tokio::test]
async fn only_what_is_set_is_sent_in_the_types_that_coolify_takes() {
    let server = Scripted::new([json(201, r#"{"uuid":"a1","domains":null}"#)]);
    let mut new = NewApplication::new("p1", "production", "s1");
    new.fields = ApplicationChange {
        image_name: Some("registry.test/backend".to_owned()),
        limits_cpus: Some("1".to_owned()),
        health_check_interval: Some(5),
        pre_deployment_command: Some(Clearable::Clear),
        ports_mappings: Some(Clearable::Set("1:2".to_owned())),
        redirect: Some(Redirect::NonWww),
        http_basic_auth_password: Some(Secret::new("pw")),
        ..Default::default()
    };
    server.client().create_docker_image(&new).await.unwrap();
    let wanted = value!({
        "project_uuid": "p1", "environment_name": "production", "server_uuid": "s1",
        "autogenerate_domain": false, "docker_registry_image_name": "registry.test/backend",
        "limits_cpus": "1", "health_check_interval": 5, "pre_deployment_command": null,
        "ports_mappings": "1:2", "redirect": "non-www", "http_basic_auth_password": "pw",
    });
    assert_eq!(body(&server.asked()[0]), wanted);
}

#[tokio::test]
async fn an_id_that_leads_nowhere_is_no_deployment() {
    let skipped = r#"{"deployments":[{"message":"Deployment already queued for this commit.","resource_uuid":"a1","deployment_uuid":"d1"}]}"#;
    let server = Scripted::new([
        json(200, skipped),
        json(404, r#"{"message":"Deployment not found."}"#),
        json(200, r#"{"id":1,"deployment_uuid":"d1","status":"queued"}"#),
        json(404, r#"{"message":"Not found.","docs":"https://coolify.io/docs"}"#),
    ]);
    let coolify = server.client();
    let claimed = coolify.deploy("a1", false).await.unwrap().claimed.unwrap();
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.parameter("force")), ("POST", Some("false")));
    assert_eq!(coolify.confirm(&claimed).await.unwrap(), Confirmed::Phantom);
    assert!(matches!(coolify.confirm(&claimed).await.unwrap(), Confirmed::There(_)));
    let error = coolify.confirm(&claimed).await.unwrap_err();
    assert_eq!(error.kind(), &Kind::NoSuchRoute, "a wrong address is no phantom");
}

#[tokio::test]
async fn what_a_person_named_stays_one_piece_of_the_path() {
    let server = Scripted::new([json(404, r#"{"message":"Environment not found."}"#)]);
    assert_eq!(server.client().environment("p1", "../a b?c").await.unwrap(), None);
    assert_eq!(server.asked()[0].path, "/api/v1/projects/p1/..%2Fa%20b%3Fc");
    assert!(server.asked()[0].query.is_empty());
}
