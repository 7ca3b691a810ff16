//! The cases in which Prisma's runner and ours were found to differ, each with the right value.

use super::prisma::Prisma;
use super::{Ground, ONE, THREE, TWO};
use crate::postgres::server::Cluster;
use serde_json::json;
use xtask_core::database::migration::{MigrationRow, plan};
use xtask_fakes::required;

const TABLE: &str = "CREATE TABLE meals (id int);\n";

/// How many tables of the history there are, and in which schemas.
fn histories(ground: &Ground<'_>) -> String {
    ground.sql(
        "SELECT string_agg(schemaname, ',') FROM pg_tables WHERE tablename = '_prisma_migrations'",
    )
}

#[test]
fn no_search_path_of_a_file_a_role_or_a_database_leads_to_a_second_history() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "paths");
    // The role's schema comes first by itself, and both settings name others.
    ground.sql("CREATE SCHEMA ann; CREATE SCHEMA other");
    ground.sql("ALTER DATABASE paths SET search_path TO other, public");
    ground.sql("ALTER ROLE ann IN DATABASE paths SET search_path TO ann");
    ground.file(ONE, TABLE);
    assert_eq!(ground.apply().unwrap(), [ONE]);
    assert_eq!(ground.apply().unwrap(), [""; 0], "it is applied once");
    assert_eq!(histories(&ground), "public");
    assert_eq!(ground.sql("SELECT schemaname FROM pg_tables WHERE tablename = 'meals'"), "public");
    ground.file(TWO, "SET search_path TO other, public;\nCREATE TABLE foods (id int);\n");
    let failure = ground.apply().unwrap_err();
    assert_eq!(failure.name(), "E-migration-refused");
    assert!(
        failure.to_string().contains("line 1: `SET search_path` outlives the file"),
        "{failure}"
    );
    ground.file(TWO, "SET LOCAL search_path TO other;\nCREATE TABLE foods (id int);\n");
    assert_eq!(ground.apply().unwrap(), [TWO]);
    assert_eq!(histories(&ground), "public");
    ground.sql("ALTER ROLE ann IN DATABASE paths RESET search_path; ALTER DATABASE paths RESET search_path");
    prisma.is_up_to_date(&ground);
}

#[test]
fn the_schema_of_the_address_is_the_one() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "schemas");
    ground.file(ONE, TABLE);
    let applied = ground.apply_with("schema=app", &super::limits()).unwrap();
    assert_eq!(applied, [ONE]);
    assert_eq!(histories(&ground), "app");
    assert_eq!(ground.sql("SELECT schemaname FROM pg_tables WHERE tablename = 'meals'"), "app");
    let answer = prisma.ask(&ground, "diagnose", &json!({ "schema": "app" }));
    assert!(
        answer["ok"]["history"].is_null() && answer["ok"]["hasMigrationsTable"] == true,
        "{answer}"
    );
}

#[test]
fn own_transactions_are_refused_before_anything_runs() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "own");
    ground.file(ONE, "BEGIN;\nCREATE TABLE a (b int);\nCOMMIT;\nSELECT no_such_thing();\n");
    let failure = ground.apply().unwrap_err();
    assert!(failure.to_string().contains("line 1: `BEGIN`"), "{failure}");
    assert_eq!(ground.sql("SELECT to_regclass('a') IS NULL"), "t");
    assert_eq!(ground.sql("SELECT to_regclass('_prisma_migrations') IS NULL"), "t");
}

#[test]
fn an_error_leaves_nothing_of_the_file_and_a_row_that_prisma_reads() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "errors");
    ground.file(ONE, "CREATE TABLE a (b int);\nSELECT 1 / 0;\n");
    let failure = ground.apply().unwrap_err();
    assert_eq!(failure.name(), "E-migration-failed");
    assert!(failure.to_string().contains("at line 2: SELECT"), "{failure}");
    assert_eq!(ground.sql("SELECT to_regclass('a') IS NULL"), "t");
    let row = "SELECT finished_at IS NULL, rolled_back_at IS NOT NULL, applied_steps_count, logs
        FROM _prisma_migrations";
    assert_eq!(ground.sql(row), "t|t|0|22012: division by zero (at line 2: SELECT)");
    // As after `prisma migrate resolve --rolled-back`: it is pending, and nothing has failed.
    let found = prisma.history(&ground);
    assert_eq!(found["failedMigrationNames"], json!([]), "{found}");
    assert_eq!(found["history"]["unappliedMigrationNames"], json!([ONE]), "{found}");
    ground.file(ONE, "CREATE TABLE a (b int);\n");
    assert_eq!(ground.apply().unwrap(), [ONE]);
    prisma.is_up_to_date(&ground);
}

#[test]
fn each_takes_up_where_the_other_has_ended() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "both");
    ground.file(ONE, TABLE);
    assert_eq!(ground.apply().unwrap(), [ONE]);
    prisma.is_up_to_date(&ground);
    ground.file(TWO, "CREATE TABLE foods (id int);\n");
    assert_eq!(prisma.deploy(&ground).unwrap(), [TWO]);
    assert_eq!(ground.pending().unwrap(), [""; 0]);
    ground.file(THREE, "-- Ünïcode\r\nDO $$ BEGIN PERFORM 1; PERFORM 2; END $$;\r\n");
    assert_eq!(ground.apply().unwrap(), [THREE]);
    prisma.is_up_to_date(&ground);
    // A checkout that rewrites line ends is no edit for either.
    ground.file(THREE, "-- Ünïcode\nDO $$ BEGIN PERFORM 1; PERFORM 2; END $$;\n");
    assert_eq!(ground.pending().unwrap(), [""; 0]);
    prisma.is_up_to_date(&ground);
    assert_eq!(
        ground.sql("SELECT string_agg(applied_steps_count::text, '') FROM _prisma_migrations"),
        "111"
    );
}

