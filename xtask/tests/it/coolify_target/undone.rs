//! Migrations rehearsed on a copy and taken back, through the program, for an environment of others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use serde_json::{Value, json};
use xtask_fakes::deploy::with_backup;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const FOLDER: &str = "services/backend/prisma/migrations";
const ONE: &str = "20260201000000_eaters";
const TWO: &str = "20260202000000_names";

/// One where `r1` serves, and two migrations are in the checkout that nobody has applied.
fn town(cluster: &Cluster) -> Town<'_> {
    let mut town = Town::new(cluster, "ci");
    town.release("r1", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    town.world = town.world.without_engine();
    let write = |name: &str, file: &str, sql: &str| {
        town.world.write(&format!("{FOLDER}/{name}/{file}"), sql);
    };
    write(ONE, "migration.sql", "CREATE TABLE eaters (id integer PRIMARY KEY, name text);\n");
    write(ONE, "down.sql", "DROP TABLE eaters;\n");
    let two = "ALTER TABLE eaters ADD COLUMN age integer;\nCREATE INDEX names ON eaters (name);\n";
    write(TWO, "migration.sql", two);
    write(TWO, "down.sql", "DROP INDEX names;\nALTER TABLE eaters DROP COLUMN age;\n");
    town
}

fn rehearsed(town: &Town<'_>, more: &[&str], code: i32) -> Value {
    let words = ["--json", "migrate", "plan", "production", "--rehearse"];
    let run = town.world.run(&[&words, more].concat());
    assert_eq!(run.code, Some(code), "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

const LEFT: &str = "SELECT count(*) FROM pg_database WHERE datname LIKE 'xtask_scratch%'";

#[test]
fn a_rehearsal_shows_times_locks_and_what_comes_out_and_changes_nothing() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    let three = "20260203000000_ages";
    let sql = "CREATE INDEX ages ON eaters (age);\nDO $$ BEGIN DELETE FROM eaters; END $$;\n";
    town.world.write(&format!("{FOLDER}/{three}/migration.sql"), sql);
    let refused = town.world.run(&["migrate", "plan", "production", "--rehearse"]).ends(4);
    assert!(refused.contains("--drop 20260203000000_ages:2"), "as `migrate apply` does: {refused}");
    let consent = ["--drop", "20260203000000_ages:2"];
    // Nobody could try the release that serves: there is no engine.
    let shown = rehearsed(&town, &consent, 75);
    assert_eq!(shown["files"][0]["name"], three);
    let locks = &shown["files"][0]["statements"][0]["locks"];
    assert_eq!(
        locks[0],
        json!({ "relation": "public.eaters", "predicted": "SHARE", "observed": "SHARE",
                "outcome": "confirmed" })
    );
    assert!(shown["files"][0]["statements"][1]["locks"].to_string().contains("only-seen"));
    assert_eq!(shown["differences"], json!([]));
    assert_eq!(shown["previous"]["outcome"], "not-tried");
    assert_eq!(town.database.ask(LEFT), "0", "the copies are gone");
    assert_eq!(town.database.ask("SELECT count(*) FROM pg_indexes WHERE indexname = 'ages'"), "0");

    // What somebody did by hand is in the copy as well, and is no work of a migration.
    town.database.ask("ALTER TABLE eaters ADD CONSTRAINT by_hand CHECK (id > 0)");
    let shown = rehearsed(&town, &consent, 3);
    let found = &shown["differences"][0];
    assert_eq!((&found["kind"], &found["change"]), (&json!("constraint"), &json!("extra")));
    assert_eq!(found["name"], "public.eaters.by_hand");
}

/// The copy is of that schema too, and has the extension where the tables look for it.
#[test]
fn a_rehearsal_is_of_the_schema_that_the_address_names() {
    let cluster = required!(Cluster::new());
    let mut town = town(&cluster);
    town.database.ask("CREATE SCHEMA app; CREATE EXTENSION pg_trgm SCHEMA app");
    let url = town.database.url("sslmode=disable&schema=app");
    town.world = town.world.with("PRODUCTION_DIRECT_URL", url);
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    town.database.ask("CREATE INDEX alike ON app.eaters USING gin (name app.gin_trgm_ops)");
    let three = "20260203000000_ages";
    let sql = "CREATE TABLE ages (id integer);\nCREATE INDEX ages_of ON eaters (age);\n";
    town.world.write(&format!("{FOLDER}/{three}/migration.sql"), sql);
    let shown = rehearsed(&town, &[], 3);
    let locks = &shown["files"][0]["statements"][1]["locks"];
    assert_eq!(locks[0]["relation"], "app.eaters", "{shown}");
    let differs = |it: &Value| format!("{} {}", it["kind"], it["name"]).replace('"', "");
    let found: Vec<String> = shown["differences"].as_array().unwrap().iter().map(differs).collect();
    // What was made by hand, and nothing of the migration.
    assert_eq!(found, ["extension pg_trgm", "index app.alike"], "{shown}");
}

#[test]
fn a_migration_that_fails_on_the_copy_fails_there_only() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    town.world.write(&format!("{FOLDER}/{TWO}/migration.sql"), "SELECT no_such_function();\n");
    let run = town.world.run(&["migrate", "plan", "production", "--rehearse"]);
    assert!(run.code == Some(5) && run.stderr.contains("no_such_function"), "{run:?}");
    assert_eq!(town.database.ask(LEFT), "0");
    assert_eq!(town.database.ask("SELECT to_regclass('eaters') IS NULL"), "t");
}

