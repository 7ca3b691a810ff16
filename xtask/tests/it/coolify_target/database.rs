//! The database of an environment that somebody else runs, as `db` and a rollout meet it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::postgres::server::{Cluster, PASSWORD};
use super::town::Town;
use serde_json::Value;
use xtask_fakes::required;

fn with_role(cluster: &Cluster, limit: i32) -> Town<'_> {
    let mut town = Town::serving(cluster);
    town.database
        .ask(&format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT {limit}"));
    let url = town.database.url_as("app", "sslmode=disable");
    town.world = town.world.with("PRODUCTION_DATABASE_URL", url);
    town
}

fn lines(town: &Town<'_>, verb: &str, code: i32) -> Vec<(String, String)> {
    let run = town.world.run(&["--json", "db", verb, "production"]);
    assert_eq!(run.code, Some(code), "{run:?}");
    assert!(!run.stdout.contains(PASSWORD) && !run.stderr.contains(PASSWORD), "{run:?}");
    let value: Value = serde_json::from_str(&run.stdout).unwrap();
    let lines = value["lines"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines.map(|line| (text(&line["state"]), text(&line["what"]))).collect()
}

#[test]
fn a_services_role_that_passes_policies_by_is_found() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let bad = |lines: Vec<(String, String)>| {
        lines.into_iter().filter(|it| it.0 == "bad").map(|it| it.1).collect::<Vec<_>>()
    };
    assert_eq!(bad(lines(&town, "url-check", 3)), ["database.url role"]);
    drop(town);
    let town = with_role(&cluster, -1);
    assert_eq!(bad(lines(&town, "url-check", 0)), [""; 0]);
}

#[test]
fn an_address_that_nobody_answers_at_is_not_checked() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.database.stop();
    let found = lines(&town, "url-check", 3);
    let of = |state: &'static str| {
        let those = found.iter().filter(|it| it.0 == state);
        those.map(|it| it.1.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("bad"), ["database.url IPv4", "database.direct_url IPv4"]);
    assert!(of("not-checked").contains(&"database.direct_url use"), "{found:?}");
}

#[test]
fn a_rollout_for_which_there_is_no_room_is_refused_before_anything_is_changed() {
    let cluster = required!(Cluster::new());
    // Two instances of the backend with 11 each, and two of the ML service.
    let town = with_role(&cluster, 23);
    let refused = town.world.run(&["rollout", "production", "r2", "--apply"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    for words in ["too few connections", "needs 24 of 23", "E-connections-few"] {
        assert!(refused.stderr.contains(words), "{words}: {refused:?}");
    }
    let doctor = lines(&town, "doctor", 3);
    let role = ("bad".to_owned(), "connections of the services' role".to_owned());
    assert!(doctor.contains(&role), "{doctor:?}");
    town.database.ask("ALTER ROLE app CONNECTION LIMIT 24");
    town.rollout("r2").ends(0);
    // Going back must not wait for somebody who counts connections.
    town.database.ask("ALTER ROLE app CONNECTION LIMIT 3");
    let back = town.world.run(&["rollback", "production", "--apply"]);
    assert!(back.code == Some(0) && back.stderr.contains("needs 24 of 3"), "{back:?}");
}

#[test]
fn what_would_change_the_database_of_others_is_only_shown_or_refused() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    let shown = town.world.run(&["db", "seed", "production"]);
    assert!(shown.code == Some(3) && shown.stdout.contains("`--apply` does"), "{shown:?}");
    let refused = town.world.run(&["db", "reset", "production", "--yes"]);
    assert!(refused.code == Some(4) && refused.stderr.contains("others use it"), "{refused:?}");
    let refused = town.world.run(&["db", "sync-schema", "local", "--yes"]);
    assert!(refused.code == Some(2), "{refused:?}");
}
