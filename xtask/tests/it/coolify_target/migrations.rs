//! The verbs of `migrate` on an environment that people use: what is planned, wanted, retried,
//! refused and put right.

use super::state::UP;
use super::town::Town;
use crate::postgres::pgbouncer::PgBouncer;
use crate::postgres::server::Cluster;
use serde_json::Value;
use xtask_fakes::required;

const TWO: &str = "20260102000000_two";
const THREE: &str = "20260103000000_three";
const FOLDER: &str = "services/backend/prisma/migrations";

/// A production with one table, whose first migrations are applied.
fn town(cluster: &Cluster) -> Town<'_> {
    let town = Town::new(cluster, "ci");
    town.apply();
    file(&town, TWO, "CREATE TABLE meals (id int, note text);\n");
    applies(&town, &[]);
    town
}

fn file(town: &Town<'_>, name: &str, sql: &str) {
    town.world.write(&format!("{FOLDER}/{name}/migration.sql"), sql);
}

fn applies(town: &Town<'_>, more: &[&str]) {
    let words = [&["migrate", "apply", "production", "--apply"], more].concat();
    town.world.run(&words).ends(0);
}

/// What a verb says on stdout, and that it ends so.
fn says(town: &Town<'_>, words: &str, code: i32) -> String {
    let run = town.world.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(run.code, Some(code), "{words}: {run:?}");
    run.stdout
}

#[test]
fn what_is_pending_is_planned_applied_once_and_recorded() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    assert!(says(&town, "migrate plan production", 0).contains("0 migrations pending"));
    file(&town, THREE, "-- xtask:rollback-safe\nALTER TABLE meals ADD COLUMN eaten date;\n");
    let plan = says(&town, "migrate plan production", 3);
    for words in [
        "1 migration pending",
        "20260103000000_three (one transaction, rollback-safe)",
        "line 2: ALTER TABLE: low risk",
        "ACCESS EXCLUSIVE on meals (about 0 rows), for a moment: blocks reads and writes",
        "plan sha256:",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    assert_eq!(says(&town, "migrate apply production", 3), plan, "without --apply it is the same");
    assert!(says(&town, "migrate status production", 3).contains("20260103000000_three  pending"));
    applies(&town, &[]);
    applies(&town, &[]);
    assert_eq!(town.applied(THREE), "1");
    assert!(!says(&town, "migrate status production", 0).contains("pending"));
    assert_eq!(says(&town, "migrate doctor production", 0), "nothing stands against migrating\n");
    let noted = town.database.ask(
        "SELECT it ->> 'reason', it ->> 'schema_head' FROM (SELECT body::json AS it FROM
            xtask.ledger WHERE body LIKE '%\"migrate\"%' ORDER BY number DESC LIMIT 1) AS last",
    );
    assert_eq!(noted, format!("applied `{THREE}`|{THREE}"));
    assert_eq!(
        town.database.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
        "0",
        "the lock is given back"
    );
}

#[test]
fn what_destroys_data_wants_each_object_named() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    file(&town, THREE, "ALTER TABLE meals DROP COLUMN note;\n");
    let plan = says(&town, "migrate plan production", 4);
    assert!(plan.contains("destroys `meals.note`: say `--drop meals.note`"), "{plan}");
    let said = town.world.run(&["migrate", "apply", "production", "--apply"]).ends(4);
    assert!(said.contains("code: E-migration-destroys"), "{said}");
    let wrong = ["migrate", "apply", "production", "--apply", "--drop", "meals"];
    town.world.run(&wrong).ends(4);
    assert_eq!(town.database.ask("SELECT count(note) FROM meals"), "0", "it is still there");
    applies(&town, &["--drop", "meals.note"]);
    assert_eq!(town.applied(THREE), "1");
}

