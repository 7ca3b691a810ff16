//! What people get wrong, and what goes away beneath them: each gets one error that names the thing
//! and the next step, and nothing is changed.

use super::super::postgres::server::Cluster;
use super::town::Town;
use crate::world::Run;
use xtask_fakes::required;

const NOWHERE: &str = "postgres://nutri:pw@127.0.0.1:9/nutri?connect_timeout=1";
const ROLLOUT: [&str; 4] = ["rollout", "production", "r2", "--apply"];

/// One error, with its code, that says these words.
fn is_one_error(run: &Run, code: i32, name: &str, words: &[&str]) {
    let said = &run.stderr;
    assert_eq!(run.code, Some(code), "{run:?}");
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    assert!(said.contains(&format!("code: {name}\n")), "wanted {name}: {said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(run.stdout, "", "{run:?}");
}

fn is_as_before(town: &Town<'_>) {
    for service in ["backend", "ml-service"] {
        town.serves(service, "r1");
    }
    assert_eq!(town.last_record(), "rollout r1 done");
    assert!(town.is_free() && town.status()["run"].is_null(), "{}", town.status());
}

#[test]
fn each_mistake_gets_one_error_and_changes_nothing() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.release_for_arm64("arm");
    let world = &town.world;
    let token = [("PRODUCTION_COOLIFY_TOKEN", "1|not-the-token")];
    is_one_error(&world.run_with(&ROLLOUT, &token), 4, "E-preflight", &["the token"]);
    let wrong = ["rollout", "prod", "r2", "--apply"];
    is_one_error(&world.run(&wrong), 2, "E-usage", &["`prod`", "`production`"]);
    let unknown = ["rollout", "production", "r22", "--apply"];
    is_one_error(&world.run(&unknown), 2, "E-release-unknown", &["`r22`", "`r2`"]);
    let other = ["rollout", "production", "arm", "--apply"];
    is_one_error(&world.run(&other), 4, "E-deployment", &["it is not for `linux/amd64`"]);
    let nowhere = [("PRODUCTION_DIRECT_URL", NOWHERE), ("PRODUCTION_DATABASE_URL", NOWHERE)];
    is_one_error(&world.run_with(&ROLLOUT, &nowhere), 5, "E-database-unreached", &["127.0.0.1"]);
    let deploy = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
    world.write("deploy.toml", &deploy.replace(&town.registry_host(), "127.0.0.1:9"));
    let run = world.run(&ROLLOUT);
    assert_eq!((run.code, run.stderr.contains("127.0.0.1:9")), (Some(5), true), "{run:?}");
    world.write("deploy.toml", &deploy);
    is_as_before(&town);
}

/// The panel shows the same thing to everybody: a person who sets it by hand is heard of, and what
/// was set is put right by the next rollout of the same release.
#[test]
fn what_a_person_sets_at_the_panel_is_told_and_put_right() {
    use super::super::infra::panel::person;
    use xtask::runtime;
    use xtask_providers::coolify::ApplicationChange;
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let uuid = town.application("ml-service").uuid;
    let change =
        ApplicationChange { image_tag: Some("latest".to_owned()), ..ApplicationChange::default() };
    runtime::wait(person(&town.double).update_application(&uuid, &change)).unwrap();
    let shown = town.world.run(&["rollout", "production", "r1", "--explain"]);
    assert!(
        shown.stderr.contains("`ml-service` moves: its image is not that of `r1`"),
        "{shown:?}"
    );
    assert!(shown.stderr.contains("`backend` stays"), "{shown:?}");
    town.rollout("r1").ends(0);
    is_as_before_again(&town);
}

fn is_as_before_again(town: &Town<'_>) {
    for service in ["backend", "ml-service"] {
        town.serves(service, "r1");
    }
    assert!(town.is_free());
}
