//! Statements that no transaction holds: one of them in a file, and nothing else.

use super::prisma::Prisma;
use super::{Ground, ONE, TWO};
use crate::postgres::server::Cluster;
use xtask_fakes::required;

const ROWS: &str = "CREATE TABLE meals (id int);\nINSERT INTO meals VALUES (1), (1), (2);\n";
const INDEX: &str = "CREATE UNIQUE INDEX CONCURRENTLY meals_id ON meals (id);\n";
const STATE: &str = "SELECT finished_at IS NULL, rolled_back_at IS NULL, logs IS NULL
    FROM _prisma_migrations WHERE migration_name = '20260102000000_two' ORDER BY started_at";

#[test]
fn a_lone_index_is_made_beside_those_who_write() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "lone");
    ground.file(ONE, "CREATE TABLE meals (id int);\n");
    ground.file(TWO, INDEX);
    assert_eq!(ground.apply().unwrap(), [ONE, TWO]);
    assert_eq!(
        ground.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'meals_id'::regclass"),
        "t"
    );
    assert_eq!(ground.sql(STATE), "f|t|t");
    prisma.is_up_to_date(&ground);
}

#[test]
fn beside_another_statement_it_is_refused_before_anything_runs() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "beside");
    ground.file(ONE, &format!("CREATE TABLE meals (id int);\n{INDEX}"));
    let failure = ground.apply().unwrap_err();
    let shown = failure.to_string();
    assert!(shown.contains("line 2: `CREATE UNIQUE INDEX CONCURRENTLY`"), "{shown}");
    assert_eq!(ground.sql("SELECT to_regclass('meals') IS NULL"), "t");
}

#[test]
fn what_a_broken_off_one_leaves_is_removed_and_it_can_be_tried_again() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "broken");
    ground.file(ONE, ROWS);
    ground.file(TWO, INDEX);
    let failure = ground.apply().unwrap_err();
    assert_eq!(failure.name(), "E-migration-failed", "{failure}");
    assert!(failure.to_string().contains("nothing of it was kept"), "{failure}");
    assert_eq!(ground.sql("SELECT to_regclass('meals_id') IS NULL"), "t", "no invalid index stays");
    assert_eq!(ground.sql(STATE), "t|f|f");
    ground.sql("DELETE FROM meals");
    assert_eq!(ground.apply().unwrap(), [TWO]);
    prisma.is_up_to_date(&ground);
}

#[test]
fn an_index_of_another_that_is_not_valid_is_neither_removed_nor_taken_for_made() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "left");
    ground.file(ONE, ROWS);
    ground.apply().unwrap();
    let left = server.refuses_of("left", INDEX);
    assert!(left.contains("could not create unique index"), "{left}");
    let invalid = ground.connect("").invalid_indexes().unwrap();
    assert_eq!(invalid[0].name, "public.meals_id");
    ground.file(TWO, &INDEX.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS"));
    let failure = ground.apply().unwrap_err();
    assert_eq!((failure.name(), failure.exit().code()), ("E-migration-half", 6), "{failure}");
    assert!(failure.to_string().contains("an earlier run left it"), "{failure}");
    assert_eq!(ground.sql("SELECT to_regclass('meals_id') IS NULL"), "f", "it is not ours");
    let found = prisma.history(&ground);
    assert_eq!(found["failedMigrationNames"], serde_json::json!([TWO]), "{found}");
}
