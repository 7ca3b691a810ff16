//! `secrets check`: three outcomes, all environments at once.

use super::{Person, set, world};
use crate::canary::Canary;
use crate::world::World;
use xtask_core::secrets::check::declared;

/// A world in which production has all that it wants.
fn complete(canary: &mut Canary) -> (World, Person) {
    let (world, person) = world(canary);
    world.write("secrets/production.recipients", &person.public);
    let (jwt, password) = (canary.plant("jwt"), canary.plant("password"));
    let database = format!("postgres://nutri:{password}@db.example.org:6543/nutri");
    let redis = format!("rediss://default:{password}@cache.example.org:6379");
    for (name, value) in [("jwt", &jwt), ("database_url", &database), ("redis_url", &redis)] {
        set(canary, &world, name, value).ends(0);
    }
    (world, person)
}

#[test]
fn an_environment_that_has_what_it_wants_is_good() {
    let mut canary = Canary::default();
    let (world, _person) = complete(&mut canary);
    let run = canary.run(&world, &["secrets", "check", "production"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("backend/JWT_SECRET"), "{run:?}");
    assert!(run.stdout.contains("left out"), "what may be absent is no mistake: {run:?}");
}

#[test]
fn what_is_missing_unused_weak_or_shared_is_shown_and_no_value() {
    let mut canary = Canary::default();
    let (world, _person) = complete(&mut canary);
    set(&canary, &world, "jwt", "changeme").ends(0);
    set(&canary, &world, "idle", &canary_free()).ends(0);
    let text = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
    let text = text
        .replace("age:production/redis_url", "age:production/cache")
        .replace("env:STAGING_DATABASE_URL", "age:production/database_url");
    world.write("deploy.toml", &text);
    world.write("services/backend/settings.json", r#"[{"name": "SMTP_URL", "required": true}]"#);
    let run = canary.run(&world, &["--json", "secrets", "check"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let state = |environment: &str, what: &str| {
        let all = rows.as_array().unwrap().iter();
        let mut found = all.filter(|it| {
            it["environment"] == environment && (it["variable"] == what || it["secret"] == what)
        });
        let row = found.next().unwrap_or_else(|| panic!("{environment} {what}: {rows}"));
        format!("{}: {}", row["state"].as_str().unwrap(), row["why"].as_str().unwrap_or("-"))
    };
    assert_eq!(state("production", "backend/JWT_SECRET"), "weak: it is a placeholder");
    assert!(state("production", "backend/REDIS_URL").starts_with("missing: `cargo xtask secrets"));
    assert_eq!(state("production", "age:production/idle"), "unused: nothing asks for it");
    assert_eq!(state("production", "age:production/redis_url"), "unused: nothing asks for it");
    assert_eq!(
        state("staging", "backend/JWT_SECRET"),
        "unknown: `STAGING_JWT_SECRET` is not set here"
    );
    let shared = ["production", "staging"].map(|it| state(it, "backend/DATABASE_URL"));
    assert!(shared.iter().any(|it| it.contains("has the same value")), "{shared:?}");
    assert!(state("every", "backend/SMTP_URL").contains("does not start without it"));
    assert!(state("every", "backend/JWT_SECRET").contains("knows no such variable"));
    assert_eq!(state("local", "backend/JWT_SECRET"), "ok: made here");
}

/// The files themselves: a list of another form would declare nothing.
#[test]
fn our_services_declare_what_they_want() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (service, wanted) in [("backend", "JWT_SECRET"), ("ml-service", "DATABASE_URL")] {
        let file = root.join("services").join(service).join("settings.json");
        let declared = declared(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert!(declared.iter().any(|it| it.name == wanted), "{service}: {declared:?}");
    }
}

fn canary_free() -> String {
    "f".repeat(8)
}

#[test]
fn what_cannot_be_told_here_is_neither_good_nor_bad() {
    let mut canary = Canary::default();
    let (world, _person) = complete(&mut canary);
    let nobody = [("XTASK_AGE_IDENTITY", "/nowhere/key")];
    let run = canary.run_with(&world, &["secrets", "check", "production"], &nobody);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.contains("cannot find your age identity"), "{run:?}");
    let run = canary.run(&world, &["secrets", "check", "staging"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.contains("`STAGING_JWT_SECRET` is not set here"), "{run:?}");
}