#[test]
fn a_database_of_others_is_refused_before_anything_is_written_and_all_verbs_say_so() {
    let cluster = required!(Cluster::new());
    let town = Town::new(&cluster, "ci");
    town.apply();
    town.database.ask("DROP SCHEMA IF EXISTS xtask CASCADE");
    town.database.ask("CREATE TABLE strangers (id int)");
    for words in [&["migrate", "apply", "production", "--apply"][..], &UP] {
        let said = town.world.run(words).ends(4);
        assert!(said.contains("code: E-database-not-empty"), "{said}");
    }
    let ours = "SELECT count(*) FROM pg_namespace WHERE nspname = 'xtask'";
    assert_eq!(town.database.ask(ours), "0", "neither lease nor ledger are made");
    let line = "has tables and no `_prisma_migrations`";
    for verb in ["doctor", "status"] {
        let said = says(&town, &format!("migrate {verb} production"), 3);
        assert!(said.contains(line), "{verb}: {said}");
    }
    town.database.ask("DROP TABLE strangers");
    let name = town.database.ask("SELECT current_database()");
    town.database.ask(&format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = on"));
    let said = says(&town, "migrate doctor production", 3);
    assert!(said.contains("`default_transaction_read_only` is on"), "{said}");
}

#[test]
fn a_failed_file_is_mended_and_applied_again() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    file(&town, THREE, "CREATE TABLE foods (id int);\nSELECT 1 / 0;\n");
    let said = town.world.run(&["migrate", "apply", "production", "--apply"]).ends(5);
    for words in ["22012: division by zero", "at line 2: SELECT", "code: E-migration-failed"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let status = says(&town, "migrate status production", 3);
    assert!(status.contains("pending again: it was rolled back"), "{status}");
    file(&town, THREE, "CREATE TABLE foods (id int);\n");
    applies(&town, &[]);
    says(&town, "migrate status production", 0);
}

#[test]
fn the_doctor_says_what_stands_and_the_command_that_it_names_puts_it_right() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    file(&town, THREE, "CREATE TABLE foods (id int);\nALTER TABLE meals ADD COLUMN eaten date;\n");
    // As a runner leaves it that runs statement by statement and was killed between the two.
    town.database.ask("CREATE TABLE foods (id int)");
    town.database.ask(&format!(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs)
            VALUES ('x', 'y', '{THREE}', 'ERROR: it broke')"
    ));
    let said = town.world.run(&["migrate", "apply", "production", "--apply"]).ends(4);
    assert!(said.contains("failed earlier and may be half done"), "{said}");
    let doctor = says(&town, "migrate doctor production", 3);
    for words in [
        "ERROR: it broke",
        "stands: line 1: CREATE TABLE",
        "does not stand: line 2: ALTER TABLE",
        "by hand, with psql: run what does not stand",
    ] {
        assert!(doctor.contains(words), "{words}: {doctor}");
    }
    town.database.ask("DROP TABLE foods");
    let doctor = says(&town, "migrate doctor production", 3);
    let command = format!("cargo xtask migrate resolve production {THREE} --rolled-back --apply");
    assert!(doctor.contains(&format!("next: {command}")), "{doctor}");
    let words: Vec<&str> = command.split(' ').skip(2).collect();
    assert_eq!(town.world.run(&words[..words.len() - 1]).code, Some(3), "it is shown first");
    town.world.run(&words).ends(0);
    let again = town.world.run(&words).ends(4);
    assert!(again.contains("it was never applied"), "{again}");
    applies(&town, &[]);
    says(&town, "migrate doctor production", 0);
    let applied = format!("migrate resolve production {THREE} --applied --apply");
    let refused = town.world.run(&applied.split(' ').collect::<Vec<_>>()).ends(4);
    assert!(refused.contains("it is applied already"), "{refused}");
}

