//! The locks that are predicted, beside those that a real server takes.

use super::Ground;
use crate::postgres::server::Cluster;
use std::collections::BTreeMap;
use xtask_core::database::sql::{LockMode, Script};
use xtask_fakes::required;

const GROUND: &str = "CREATE TABLE users (id int PRIMARY KEY, name text);
    CREATE TABLE meals (id int PRIMARY KEY, owner int, note text DEFAULT '', at timestamptz);
    ALTER TABLE meals ADD CONSTRAINT meals_old CHECK (id > 0) NOT VALID;
    CREATE INDEX meals_owner ON meals (owner);
    CREATE MATERIALIZED VIEW totals AS SELECT owner, count(*) FROM meals GROUP BY owner;
    CREATE UNIQUE INDEX totals_owner ON totals (owner);
    CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER meals_noop BEFORE UPDATE ON meals FOR EACH ROW EXECUTE FUNCTION noop();
    CREATE POLICY mine ON meals USING (true);
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE TABLE part_one (id int);";

const STATEMENTS: [&str; 42] = [
    "ALTER TABLE meals ADD COLUMN a int",
    "ALTER TABLE meals ADD COLUMN a int DEFAULT 1",
    "ALTER TABLE meals ADD COLUMN a int REFERENCES users (id)",
    "ALTER TABLE meals DROP COLUMN note",
    "ALTER TABLE meals ALTER COLUMN note TYPE varchar(10)",
    "ALTER TABLE meals ALTER note SET NOT NULL",
    "ALTER TABLE meals ALTER note DROP NOT NULL",
    "ALTER TABLE meals ALTER note DROP DEFAULT",
    "ALTER TABLE meals ALTER note SET STATISTICS 100",
    "ALTER TABLE meals ADD CONSTRAINT c CHECK (id < 10)",
    "ALTER TABLE meals ADD CONSTRAINT c CHECK (id < 10) NOT VALID",
    "ALTER TABLE meals VALIDATE CONSTRAINT meals_old",
    "ALTER TABLE meals DROP CONSTRAINT meals_old",
    "ALTER TABLE meals ADD CONSTRAINT f FOREIGN KEY (owner) REFERENCES users (id)",
    "ALTER TABLE meals ADD CONSTRAINT f FOREIGN KEY (owner) REFERENCES users (id) NOT VALID",
    "ALTER TABLE meals ADD CONSTRAINT u UNIQUE (owner)",
    "ALTER TABLE meals RENAME TO dinners",
    "ALTER TABLE meals RENAME COLUMN note TO remark",
    "ALTER TABLE meals ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE meals FORCE ROW LEVEL SECURITY",
    "ALTER TABLE meals DISABLE TRIGGER meals_noop",
    "ALTER TABLE meals SET (fillfactor = 70)",
    "ALTER TABLE meals REPLICA IDENTITY FULL",
    "ALTER TABLE parts ATTACH PARTITION part_one FOR VALUES FROM (1) TO (10)",
    "CREATE INDEX i ON meals (note)",
    "DROP INDEX meals_owner",
    "CREATE TRIGGER t AFTER INSERT ON meals FOR EACH ROW EXECUTE FUNCTION noop()",
    "DROP TRIGGER meals_noop ON meals",
    "CREATE POLICY p ON meals USING (true)",
    "DROP POLICY mine ON meals",
    "CREATE TABLE items (meal int REFERENCES meals (id))",
    "CREATE TABLE part_two PARTITION OF parts FOR VALUES FROM (10) TO (20)",
    "DROP TABLE users",
    "TRUNCATE part_one",
    "INSERT INTO users VALUES (7)",
    "UPDATE meals SET note = 'x'",
    "DELETE FROM meals WHERE id = 1",
    "LOCK TABLE meals IN SHARE MODE",
    "COMMENT ON TABLE meals IS 'x'",
    "REINDEX TABLE meals",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
    "ANALYZE meals",
];

/// The strongest lock on each table that was there before, as the server held it.
fn observed(ground: &Ground<'_>, sql: &str) -> BTreeMap<String, LockMode> {
    let known = ["users", "meals", "totals", "parts", "part_one"];
    let oids = known.map(|name| format!("'{name}'::regclass::oid::text || ' {name}'"));
    let oids = ground.sql(&format!("SELECT unnest(ARRAY[{}])", oids.join(", ")));
    let names: BTreeMap<&str, &str> =
        oids.lines().filter_map(|line| line.split_once(' ')).collect();
    let held = ground.sql(&format!(
        "BEGIN; {sql}; SELECT 'lock ' || relation || ' ' || mode FROM pg_locks
            WHERE pid = pg_backend_pid() AND locktype = 'relation'; ROLLBACK"
    ));
    let mut locks = BTreeMap::new();
    for line in held.lines().filter_map(|line| line.strip_prefix("lock ")) {
        let (oid, mode) = line.split_once(' ').unwrap();
        let mode = LockMode::of_catalogue(mode).unwrap_or_else(|| panic!("{mode}"));
        if let Some(name) = names.get(oid) {
            let strongest = locks.entry((*name).to_owned()).or_insert(mode);
            *strongest = mode.max(*strongest);
        }
    }
    locks
}

/// The same, as it is predicted. Which table an index is of is not in a file.
fn predicted(sql: &str) -> BTreeMap<String, LockMode> {
    let script = Script::parse(sql);
    assert_eq!(script.refusals, [], "{sql}");
    let mut locks = BTreeMap::new();
    for lock in &script.statements[0].effects.locks {
        let name = if lock.of_index { "meals".to_owned() } else { lock.on.name.clone() };
        let strongest = locks.entry(name).or_insert(lock.mode);
        *strongest = lock.mode.max(*strongest);
    }
    locks
}

#[test]
fn every_lock_that_keeps_somebody_waiting_is_predicted() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "locks");
    ground.sql(GROUND);
    let mut wrong = Vec::new();
    for sql in STATEMENTS {
        // Weaker ones keep nobody waiting who only reads and writes.
        let heavy = |locks: BTreeMap<String, LockMode>| -> BTreeMap<String, LockMode> {
            locks.into_iter().filter(|(_, mode)| *mode >= LockMode::RowExclusive).collect()
        };
        let (seen, said) = (heavy(observed(&ground, sql)), heavy(predicted(sql)));
        if seen != said {
            wrong.push(format!("{sql}\n  seen {seen:?}\n  said {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