#[test]
fn what_prisma_left_half_done_is_failed_and_resolved_by_either() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "half");
    ground.file(ONE, "CREATE TABLE a (b int);\nSELECT 1 / 0;\n");
    assert!(prisma.deploy(&ground).unwrap_err().contains("division by zero"));
    let refused = ground.pending().unwrap_err();
    assert!(refused.contains("failed earlier and may be half done"), "{refused}");
    let rows = ground.connect("").migration_rows().unwrap();
    assert!(rows[0].is_failed() && rows[0].logs.is_some(), "{rows:?}");
    // Ours marks it, and Prisma sees it as its own command would have left it.
    ground.connect("").mark_rolled_back(ONE).unwrap();
    let found = prisma.history(&ground);
    assert_eq!(found["failedMigrationNames"], json!([]), "{found}");
    assert_eq!(ground.pending().unwrap(), [ONE]);
    let answer = prisma.ask(&ground, "applied", &json!({ "name": ONE }));
    assert!(answer["error"].is_null(), "{answer}");
    assert_eq!(ground.pending().unwrap(), [""; 0]);
}

#[test]
fn the_old_form_of_a_checksum_is_no_edit_and_an_edit_is() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "sums");
    // Chosen so that some byte of its digest is below 16.
    ground.file(ONE, "SELECT 1;\n");
    ground.apply().unwrap();
    let full = ground.files()[0].checksum();
    let bytes = full.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let old: String = bytes.map(|it| it.strip_prefix('0').unwrap_or(it)).collect();
    assert_ne!(old, full, "the digest has a byte below 16");
    ground.sql(&format!("UPDATE _prisma_migrations SET checksum = '{old}'"));
    assert_eq!(ground.pending().unwrap(), [""; 0]);
    assert_eq!(prisma.history(&ground)["editedMigrationNames"], json!([]));
    ground.file(ONE, "SELECT 2;\n");
    assert!(ground.pending().unwrap_err().contains("was edited after it was applied"));
    assert_eq!(prisma.history(&ground)["editedMigrationNames"], json!([ONE]));
}

#[test]
fn a_database_that_others_have_filled_is_not_migrated_into() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "foreign");
    ground.sql("CREATE TABLE meals (id int)");
    ground.file(ONE, TABLE);
    assert_eq!(prisma.deploy(&ground).unwrap_err(), "P3005");
    let failure = xtask::ship::migrate::plan(&ground.connect(""), &ground.files()).unwrap_err();
    assert_eq!(failure.name(), "E-database-not-empty");
    let shown = failure.to_string();
    assert!(shown.contains("such as `meals`") && shown.contains("--applied --apply"), "{shown}");
    // The baseline: what is there is what the first file makes.
    let mut database = ground.connect("");
    database.ensure_migrations().unwrap();
    database.mark_applied(ONE, &ground.files()[0].checksum()).unwrap();
    assert_eq!(ground.pending().unwrap(), [""; 0]);
    prisma.is_up_to_date(&ground);
}

#[test]
fn a_missing_file_is_said_and_what_was_rolled_back_is_applied_again() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "gone");
    for (name, sql) in [(ONE, "SELECT 1;\n"), (TWO, "SELECT 2;\n")] {
        ground.file(name, sql);
    }
    ground.apply().unwrap();
    // Finished, and rolled back: both runners take it for pending, though a later one is applied.
    ground.sql(&format!(
        "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '{ONE}'"
    ));
    let found = prisma.history(&ground);
    assert_eq!(found["history"]["unappliedMigrationNames"], json!([ONE]), "{found}");
    assert_eq!(ground.apply().unwrap(), [ONE]);
    prisma.is_up_to_date(&ground);
    std::fs::remove_dir_all(ground.path().join(TWO)).unwrap();
    ground.file(THREE, "SELECT 3;\n");
    let rows: Vec<MigrationRow> = ground.connect("").migration_rows().unwrap();
    let plan = plan(&ground.files(), &rows).unwrap();
    assert_eq!((plan.pending, plan.missing), (vec![THREE.to_owned()], vec![TWO.to_owned()]));
    assert_eq!(prisma.history(&ground)["history"]["diagnostic"], "historiesDiverge");
}

#[test]
fn the_table_is_prismas_to_the_letter() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let (ours, theirs) = (Ground::new(&server, "ours"), Ground::new(&server, "theirs"));
    for ground in [&ours, &theirs] {
        ground.file(ONE, TABLE);
    }
    ours.apply().unwrap();
    prisma.deploy(&theirs).unwrap();
    let columns =
        "SELECT string_agg(concat_ws(' ', column_name, data_type, character_maximum_length,
            is_nullable, column_default), ';' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_name = '_prisma_migrations'";
    assert_eq!(ours.sql(columns), theirs.sql(columns));
    let keys = "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = '_prisma_migrations'::regclass";
    assert_eq!(ours.sql(keys), theirs.sql(keys));
    let row = "SELECT checksum, migration_name, logs, rolled_back_at, applied_steps_count,
        finished_at >= started_at FROM _prisma_migrations";
    assert_eq!(ours.sql(row), theirs.sql(row));
}
