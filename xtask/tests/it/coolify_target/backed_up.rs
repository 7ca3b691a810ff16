//! A rollout that changes the schema backs up first: what is kept is the database as it was.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use serde_json::Value;
use xtask_fakes::deploy::with_backup;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const EARLY: &str = "20251201000000_early";
const LATE: &str = "20260301000000_late";

fn newest(town: &Town<'_>) -> Value {
    let shown = town.world.run(&["--json", "backup", "show", "production"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    serde_json::from_str(&shown.stdout).unwrap()
}

#[test]
fn a_rollout_with_a_migration_keeps_the_database_as_it_was() {
    let (_, cluster) = required!(required_program("restic").and(Cluster::new));
    let mut town = Town::new(&cluster, "ci");
    let repository = town.world.path("..").canonicalize().unwrap().join("repository");
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let text = with_backup(&text, "production", &repository, "env:OPENS");
    town.world.write("deploy.toml", &text);
    town.world = town.world.with("OPENS", "a password of a repository".to_owned());
    town.migrates(EARLY, "CREATE TABLE early (id int);\n");
    town.release("r1", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    town.migrates(LATE, "-- xtask:rollback-safe\nCREATE TABLE late (id int);\n");
    town.release("r2", Backend::Good);

    // Without a repository nothing is changed: what was planned cannot be done.
    let said = town.rollout("r2").ends(4);
    assert!(said.contains("there is none") && said.contains("--init"), "{said}");
    assert_eq!(town.database.ask("SELECT to_regclass('late') IS NULL"), "t");
    town.world.run(&["backup", "run", "production", "--init"]).ends(0);
    let first = newest(&town).to_string();
    let shown = town.world.run(&["rollout", "production", "r2", "--dry-run"]);
    assert!(shown.stdout.contains(&format!("before {LATE}")), "{shown:?}");
    town.rollout("r2").ends(0);
    town.serves("backend", "r2");
    assert_eq!(town.applied(LATE), "1");
    let listed = town.world.run(&["backup", "list", "production"]);
    assert!(listed.stdout.contains("migrate"), "{listed:?}");
    let second = newest(&town).to_string();
    assert!(second != first && !second.contains("public.late"), "{second}");
}

#[test]
fn a_schema_that_only_the_address_names_is_backed_up_before_it_is_changed() {
    let (_, cluster) = required!(required_program("restic").and(Cluster::new));
    let mut town = Town::new(&cluster, "ci");
    town.database.ask("CREATE SCHEMA app");
    let repository = town.world.path("..").canonicalize().unwrap().join("repository");
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let text = with_backup(&text, "production", &repository, "env:OPENS");
    town.world.write("deploy.toml", &text);
    let url = town.database.url("sslmode=disable&schema=app");
    town.world =
        town.world.with("OPENS", "a password".to_owned()).with("PRODUCTION_DIRECT_URL", url);
    town.apply();
    town.migrates(EARLY, "CREATE TABLE early (id int);\n");
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    assert_eq!(town.database.ask("SELECT to_regclass('app.early') IS NOT NULL"), "t");
    town.world.run(&["backup", "run", "production", "--init"]).ends(0);
    town.migrates(LATE, "CREATE TABLE late (id int);\n");
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    let kept = newest(&town).to_string();
    assert!(kept.contains("app.early") && !kept.contains("app.late"), "{kept}");
    let listed = town.world.run(&["backup", "list", "production"]);
    assert!(listed.stdout.contains("migrate"), "{listed:?}");
}
