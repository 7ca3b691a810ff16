//! What the double tells others.

use crate::world::World;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use xtask_fakes::http::{Admission, Handler, Request, Response, Server};

/// Whoever listens.
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
