//! `secrets rotate` of what a provider gave, and what it refuses. The exchange of a key over rollouts
//! is in `coolify_target/rotation.rs`.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::{feed, set, world};
use crate::canary::Canary;

#[test]
fn what_a_provider_gave_is_told_how_and_swapped() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    world.write("secrets/production.recipients", &person.public);
    let url = |password: &str| format!("postgres://nutri:{password}@db.example.org:6543/nutri");
    let (old, new) = (url(&canary.plant("old")), url(&canary.plant("new")));
    set(&canary, &world, "database_url", &old).ends(0);
    let rotate = ["secrets", "rotate", "production", "database.url"];
    let shown = canary.run(&world, &rotate);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("make a second role with the same rights"), "{shown:?}");
    let apply = [&rotate[..], &["--apply"]].concat();
    let run = feed(&canary, &world, &apply, &new);
    assert!(run.stdout.contains("only then end the old one"), "{run:?}");
    let said = feed(&canary, &world, &apply, &new).ends(4);
    assert!(said.contains("that is its value already"), "{said}");

    let said = canary.run(&world, &["secrets", "rotate", "production", "mail"]).ends(2);
    assert!(
        said.contains("unknown secret `mail` of `production`; known: `coolify.token`"),
        "{said}"
    );
    let said =
        feed(&canary, &world, &["secrets", "rotate", "staging", "redis.url", "--apply"], "x");
    assert!(said.ends(4).contains("it is `env:STAGING_REDIS_URL`"));
}

#[test]
fn a_key_that_is_kept_elsewhere_is_exchanged_there() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let said = canary.run(&world, &["secrets", "rotate", "staging", "jwt", "--apply"]).ends(4);
    assert!(said.contains("are not in one encrypted file"), "{said}");
    assert!(said.contains("exchange both, and roll out"), "{said}");
    world.write("secrets/production.recipients", &person.public);
    let rotate = ["secrets", "rotate", "production", "jwt", "--apply"];
    let said = canary.run(&world, &rotate).ends(4);
    assert!(said.contains("there is no `jwt` to exchange"), "{said}");
    let (jwt, other) = (canary.plant("jwt"), canary.plant("other"));
    set(&canary, &world, "jwt", &jwt).ends(0);
    set(&canary, &world, "jwt_previous", &other).ends(0);
    let said = canary.run(&world, &rotate).ends(4);
    assert!(said.contains("`jwt_previous` is there, and no exchange was begun"), "{said}");
    assert!(std::fs::metadata(world.path("secrets/production.age")).unwrap().len() > 0);
}
