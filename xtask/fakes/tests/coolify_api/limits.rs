//! Rate limits, and who shares a bucket.

use crate::world::World;
use serde_json::Value;
use xtask_fakes::coolify::api::{Options, Version};

#[test]
fn the_root_user_shares_his_bucket_with_everybody_at_his_address() {
    let world = World::with(Options { limit: 3, ..Options::default() });
    let ask = |token: &str, path: &str| world.ask(token, "GET", path, &Value::Null);
    for _ in 0..3 {
        assert_eq!(ask("read", "/version").status, 200);
    }
    let health = ask("", "/health");
    assert_eq!(health.status, 429, "a busy client turns the health check off");
    assert!(health.header("retry-after").is_some());
    assert_eq!(health.body, b"{\n    \"message\": \"Too Many Attempts.\"\n}");
    assert_eq!(ask("deployer-ci", "/version").status, 200, "another user has a bucket of his own");
    assert_eq!(ask("", "/projects").status, 401, "who is nobody is not counted");
}

#[test]
fn who_does_not_ask_for_json_gets_a_page() {
    let world = World::with(Options { limit: 0, ..Options::default() });
    let host = world.coolify.url().replace("http://", "");
    let answer = crate::client::send(&host, "GET", "/api/v1/health", &[], None);
    assert_eq!(answer.status, 429);
    assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn since_4_7_thirty_failures_in_a_minute_are_the_end() {
    let ends = |version: Version| {
        let world = World::with(Options { version, limit: 1_000, ..Options::default() });
        for _ in 0..30 {
            assert_eq!(world.ask("deploy", "GET", "/version", &Value::Null).status, 403);
        }
        world.ask("deploy", "POST", "/deploy?uuid=nope", &Value::Null).status
    };
    assert_eq!(ends(Version::parse("4.7.5").expect("a version")), 429);
    assert_eq!(ends(Version::RECORDED), 404);
}
