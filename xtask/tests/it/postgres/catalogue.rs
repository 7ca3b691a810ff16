//! Every kind of drift on a real Postgres, and that our comparison sees it.

use super::server::{Cluster, Server};
use xtask::edge::postgres::Database;
use xtask_core::database::catalogue::{Catalogue, compare};
use xtask_core::ship::database::Address;
use xtask_fakes::required;

/// A schema with one of everything.
const SCHEMA: &str = "
    CREATE ROLE reader; CREATE ROLE other;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE eaters (id integer PRIMARY KEY, email text NOT NULL UNIQUE, mood mood);
    CREATE TABLE meals (id serial PRIMARY KEY, eater_id integer NOT NULL, note varchar(80),
        kcal numeric(8, 2) NOT NULL DEFAULT 0 CONSTRAINT meals_kcal_check CHECK (kcal >= 0),
        twice numeric GENERATED ALWAYS AS (kcal * 2) STORED,
        CONSTRAINT meals_eater_fkey FOREIGN KEY (eater_id) REFERENCES eaters ON DELETE CASCADE);
    CREATE INDEX meals_eater_idx ON meals (eater_id);
    CREATE INDEX meals_partial_idx ON meals (note) WHERE note IS NOT NULL;
    CREATE INDEX meals_lower_idx ON meals (lower(note));
    CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER meals_touch BEFORE UPDATE ON meals FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE VIEW notes AS SELECT note FROM meals;
    CREATE MATERIALIZED VIEW days AS SELECT count(*) FROM meals;
    ALTER TABLE meals ENABLE ROW LEVEL SECURITY;
    CREATE POLICY meals_own ON meals USING (eater_id = 1);
    CREATE SEQUENCE numbers; CREATE SCHEMA more; GRANT SELECT ON meals TO reader;
    CREATE EXTENSION pg_trgm";