#[test]
fn what_is_of_the_whole_server_is_not_rehearsed_on_that_of_people() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let role = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'eater') THEN
        CREATE ROLE eater NOLOGIN; END IF; END $$;\n";
    let rehearse = ["migrate", "plan", "production", "--rehearse"];
    let file = format!("{FOLDER}/{TWO}/migration.sql");
    for (sql, what) in [
        (role, "CREATE ROLE"),
        ("ALTER ROLE ann SET work_mem = '8MB';\n", "ALTER ROLE"),
        ("ALTER SYSTEM SET work_mem = '8MB';\n", "ALTER SYSTEM"),
        ("CREATE DATABASE other;\n", "CREATE DATABASE"),
    ] {
        town.world.write(&file, sql);
        let said = town.world.run(&rehearse).ends(4);
        let line = format!("line 1: `{what}` is of the whole server");
        assert!(said.contains(&line) && said.contains("E-migration-refused"), "{sql}: {said}");
    }
    let made = "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = 'eater')
        + (SELECT count(*) FROM pg_db_role_setting)
        + (SELECT count(*) FROM pg_database WHERE datname = 'other')";
    assert_eq!(town.database.ask(made), "0");
    // A role that is there is not made again, and what hands it out is of the database.
    town.world.write(&file, &format!("{role}GRANT SELECT ON eaters TO eater;\n"));
    town.database.ask("CREATE ROLE eater NOLOGIN");
    town.world.run(&rehearse).ends(75);
}

/// What the ledger holds of migrations, the last one first.
fn noted(town: &Town<'_>, count: usize) -> String {
    town.database.ask(&format!(
        "SELECT string_agg(it, E'\n') FROM (SELECT concat_ws('|', body::json ->> 'reason',
            body::json ->> 'schema_head') AS it FROM xtask.ledger WHERE body LIKE '%\"migrate\"%'
            ORDER BY number DESC LIMIT {count}) AS last"
    ))
}

#[test]
fn an_undo_that_was_killed_goes_on_where_it_was_and_takes_no_more() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    let without_target = town.world.run(&["migrate", "undo", "production", "--apply"]).ends(2);
    assert!(without_target.contains("--to MIGRATION"), "{without_target}");
    town.world.run(&["migrate", "undo", "production", "--last", "2", "--apply"]).ends(2);
    let undo = ["migrate", "undo", "production", "--to", TWO, "--drop", "eaters.age"];
    town.killed(&undo, "after-one-undo");
    let rows = "SELECT string_agg(migration_name, ' ') FROM _prisma_migrations
        WHERE rolled_back_at IS NOT NULL";
    assert_eq!(town.database.ask(rows), TWO);
    assert_eq!(noted(&town, 1), format!("undoes `{TWO}`"), "also of a run that was killed");
    let again = town.runs(&undo);
    assert!(again.code == Some(0) && again.stdout.contains("0 migrations undone"), "{again:?}");
    assert_eq!(town.database.ask(rows), TWO, "the one before it stays");
}

#[test]
fn an_undo_is_backed_up_first_and_recorded() {
    let programs = required_program("restic").and(|| required_program("pg_dump"));
    let (_, cluster) = required!(programs.and(Cluster::new));
    let town = town(&cluster);
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    let repository = town.world.path("").parent().unwrap().join("repository");
    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let backed_up = with_backup(&deploy, "production", &repository, "env:BACKUP_PASSWORD");
    town.world.write("deploy.toml", &backed_up);
    let password = [("BACKUP_PASSWORD", "a-password-of-a-test")];
    let undo = ["migrate", "undo", "production", "--to", TWO, "--drop", "eaters.age", "--apply"];
    let refused = town.world.run_with(&undo, &password).ends(4);
    assert!(refused.contains("E-backup-repository"), "there is none yet: {refused}");
    let applied = format!("applied `{ONE}`; applied `{TWO}`|{TWO}");
    assert!(noted(&town, 1).ends_with(&applied), "nothing was undone: {}", noted(&town, 1));
    town.world.run_with(&["backup", "run", "production", "--init"], &password).ends(0);
    town.world.run_with(&undo, &password).ends(0);
    let listed = town.world.run_with(&["--json", "backup", "list", "production"], &password);
    assert_eq!(listed.stdout.matches("\"migrate\"").count(), 1, "{listed:?}");
    assert_eq!(noted(&town, 1), format!("undid `{TWO}`|{ONE}"));
    let without = ["migrate", "undo", "production", "--to", ONE, "--drop", "eaters", "--apply"];
    let without = [&without[..], &["--without-backup", "nobody has eaten"]].concat();
    town.world.run_with(&without, &password).ends(0);
    let said = "the schema is changed without a back-up: nobody has eaten";
    let wanted = format!("undid `{ONE}`|20260101000000_one\nundoes `{ONE}`\n{said}");
    assert_eq!(noted(&town, 3), wanted);
}

