//! What a cascade takes along, as a real server tells it.

use super::{Ground, ONE};
use crate::postgres::server::Cluster;
use xtask_core::database::assess::assess;
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::statistics::Tables;
use xtask_fakes::required;

const THERE: &str = "
    CREATE TABLE notes (id int PRIMARY KEY);
    CREATE TABLE marks (note int REFERENCES notes);
    CREATE TABLE parentt (id int);
    CREATE TABLE heir () INHERITS (parentt);
    CREATE FUNCTION ff(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN $1 + 1;
    CREATE TABLE sums (a int, b int GENERATED ALWAYS AS (ff(a)) STORED);
    CREATE TYPE mood AS ENUM ('good');
    CREATE TABLE days (id int, mood mood);
    CREATE VIEW latest AS SELECT id FROM notes;
    CREATE MATERIALIZED VIEW kept AS SELECT id FROM latest;
    CREATE TABLE parts (i int) PARTITION BY RANGE (i);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9);
    CREATE TABLE rng (i int);
    CREATE SCHEMA old; CREATE TABLE old.things (mood mood);
    CREATE TYPE old.kind AS ENUM ('x'); CREATE TABLE kinds (kind old.kind)";

#[test]
fn a_server_is_asked_what_goes_along() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "reach");
    for sql in THERE.split(';') {
        ground.sql(sql);
    }
    let database = ground.connect("");
    let destroyed = |sql: &str| {
        let file = MigrationFile::new(ONE, sql);
        let tables = Tables::new(None, "public").with_reach(database.reach().unwrap());
        assess(&[&file], tables).remove(0).destroys
    };
    for (sql, wanted) in [
        ("TRUNCATE notes CASCADE;", vec!["marks:rows", "notes:rows"]),
        ("DROP TABLE parentt CASCADE;", vec!["heir", "parentt"]),
        ("DROP TABLE notes CASCADE;", vec!["materialized-view:kept", "notes"]),
        ("DROP FUNCTION ff CASCADE;", vec!["sums.b"]),
        ("DROP FUNCTION ff(int) CASCADE;", vec!["sums.b"]),
        ("DROP TYPE mood CASCADE;", vec!["days.mood", "old.things.mood", "type:mood"]),
        ("DROP SCHEMA old CASCADE;", vec!["kinds.kind", "schema:old"]),
        ("DROP TABLE parts CASCADE;", vec!["parts"]),
        (
            "CREATE TABLE b (i int) PARTITION BY RANGE (i); ALTER TABLE b ATTACH PARTITION rng \
             FOR VALUES FROM (1) TO (9); DROP TABLE b;",
            vec!["rng"],
        ),
        ("CREATE TABLE b (i int); ALTER TABLE rng INHERIT b; DROP TABLE b CASCADE;", vec!["rng"]),
    ] {
        assert_eq!(destroyed(sql), wanted, "{sql}");
    }
}