/// Each kind of drift: what somebody did by hand, what our comparison says of it, and whether
/// Prisma's own comparison with `schema.prisma` sees it (`facts/prisma-engine.md`).
const DRIFTS: [(&str, &str, &str, bool); 41] = [
    (
        "a column more",
        "ALTER TABLE meals ADD extra text",
        "column `public.meals.extra` is not wanted",
        true,
    ),
    (
        "a column less",
        "ALTER TABLE eaters DROP mood",
        "column `public.eaters.mood` is missing",
        true,
    ),
    (
        "a column's type",
        "ALTER TABLE eaters ALTER id TYPE bigint",
        "`public.eaters.id`: type: wanted `integer`, found `bigint`",
        true,
    ),
    (
        "a precision",
        "ALTER TABLE eaters ADD k numeric(8,2); ALTER TABLE eaters ALTER k TYPE numeric(9,2)",
        "column `public.eaters.k`",
        true,
    ),
    (
        "a length",
        "DROP VIEW notes; ALTER TABLE meals ALTER note TYPE varchar(90)",
        "type: wanted `character varying(80)`, found `character varying(90)`",
        true,
    ),
    (
        "a default",
        "ALTER TABLE meals ALTER kcal SET DEFAULT 1",
        "default: wanted `0`, found `1`",
        true,
    ),
    (
        "what may be null",
        "ALTER TABLE eaters ALTER email DROP NOT NULL",
        "null: wanted `no`, found `yes`",
        true,
    ),
    (
        "an index less",
        "DROP INDEX meals_eater_idx",
        "index `public.meals_eater_idx` is missing",
        true,
    ),
    (
        "an index more",
        "CREATE INDEX more_idx ON meals (kcal)",
        "index `public.more_idx` is not wanted",
        true,
    ),
    (
        "a hash index",
        "DROP INDEX meals_eater_idx; CREATE INDEX meals_eater_idx ON meals USING hash (eater_id)",
        "USING hash",
        true,
    ),
    (
        "a descending index",
        "DROP INDEX meals_eater_idx; CREATE INDEX meals_eater_idx ON meals (eater_id DESC)",
        "DESC",
        true,
    ),
    (
        "a covering index",
        "DROP INDEX meals_eater_idx; CREATE INDEX meals_eater_idx ON meals (eater_id) INCLUDE (kcal)",
        "INCLUDE (kcal)",
        true,
    ),
    (
        "a unique key",
        "ALTER TABLE eaters DROP CONSTRAINT eaters_email_key",
        "constraint `public.eaters.eaters_email_key` is missing",
        true,
    ),
    (
        "a foreign key less",
        "ALTER TABLE meals DROP CONSTRAINT meals_eater_fkey",
        "constraint `public.meals.meals_eater_fkey` is missing",
        true,
    ),
    (
        "a foreign key's name",
        "ALTER TABLE meals RENAME CONSTRAINT meals_eater_fkey TO other_fkey",
        "constraint `public.meals.other_fkey` is not wanted",
        true,
    ),
    (
        "a foreign key's action",
        "ALTER TABLE meals DROP CONSTRAINT meals_eater_fkey, ADD CONSTRAINT meals_eater_fkey FOREIGN KEY (eater_id) REFERENCES eaters",
        "ON DELETE CASCADE",
        true,
    ),
    ("a table more", "CREATE TABLE extra (id integer)", "table `public.extra` is not wanted", true),
    (
        "a label of an enum",
        "ALTER TYPE mood ADD VALUE 'so so'",
        "labels: wanted `'good', 'bad'`",
        true,
    ),
    (
        "a generated column",
        "ALTER TABLE meals ALTER twice DROP EXPRESSION",
        "generated: wanted `(kcal * (2)::numeric)`, found none",
        true,
    ),
    (
        "a CHECK",
        "ALTER TABLE meals DROP CONSTRAINT meals_kcal_check",
        "constraint `public.meals.meals_kcal_check` is missing",
        false,
    ),
    (
        "a CHECK that says something else",
        "ALTER TABLE meals DROP CONSTRAINT meals_kcal_check, ADD CONSTRAINT meals_kcal_check CHECK (kcal >= -1)",
        "constraint `public.meals.meals_kcal_check`: definition",
        false,
    ),
    (
        "row level security switched off",
        "ALTER TABLE meals DISABLE ROW LEVEL SECURITY",
        "row level security: wanted `on`, found `off`",
        false,
    ),
    (
        "row level security switched on",
        "ALTER TABLE eaters ENABLE ROW LEVEL SECURITY",
        "row level security: wanted `off`, found `on`",
        false,
    ),
    (
        "row level security forced",
        "ALTER TABLE meals FORCE ROW LEVEL SECURITY",
        "wanted `on`, found `forced`",
        false,
    ),
    (
        "a policy",
        "ALTER POLICY meals_own ON meals USING (true)",
        "policy `public.meals.meals_own`: using: wanted `(eater_id = 1)`, found `true`",
        false,
    ),
    (
        "a policy's roles",
        "ALTER POLICY meals_own ON meals TO reader",
        "roles: wanted `public`, found `reader`",
        false,
    ),
    (
        "a trigger less",
        "DROP TRIGGER meals_touch ON meals",
        "trigger `public.meals.meals_touch` is missing",
        false,
    ),
    (
        "a trigger that is off",
        "ALTER TABLE meals DISABLE TRIGGER meals_touch",
        "enabled: wanted `O`, found `D`",
        false,
    ),
    (
        "a function",
        "CREATE OR REPLACE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
        "function `public.one()`: definition",
        false,
    ),
    (
        "a view",
        "CREATE OR REPLACE VIEW notes AS SELECT note FROM meals WHERE kcal > 0",
        "view `public.notes`: definition",
        false,
    ),
    (
        "a materialized view",
        "DROP MATERIALIZED VIEW days",
        "materialized view `public.days` is missing",
        false,
    ),
    (
        "a partial index",
        "DROP INDEX meals_partial_idx; CREATE INDEX meals_partial_idx ON meals (note) WHERE note <> ''",
        "index `public.meals_partial_idx`: definition",
        false,
    ),
    (
        "an index of an expression",
        "DROP INDEX meals_lower_idx; CREATE INDEX meals_lower_idx ON meals (upper(note))",
        "index `public.meals_lower_idx`: definition",
        false,
    ),
    (
        "an invalid index",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'meals_eater_idx'::regclass",
        "index `public.meals_eater_idx`: valid: wanted `true`, found `false`",
        false,
    ),
    (
        "a foreign key that is NOT VALID",
        "ALTER TABLE meals DROP CONSTRAINT meals_eater_fkey, ADD CONSTRAINT meals_eater_fkey FOREIGN KEY (eater_id) REFERENCES eaters ON DELETE CASCADE NOT VALID",
        "NOT VALID",
        false,
    ),
    (
        "a collation",
        "DROP VIEW notes; ALTER TABLE meals ALTER note TYPE varchar(80) COLLATE \"C\"",
        "column `public.meals.note`: collation: wanted none, found",
        false,
    ),
    (
        "an owner",
        "ALTER TABLE meals OWNER TO other",
        "table `public.meals`: owner: wanted `ann`, found `other`",
        false,
    ),
    ("a grant", "GRANT UPDATE ON meals TO reader", "table `public.meals`: grants", false),
    ("an extension", "DROP EXTENSION pg_trgm", "extension `pg_trgm` is missing", false),
    (
        "a sequence",
        "ALTER SEQUENCE numbers INCREMENT BY 5",
        "sequence `public.numbers`: values",
        false,
    ),
    (
        "a comment and a schema",
        "COMMENT ON TABLE meals IS 'x'; DROP SCHEMA more",
        "schema `more` is missing",
        false,
    ),
];

