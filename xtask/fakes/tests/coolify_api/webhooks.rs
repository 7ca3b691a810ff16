//! What the double tells others, and what others may tell it to do.

use crate::client::send;
use crate::world::{World, message};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use xtask_fakes::http::{Admission, Handler, Request, Response, Server};

#[derive(Default)]
struct Ear(Mutex<Vec<Value>>);

impl Handler for Ear {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        let body = serde_json::from_slice(&request.body).expect("JSON");
        self.0.lock().expect("nobody panicked").push(body);
        Response::new(200)
    }
}

#[test]
fn deployments_that_end_are_told_of_and_cancelled_ones_are_not() {
    let ear = Arc::new(Ear::default());
    let server = Server::start(Arc::clone(&ear)).expect("a free port");
    let world = World::new();
    world.coolify.allow_internal_targets(true);
    let settings = json!({
        "webhook_enabled": true, "webhook_url": format!("http://{}/hook", server.host()),
        "deployment_success_webhook_notifications": true,
    });
    assert_eq!(world.patch("/notifications/webhook", &settings).status, 200);
    let app = world.app("backend");
    world.deploy(&app);
    world.settle();
    world.patch(&format!("/applications/{app}"), &json!({ "docker_registry_image_tag": "none" }));
    world.deploy(&app);
    world.settle();
    let cancelled = world.deploy(&app);
    world.post(&format!("/deployments/{cancelled}/cancel"));
    world.settle();
    let told = ear.0.lock().expect("nobody panicked").clone();
    let events: Vec<_> = told.iter().map(|own| own["event"].as_str().unwrap_or_default()).collect();
    assert_eq!(events, ["deployment_success", "deployment_failed"]);
    let keys: Vec<_> =
        told[0].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "success",
            "message",
            "event",
            "application_name",
            "application_uuid",
            "deployment_uuid",
            "deployment_url",
            "project",
            "environment"
        ],
    );
}

/// The deploy webhook of an application is a route of the API: a token with `deploy` opens it, and
/// nothing else does. Each answer is one that a real 4.3.11 gave.
#[test]
fn a_deploy_webhook_is_opened_by_a_token_with_deploy_and_by_nothing_else() {
    let world = World::new();
    let app = world.app("backend");
    let path = format!("/api/v1/deploy?uuid={app}&force=true");
    let host = world.coolify.url().replace("http://", "");
    let signature = format!("sha256={}", "0".repeat(64));
    let good = world.coolify.token("deploy");
    let call = |method: &str, path: &str, header: Option<(&str, String)>| {
        let accept = ("Accept".to_owned(), "application/json".to_owned());
        let more = header.map(|(name, value)| (name.to_owned(), value));
        let headers: Vec<_> = [accept].into_iter().chain(more).collect();
        send(&host, method, path, &headers, None)
    };
    let bearer = |token: &str| Some(("Authorization", format!("Bearer {token}")));
    let (wrong, short) = (format!("{good}x"), &good[..good.len() - 1]);
    let unauthenticated = [
        call("POST", &path, None),
        call("POST", &path, bearer("1|nonsense")),
        call("POST", &path, bearer("")),
        call("POST", &path, bearer(&wrong)),
        call("POST", &path, bearer(short)),
        call("POST", &path, bearer(&world.coolify.token("expired"))),
        call("POST", &path, Some(("Authorization", format!("Basic {good}")))),
        call("POST", &format!("{path}&token={good}"), None),
        // Nobody signs here: a signature opens nothing, whatever it is.
        call("POST", &path, Some(("X-Hub-Signature-256", signature))),
        call("POST", &path, Some(("X-Gitlab-Token", good.clone()))),
    ];
    for answer in &unauthenticated {
        assert_eq!(
            (answer.status, message(answer).as_str()),
            (401, "Unauthenticated."),
            "{answer:?}"
        );
    }
    for label in ["read", "write", "none", "sensitive"] {
        let answer = call("POST", &path, bearer(&world.coolify.token(label)));
        let said = message(&answer);
        assert_eq!(
            (answer.status, said.as_str()),
            (403, "Missing required permissions: deploy"),
            "{label}"
        );
    }
    let member = call("POST", &path, bearer(&world.coolify.token("member-ci")));
    assert_eq!((member.status, message(&member).as_str()), (403, "Missing required team role."));
    assert_eq!(call("GET", &path, bearer(&good)).status, 405, "as links in old pages have it");
    assert_eq!(world.get("/deployments"), json!([]), "none of them began anything");
    assert_eq!(call("POST", &path, bearer(&good)).status, 200);
    assert_eq!(world.get("/deployments").as_array().map(Vec::len), Some(1));
}
