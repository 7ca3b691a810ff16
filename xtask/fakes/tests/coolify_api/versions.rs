//! What the known versions do differently.

use crate::world::{World, message};
use serde_json::{Value, json};

#[test]
fn until_4_1_what_acts_is_asked_for_by_get_as_well() {
    for (version, status) in [("4.1.2", 404), ("4.3.11", 405)] {
        let world = World::at(version);
        let answer = world.ask("deploy", "GET", "/deploy?uuid=nope", &Value::Null);
        assert_eq!(answer.status, status, "{version}");
    }
}

#[test]
fn routes_are_there_since_their_version() {
    for (path, since, before) in
        [("/destinations", "4.2.0", "4.1.2"), ("/s3-storages", "4.3.0", "4.2.0")]
    {
        let status =
            |version: &str| World::at(version).ask("read", "GET", path, &Value::Null).status;
        assert_eq!((status(since), status(before)), (200, 404), "{path}");
    }
}

#[test]
fn until_4_1_values_are_shown_to_whoever_reads() {
    let world = World::at("4.1.2");
    let path = format!("/applications/{}/envs", world.app("backend"));
    world.ask("root", "POST", &path, &json!({ "key": "A", "value": "secret" }));
    let rows = world.ask("read", "GET", &path, &Value::Null).json().expect("JSON");
    assert_eq!(rows[0]["value"], "secret");
}

#[test]
fn before_4_3_7_cancelling_breaks_and_nothing_is_promoted() {
    let world = World::at("4.3.6");
    let app = world.app("backend");
    let (first, second) = (world.deploy(&app), world.deploy(&app));
    assert_eq!(world.post(&format!("/deployments/{first}/cancel")).status, 500);
    assert_eq!(world.status(&second), "queued");
}

#[test]
fn since_4_6_removing_wants_an_ability_of_its_own() {
    let remove = |version: &str, token: &str| {
        let world = World::at(version);
        let app = world.app("backend");
        message(&world.ask(token, "DELETE", &format!("/applications/{app}"), &Value::Null))
    };
    let done = "Application deletion request queued.";
    assert_eq!(remove("4.3.11", "ci"), done);
    assert_eq!(remove("4.6.0", "ci"), "Missing required permissions: delete");
    assert_eq!(remove("4.6.0", "ci+delete"), done);
    assert_eq!(remove("4.6.0", "root"), done);
}

#[test]
fn after_4_3_11_a_rollback_deploys_what_it_was_asked_for() {
    for (version, shipped) in [("4.3.11", "h1/app:2"), ("4.6.0", "h1/app:1")] {
        let world = World::at(version);
        let app = world.app("backend");
        let path = format!("/applications/{app}");
        world.patch(&path, &json!({ "docker_registry_image_tag": "2" }));
        let body = json!({ "commit": "1" });
        world.ask("root", "POST", &format!("{path}/rollback"), &body);
        world.settle();
        let containers = world.coolify.containers().list(&app);
        assert!(containers[0].image.ends_with(shipped), "{version}: {containers:?}");
        assert_eq!(world.get(&path)["docker_registry_image_tag"], "2", "it is not kept");
    }
}