#[test]
fn what_was_applied_is_taken_back_in_order_and_what_is_lost_is_named() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    let shown = town.world.run(&["migrate", "undo", "production", "--drop", "eaters.age"]);
    assert!(shown.code == Some(3) && shown.stdout.contains("DROP INDEX names"), "{shown:?}");
    let next = format!("to do it: cargo xtask migrate undo production --to {TWO} --apply");
    assert!(shown.stdout.contains(&next), "{shown:?}");
    let refused = town.world.run(&["migrate", "undo", "production", "--to", TWO, "--apply"]);
    assert!(refused.code == Some(4) && refused.stderr.contains("eaters.age"), "{refused:?}");
    let undo = ["migrate", "undo", "production", "--to", ONE, "--apply"];
    let consent = ["--drop", "eaters.age", "--drop", "eaters"];
    let undone = town.world.run(&[&undo[..], &consent].concat());
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(town.database.ask("SELECT to_regclass('eaters') IS NULL"), "t");
    let rows = "SELECT string_agg(migration_name, ' ' ORDER BY rolled_back_at)
        FROM _prisma_migrations WHERE rolled_back_at IS NOT NULL";
    assert_eq!(town.database.ask(rows), format!("{TWO} {ONE}"));
    // What was taken back is pending, and is applied again.
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    assert_eq!(town.database.ask("SELECT count(*) FROM eaters"), "0");
}

#[test]
fn what_has_no_way_back_or_is_expected_by_what_serves_is_refused() {
    let cluster = required!(Cluster::new());
    let mut town = town(&cluster);
    let down = format!("{FOLDER}/{TWO}/down.sql");
    town.world.run(&["migrate", "apply", "production", "--apply"]).ends(0);
    std::fs::remove_file(town.world.path(&down)).unwrap();
    let refused = town.world.run(&["migrate", "undo", "production"]);
    assert!(refused.code == Some(4) && refused.stderr.contains("has no `down.sql`"), "{refused:?}");
    town.migrates("20260301000000_expected", "SELECT 1;\n");
    town.world.write(&format!("{FOLDER}/20260301000000_expected/down.sql"), "SELECT 1;\n");
    town.release("r2", Backend::Good);
    let reason = ["--force-schema-skew", "a test"];
    town.world.run(&[&["rollout", "production", "r2", "--apply"][..], &reason].concat()).ends(0);
    let undo = ["migrate", "undo", "production", "--to", "20260301000000_expected", "--apply"];
    let refused = town.world.run(&undo);
    assert!(refused.stderr.contains("the release that serves expects"), "{refused:?}");
    let forced = [&undo[..], &reason].concat();
    let forced = town.world.run(&forced);
    assert!(forced.code == Some(0) && forced.stderr.contains("goes on all the same"), "{forced:?}");
}

/// An engine that starts what it is told, and of which nothing is ever reached; a container runs or
/// has ended, as the file says.
const UNREACHED: &str = r#"#!/bin/sh
case "$1" in
  version) echo 20.10.24 ;;
  run) echo 0123 ;;
  inspect) printf '[{"Name":"/x","Created":"","Image":"sha256:0","State":{"Running":%s,"ExitCode":1,"StartedAt":""},"NetworkSettings":{"Ports":{}},"Config":{"Labels":{"nutri.project":"nutri","nutri.environment":"production"}}}]' "$(cat "$(dirname "$0")/runs")" ;;
esac
"#;

#[test]
fn a_trial_that_nobody_reaches_is_not_one_that_failed() {
    let cluster = required!(Cluster::new());
    let mut town = town(&cluster);
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    town.world.write("deploy.toml", &text.replace("start_seconds = 30", "start_seconds = 1"));
    town.world = town.world.program("docker", UNREACHED);
    std::fs::write(town.world.path("../bin/runs"), "true").unwrap();
    let shown = rehearsed(&town, &[], 75);
    assert_eq!(shown["previous"]["outcome"], "not-tried", "{shown}");
    assert!(shown["previous"].to_string().contains("nothing tells whether it works"), "{shown}");
    std::fs::write(town.world.path("../bin/runs"), "false").unwrap();
    let shown = rehearsed(&town, &[], 3);
    assert_eq!(shown["previous"]["outcome"], "fails", "{shown}");
}
