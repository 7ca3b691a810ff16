//! What an update of a variable loses.

use crate::world::World;
use serde_json::json;

#[test]
fn an_update_without_a_value_erases_it_and_leaves_the_twin() {
    let world = World::new();
    let path = format!("/applications/{}/envs", world.app("backend"));
    let new = json!({ "key": "A", "value": "secret", "is_literal": true });
    world.ask("root", "POST", &path, &new);
    assert_eq!(world.patch(&path, &json!({ "key": "A" })).status, 201);
    let rows = world.get(&path);
    assert_eq!((&rows[0]["value"], &rows[0]["is_literal"]), (&json!(null), &json!(false)));
    assert_eq!((&rows[1]["value"], &rows[1]["is_preview"]), (&json!("secret"), &json!(true)));
}

#[test]
fn values_reach_the_container_as_compose_reads_them() {
    let world = World::new();
    let app = world.app("backend");
    let path = format!("/applications/{app}/envs");
    world.ask("root", "POST", &path, &json!({ "key": "A", "value": "$HOME" }));
    world.ask("root", "POST", &path, &json!({ "key": "B", "value": "$HOME", "is_literal": true }));
    let row = world.deploy(&app);
    world.settle();
    assert_eq!(world.status(&row), "finished");
    world.ask("root", "POST", &path, &json!({ "key": "C", "value": "a'b", "is_literal": true }));
    let row = world.deploy(&app);
    world.settle();
    assert_eq!(world.status(&row), "failed", "the quote ends the value");
}

#[test]
fn who_may_not_see_secrets_sees_no_value() {
    let world = World::new();
    let path = format!("/applications/{}/envs", world.app("backend"));
    world.ask("root", "POST", &path, &json!({ "key": "A", "value": "secret" }));
    let of = |token: &str| {
        let rows = world.ask(token, "GET", &path, &serde_json::Value::Null).json().expect("JSON");
        rows[0].get("value").cloned()
    };
    assert_eq!(of("ci"), None);
    assert_eq!(of("member-read"), None);
    assert_eq!(of("read+sensitive"), Some(json!("secret")));
}