#[test]
fn a_lock_that_is_not_to_be_had_is_asked_for_again() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let quick = deploy.replace("lock_timeout_ms = 5000", "lock_timeout_ms = 200");
    town.world.write("deploy.toml", &quick);
    file(&town, THREE, "ALTER TABLE meals ADD COLUMN eaten date;\n");
    std::thread::scope(|scope| {
        let read = "BEGIN; SELECT count(*) FROM meals; SELECT pg_sleep(600)";
        let reader = scope.spawn(|| town.database.refuses(read));
        let held = "SELECT count(*) FROM pg_locks WHERE relation = 'meals'::regclass AND granted";
        town.until("a reader", || (town.database.ask(held) == "1").then_some(()));
        let mut command = town.world.command(&["migrate", "apply", "production", "--apply"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        let migrating = command.spawn().unwrap();
        // It has come, was refused, and is waiting for its next attempt.
        let failed = "SELECT count(*) FROM _prisma_migrations WHERE logs LIKE '55P03%'";
        town.until("a first attempt", || (town.database.ask(failed) != "0").then_some(()));
        town.database.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE query LIKE 'BEGIN; SELECT count(*) FROM meals%' AND pid <> pg_backend_pid()",
        );
        reader.join().unwrap();
        let (code, said) = town.ended(migrating);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("got no lock within 200 ms, attempt 1 of 5"), "{said}");
    });
    assert_eq!(town.database.ask("SELECT count(eaten) FROM meals"), "0");
}

#[test]
fn a_transaction_pooler_is_refused_before_the_lock_is_taken() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let bouncer = required!(PgBouncer::start(&town.database, "transaction"));
    file(&town, THREE, "SELECT 1;\n");
    let url = bouncer.url("postgres");
    let words = ["migrate", "apply", "production", "--apply"];
    let run = town.world.run_with(&words, &[("PRODUCTION_DIRECT_URL", &url)]);
    assert_eq!(run.code, Some(4), "{run:?}");
    for words in ["it is a transaction pooler", "code: E-database-pooled", "`direct_url`"] {
        assert!(run.stderr.contains(words), "{words}: {run:?}");
    }
    assert_eq!(town.database.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
    applies(&town, &[]);
}

#[test]
fn what_became_of_a_migration_is_not_said_through_a_transaction_pooler() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let bouncer = required!(PgBouncer::start(&town.database, "transaction"));
    file(&town, THREE, "SELECT 1;\n");
    let url = bouncer.url("postgres");
    let words = ["migrate", "resolve", "production", THREE, "--applied", "--apply"];
    let run = town.world.run_with(&words, &[("PRODUCTION_DIRECT_URL", &url)]);
    assert!(run.code == Some(4) && run.stderr.contains("code: E-database-pooled"), "{run:?}");
    assert_eq!(town.applied(THREE), "0");
    assert_eq!(town.database.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
    town.world.run(&words).ends(0);
    assert_eq!(town.applied(THREE), "1");
}

#[test]
fn where_nothing_is_backed_up_the_schema_changes_only_with_a_reason() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    let deploy = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let line = xtask_fakes::deploy::NO_BACKUP;
    assert!(deploy.contains(line), "{deploy}");
    town.world.write("deploy.toml", &deploy.replace(line, ""));
    file(&town, THREE, "CREATE TABLE foods (id int);\n");
    let words = ["migrate", "apply", "production", "--apply"];
    let said = town.world.run(&words).ends(4);
    for words in ["nothing of it is backed up", "code: E-backup-none", "--without-backup REASON"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(town.applied(THREE), "0");
    applies(&town, &["--without-backup", "the table is new"]);
    assert_eq!(town.applied(THREE), "1");
    let noted = town.database.ask(
        "SELECT count(*) FROM xtask.ledger
            WHERE body LIKE '%changed without a back-up: the table is new%'",
    );
    assert_eq!(noted, "1");
}

#[test]
fn sizes_of_tables_are_written_into_the_checkout() {
    let cluster = required!(Cluster::new());
    let town = town(&cluster);
    town.database.ask("INSERT INTO meals SELECT generate_series(1, 123456)");
    town.database.ask("ANALYZE meals");
    let said = says(&town, "migrate stats production", 0);
    assert!(said.contains("in `services/backend/prisma/statistics.json`; commit it"), "{said}");
    let file = town.world.path("services/backend/prisma/statistics.json");
    let value: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(value["tables"]["public.meals"]["rows"], 120_000, "{value}");
    assert_eq!(value["environment"], "production");
    assert!(value["tables"]["xtask.ledger"].is_null(), "our own tables are nobody's data");
}