fn catalogue(server: &Server<'_>, database: &str) -> Catalogue {
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    Database::connect(&address.with_database(database)).unwrap().catalogue().unwrap()
}

#[test]
fn every_kind_of_drift_is_seen() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask("CREATE DATABASE wanted");
    server.ask_of("wanted", SCHEMA);
    let wanted = catalogue(&server, "wanted");
    assert!(wanted.len() > 30, "{wanted:?}");
    for (what, sql, words, _) in DRIFTS {
        server.ask("CREATE DATABASE found TEMPLATE wanted");
        assert_eq!(compare(&wanted, &catalogue(&server, "found")), [], "before {what}");
        server.ask_of("found", sql);
        let found = catalogue(&server, "found");
        let lines: Vec<String> = compare(&wanted, &found).iter().map(ToString::to_string).collect();
        assert!(lines.iter().any(|line| line.contains(words)), "{what}: {lines:#?}");
        assert!(lines.len() <= 4, "{what}: more than was done: {lines:#?}");
        let back = compare(&found, &wanted);
        assert_eq!(back.len(), lines.len(), "{what}: seen from the other side: {back:#?}");
        server.ask("DROP DATABASE found WITH (FORCE)");
    }
}

#[test]
fn what_a_hidden_drift_and_a_clean_restore_are_is_told_apart() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let by_hand = "CREATE TABLE \"Odd Name\" (\"Id\" integer PRIMARY KEY, at timestamptz);
        CREATE SCHEMA xtask; CREATE TABLE xtask.ledger (number bigint);
        CREATE TABLE _prisma_migrations (id text PRIMARY KEY)";
    for database in ["one", "two"] {
        server.ask(&format!("CREATE DATABASE {database}"));
        server.ask_of(database, by_hand);
    }
    server.ask_of("two", "DROP TABLE \"Odd Name\", xtask.ledger, _prisma_migrations");
    let lines = compare(&catalogue(&server, "one"), &catalogue(&server, "two"));
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["table `public.Odd Name` is missing"], "ours and Prisma's are not compared");
}

#[test]
fn the_page_says_what_each_comparison_covers() {
    let page = include_str!("../../../../docs/deployment/DATABASE.md");
    let table = page.split("| drift | ours | Prisma's |").nth(1).unwrap();
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let row = |(what, _, _, prisma): &(&str, &str, &str, bool)| {
        format!("| {what} | yes | {} |", if *prisma { "yes" } else { "no" })
    };
    assert_eq!(rows, DRIFTS.iter().map(row).collect::<Vec<_>>());
}
