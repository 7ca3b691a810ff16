//! `preflight`: everything that may stop a rollout, against a Coolify with state.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::infra::panel::{apply, bare, named, person, start, world};
use super::world::World;
use serde_json::Value;
use xtask::runtime;
use xtask_fakes::coolify::api::{Options, Version};
use xtask_providers::coolify::{ApplicationChange, Clearable};

/// Nobody listens there, so neither database nor certificate can be looked at.
const NOWHERE: &str = "127.0.0.1:1";

fn lines(world: &World) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
    world.write(
        "deploy.toml",
        &text.replace("https://api.nutri.app", &format!("https://{NOWHERE}")),
    );
    let nowhere = format!("postgres://nutri:p4ss@{NOWHERE}/nutri?connect_timeout=1");
    let run = world
        .run_with(&["--json", "preflight", "production"], &[("PRODUCTION_DIRECT_URL", &nowhere)]);
    assert!(run.code == Some(0) || run.code == Some(3), "{run:?}");
    assert!(!format!("{run:?}").contains("p4ss"), "{run:?}");
    let value: Value = serde_json::from_str(&run.stdout).unwrap();
    let own = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = value["lines"].as_array().unwrap().iter();
    lines.map(|it| (own(it, "verdict"), own(it, "what"), own(it, "said"))).collect()
}

fn verdict<'a>(lines: &'a [(String, String, String)], what: &str) -> (&'a str, &'a str) {
    let line = lines.iter().find(|it| it.1 == what).unwrap_or_else(|| panic!("{what}: {lines:?}"));
    (&line.0, &line.2)
}

#[test]
fn after_apply_a_token_of_ones_own_passes_and_what_is_not_known_says_so() {
    let double = start(Options::default());
    let world = world(&double, "deployer-ci");
    apply(&world);
    let lines = lines(&world);
    for what in [
        "API",
        "clock",
        "ability `read`",
        "ability `write`",
        "ability `deploy`",
        "token's owner",
        "server `localhost`",
        "application `backend`",
        "application `ml-service`",
        "queue",
        "secrets",
    ] {
        assert_eq!(verdict(&lines, what).0, "pass", "{what}: {lines:?}");
    }
    for what in ["token's end", "disk", "image of `backend`", "schema", "certificate"] {
        assert_eq!(verdict(&lines, what).0, "unknown", "{what}: {lines:?}");
    }
}

#[test]
fn what_is_wrong_at_coolify_is_told_at_once() {
    let double = start(Options::default());
    apply(&world(&double, "root"));
    let person = person(&double);
    let uuid = named(&double, "backend").uuid;
    let change = ApplicationChange {
        ports_mappings: Some(Clearable::Set("80:3000".into())),
        health_check_enabled: Some(false),
        is_consistent_container_name_enabled: Some(true),
        ..ApplicationChange::default()
    };
    runtime::wait(person.update_application(&uuid, &change)).unwrap();
    double.set_server("is_usable", false);
    let bare = bare(&double, "root");
    let lines = lines(&bare);
    let of_backend = lines.iter().filter(|it| it.1 == "application `backend`" && it.0 == "fail");
    assert_eq!(of_backend.count(), 3, "{lines:?}");
    assert_eq!(verdict(&lines, "token's owner").0, "warn", "{lines:?}");
    assert_eq!(verdict(&lines, "server `localhost`").0, "fail", "{lines:?}");
    assert_eq!(verdict(&lines, "secret `secrets.jwt`").0, "fail", "{lines:?}");
    assert_eq!(verdict(&lines, "infra").0, "warn", "{lines:?}");
}

#[test]
fn a_token_that_lacks_an_ability_is_found_out_without_doing_anything() {
    let double = start(Options::default());
    let lines_of_read = lines(&world(&double, "read"));
    assert_eq!(verdict(&lines_of_read, "ability `write`").0, "fail", "{lines_of_read:?}");
    assert_eq!(verdict(&lines_of_read, "ability `deploy`").0, "fail", "{lines_of_read:?}");
    assert_eq!(verdict(&lines_of_read, "application `backend`").0, "fail");
    let refused = lines(&world(&double, "expired"));
    assert_eq!(verdict(&refused, "API").0, "fail", "{refused:?}");
    assert_eq!(verdict(&refused, "server").0, "unknown", "{refused:?}");
    assert!(runtime::wait(person(&double).deployments()).unwrap().is_empty());
}

#[test]
fn where_the_question_would_be_the_deed_it_is_not_asked() {
    let version = Version::parse("4.1.2").unwrap();
    let double = start(Options { version, ..Options::default() });
    let lines = lines(&world(&double, "ci"));
    assert_eq!(verdict(&lines, "ability `deploy`").0, "unknown", "{lines:?}");
    let version = Version::parse("4.6.0").unwrap();
    let double = start(Options { version, ..Options::default() });
    let lines = self::lines(&world(&double, "ci"));
    assert_eq!(verdict(&lines, "ability `delete`").0, "unknown", "{lines:?}");
}

#[test]
fn a_value_that_would_not_arrive_whole_is_told_by_name() {
    let double = start(Options::default());
    let world = world(&double, "ci").with("PRODUCTION_JWT_SECRET", "p4ss\\".to_owned());
    let lines = lines(&world);
    let (verdict, said) = verdict(&lines, "variable `JWT_SECRET` of `backend`");
    assert_eq!(verdict, "fail");
    assert!(said.contains("ends with a backslash"), "{said}");
}

#[test]
fn a_row_that_a_killed_worker_left_blocks_and_is_named() {
    let double = start(Options::default());
    let world = world(&double, "ci");
    apply(&world);
    double.hold(true);
    let uuid = named(&double, "backend").uuid;
    runtime::wait(person(&double).deploy(&uuid, true)).unwrap();
    double.kill_worker(&uuid);
    let lines = lines(&world);
    let blocked = lines.iter().find(|it| it.0 == "fail" && it.1 == "application `backend`");
    assert!(blocked.unwrap().2.contains("is under way"), "{lines:?}");
}
