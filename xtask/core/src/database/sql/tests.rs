//! What is read out of files of SQL.

use super::*;

fn one(sql: &str) -> Statement {
    let script = Script::parse(sql);
    assert_eq!(script.refusals, [], "{sql}");
    assert_eq!(script.statements.len(), 1, "{sql}: {script:?}");
    script.statements[0].clone()
}

fn refused(sql: &str) -> Vec<(usize, String)> {
    Script::parse(sql).refusals.into_iter().map(|it| (it.line, it.why)).collect()
}

#[test]
fn statements_are_told_apart_where_semicolons_do_not_tell() {
    let sql = "-- one; two\n\
        CREATE TABLE a (b int);\n\
        DO $$ BEGIN PERFORM 1; PERFORM 2; END $$;\n\
        CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n\
        INSERT INTO a VALUES (';'), (E'\\\\;\\n'), (U&'\\0061;') /* ; /* ; */ ; */;;\n\
        CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c);\n\
        SELECT 1";
    let script = Script::parse(sql);
    assert_eq!(script.refusals, []);
    let lines: Vec<(usize, &str)> =
        script.statements.iter().map(|it| (it.line, it.what.as_str())).collect();
    let wanted = [
        (2, "CREATE TABLE"),
        (3, "DO"),
        (4, "CREATE FUNCTION"),
        (5, "INSERT"),
        (6, "CREATE RULE"),
        (7, "SELECT"),
    ];
    assert_eq!(lines, wanted);
    assert_eq!(script.statements[0].text, "CREATE TABLE a (b int)");
    assert!(script.statements[3].text.ends_with("(U&'\\0061;')"), "{script:?}");
}

#[test]
fn what_would_take_the_transaction_the_limits_or_the_schema_away_is_refused_by_line() {
    for (sql, line, word) in [
        ("CREATE TABLE a ();\nCOMMIT;", 2, "COMMIT"),
        ("BEGIN;", 1, "BEGIN"),
        ("START TRANSACTION;", 1, "START"),
        ("END;", 1, "END"),
        ("ABORT;", 1, "ABORT"),
        ("ROLLBACK;", 1, "ROLLBACK"),
        ("PREPARE TRANSACTION 'x';", 1, "PREPARE"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;", 1, "too late"),
        ("SET search_path TO other, public;", 1, "outlives"),
        ("\n\nSET SESSION lock_timeout = 0;", 3, "outlives"),
        ("SET LOCAL lock_timeout = 0;", 1, "switches the limit off"),
        ("SET LOCAL statement_timeout TO '0s';", 1, "switches the limit off"),
        ("SET LOCAL statement_timeout = 0.0;", 1, "switches the limit off"),
        ("SET LOCAL lock_timeout = '0h';", 1, "switches the limit off"),
        ("SET LOCAL \"lock_timeout\" = 0;", 1, "switches the limit off"),
        ("SET \"search_path\" TO other;", 1, "outlives"),
        ("SELECT set_config('statement_timeout', '0', true);", 1, "switches the limit off"),
        ("SELECT set_config('lock_timeout', 0::text, true);", 1, "cannot be read here"),
        ("SET LOCAL standard_conforming_strings = off;", 1, "how the texts behind it are read"),
        ("-- AddTable\rCREATE TABLE a ();\nCREATE TABLE b ();", 1, "stands alone there"),
        ("SELECT 1;\r\nSELECT 2\r;", 2, "stands alone there"),
        ("SET LOCAL statement_timeout TO DEFAULT;", 1, "switches the limit off"),
        ("SELECT pg_catalog.set_config('search_path', '', false);", 1, "pg_dump"),
        ("SET ROLE admin;", 1, "who runs"),
        ("RESET ALL;", 1, "RESET ALL"),
        ("RESET search_path;", 1, "RESET SEARCH_PATH"),
        ("DISCARD ALL;", 1, "our lock"),
        ("SELECT pg_advisory_unlock_all();", 1, "our lock"),
        ("COPY a FROM stdin;\n1\t2\n\\.\n", 1, "FROM STDIN"),
        ("COPY a TO STDOUT;", 1, "TO STDOUT"),
        // To the parser the `COMMIT` stands in a text; to Postgres it does not.
        ("SELECT 1;\nSELECT E'\\'', 'x'; COMMIT; SELECT 'y';", 2, "write the quote twice"),
        ("SELECT E'a\\';b';", 1, "write the quote twice"),
        ("-- x\n\\connect other\nSELECT 1;", 2, "order to psql"),
        ("\u{feff}SELECT 1;\nCREATE TABLE a ();", 1, "byte order mark"),
        ("SELECT 1;\nCRATE TABLE a ();", 2, "no SQL that we understand"),
    ] {
        let found = refused(sql);
        assert_eq!(found.len(), 1, "{sql}: {found:?}");
        assert!(found[0].0 == line && found[0].1.contains(word), "{sql}: {found:?}");
    }
}

#[test]
fn what_is_nested_too_deep_for_the_parser_is_refused_and_not_read() {
    let deep = format!("SELECT 1;\nSELECT {}1{};", "(".repeat(5000), ")".repeat(5000));
    let found = refused(&deep);
    assert!(found.len() == 1 && found[0].0 == 2 && found[0].1.contains("nested"), "{found:?}");
    let (open, close) = ("(".repeat(99), ")".repeat(99));
    assert_eq!(refused(&format!("SELECT {open}1{close};")), []);
    // In a block of code its words are found all the same.
    let code = format!("DO $$ BEGIN x := {}1; DROP TABLE a; END $$;", "(".repeat(5000));
    assert_eq!(destroyed(&code), ["1_x:1"]);
}

#[test]
fn what_only_looks_like_it_is_not_refused() {
    for sql in [
        "-- COMMIT;\nSELECT 'BEGIN; COMMIT';",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;",
        "SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE a;",
        "SET LOCAL search_path TO other;",
        "SET LOCAL statement_timeout = '10min';",
        "SET client_min_messages TO warning;",
        "SELECT set_config('app.user', 'x', true);",
        "COPY a FROM '/tmp/a';",
        "",
        "-- nothing\n",
    ] {
        assert_eq!(refused(sql), [], "{sql}");
    }
}

#[test]
fn what_no_transaction_holds_must_be_alone() {
    let alone = one("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON other.meals (eaten_on);");
    let found = alone.effects.alone.unwrap();
    assert_eq!(found.what, "CREATE UNIQUE INDEX CONCURRENTLY");
    assert_eq!(found.index, Some(Name { schema: Some("other".into()), name: "i".into() }));
    for sql in [
        "DROP INDEX CONCURRENTLY i;",
        "REINDEX TABLE CONCURRENTLY meals;",
        "REINDEX (CONCURRENTLY) INDEX i;",
        "VACUUM FULL meals;",
        "ALTER SYSTEM SET work_mem = '1GB';",
        "CREATE DATABASE x;",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY;",
    ] {
        assert!(one(sql).effects.alone.is_some(), "{sql}");
        let two = refused(&format!("SELECT 1;\n{sql}"));
        assert!(two.len() == 1 && two[0].0 == 2 && two[0].1.contains("only statement"), "{two:?}");
    }
    for sql in ["CREATE INDEX i ON a (b);", "REFRESH MATERIALIZED VIEW CONCURRENTLY v;"] {
        assert!(one(sql).effects.alone.is_none(), "{sql}");
    }
}

#[test]
fn what_waits_without_blocking_is_told_from_what_blocks() {
    let blocks_nobody = |sql: &str| one(sql).effects.alone.unwrap().blocks_nobody();
    for sql in [
        "CREATE UNIQUE INDEX CONCURRENTLY i ON a (b);",
        "CREATE INDEX CONCURRENTLY ON a (b);",
        "DROP INDEX CONCURRENTLY i;",
        "REINDEX TABLE CONCURRENTLY a;",
    ] {
        assert!(blocks_nobody(sql), "{sql}");
    }
    for sql in ["VACUUM FULL a;", "ALTER TABLE t DETACH PARTITION p CONCURRENTLY;"] {
        assert!(!blocks_nobody(sql), "{sql}");
    }
}

#[test]
fn what_is_destroyed_is_named_as_a_person_consents_to_it() {
    for (sql, wanted) in [
        ("DROP TABLE IF EXISTS meals, other.foods;", vec!["meals", "other.foods"]),
        ("DROP TABLE meals CASCADE;", vec!["meals", "meals:cascade"]),
        ("DROP OWNED BY nutri_app CASCADE;", vec!["owned-by:nutri_app"]),
        ("ALTER TABLE \"public\".\"Me als\" DROP COLUMN \"Note\";", vec!["Me als.Note"]),
        ("ALTER TABLE meals DROP note, DROP COLUMN IF EXISTS x;", vec!["meals.note", "meals.x"]),
        ("TRUNCATE meals, foods;", vec!["meals:rows", "foods:rows"]),
        ("DELETE FROM meals;", vec!["meals:rows"]),
        ("DELETE FROM meals WHERE id = 1;", vec![]),
        ("DROP TYPE mood;", vec!["type:mood"]),
        ("DROP SCHEMA old CASCADE;", vec!["schema:old", "schema:old:cascade"]),
        ("DROP INDEX i;", vec![]),
        ("DROP VIEW v;", vec![]),
        ("ALTER TABLE meals DROP CONSTRAINT c;", vec![]),
        ("\nDO $$ BEGIN DROP TABLE meals; END $$;", vec!["1_x:2"]),
        ("DO $$ BEGIN PERFORM 1; END $$;", vec![]),
        ("DO $$ BEGIN TRUNCATE meals; END $$;", vec!["1_x:1"]),
        ("DO $$ BEGIN UPDATE meals SET note = ''; END $$;", vec!["1_x:1"]),
        ("DO $$ BEGIN UPDATE meals SET note = '' WHERE id = 1; END $$;", vec![]),
        (
            "DO $$ BEGIN INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET c = 1; END $$;",
            vec![],
        ),
        ("WITH x AS (DELETE FROM meals RETURNING *) SELECT * FROM x;", vec!["meals:rows"]),
        ("WITH x AS (SELECT 1 WHERE true) DELETE FROM meals;", vec!["meals:rows"]),
        ("WITH x AS (DELETE FROM meals WHERE id = 1 RETURNING *) SELECT 1;", vec![]),
        ("WITH x AS (SELECT 1) SELECT * FROM meals FOR UPDATE;", vec![]),
        ("INSERT INTO old WITH x AS (DELETE FROM meals RETURNING *) TABLE x;", vec!["meals:rows"]),
        (
            "CREATE TABLE old AS WITH x AS (DELETE FROM meals RETURNING *) SELECT * FROM x;",
            vec!["meals:rows"],
        ),
        ("CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM meals);", vec![]),
        ("EXPLAIN ANALYZE DELETE FROM meals;", vec!["meals:rows"]),
        ("EXPLAIN DELETE FROM meals;", vec![]),
        ("DELETE FROM meals WHERE true;", vec!["meals:rows"]),
        ("DELETE FROM meals WHERE (true) AND 2 = 2;", vec!["meals:rows"]),
        ("DELETE FROM meals WHERE id = id;", vec!["meals:rows"]),
        ("DELETE FROM meals WHERE true AND id = 1;", vec![]),
        ("DELETE FROM meals WHERE a = b;", vec![]),
        ("DELETE FROM meals WHERE state = 'state';", vec![]),
        ("DELETE FROM meals USING (SELECT 1 AS a WHERE true) x;", vec!["meals:rows"]),
        ("UPDATE meals SET note = NULL;", vec!["meals.note"]),
        (
            "UPDATE meals m SET (a, b) = (1, 2), c = 3 FROM x, y;",
            vec!["meals.a", "meals.b", "meals.c"],
        ),
        ("UPDATE meals SET note = (SELECT 'x' WHERE true);", vec!["meals.note"]),
        ("UPDATE meals SET note = '' WHERE note IS NULL;", vec![]),
        (
            "MERGE INTO meals USING x ON meals.id = x.id WHEN MATCHED THEN DELETE;",
            vec!["meals:rows"],
        ),
        ("MERGE INTO meals USING x ON meals.id = x.id WHEN MATCHED THEN DO NOTHING;", vec![]),
    ] {
        assert_eq!(destroyed(sql), wanted, "{sql}");
    }
}

#[test]
fn another_type_destroys_where_it_may_not_hold_a_value() {
    for (sql, wanted) in [
        ("ALTER TABLE meals ALTER note TYPE char(1) USING left(note, 1);", vec!["meals.note"]),
        ("ALTER TABLE meals ALTER COLUMN kcal SET DATA TYPE integer;", vec!["meals.kcal"]),
        ("ALTER TABLE meals ALTER kcal TYPE numeric(5, 1);", vec!["meals.kcal"]),
        ("ALTER TABLE meals ALTER note TYPE text, ALTER a TYPE varchar;", vec![]),
        // Of which type a column is, no file tells.
        ("ALTER TABLE meals ALTER id TYPE bigint;", vec!["meals.id"]),
        ("ALTER TABLE meals ALTER a SET DATA TYPE timestamptz(3);", vec!["meals.a"]),
        ("ALTER TABLE meals ALTER a TYPE double precision;", vec!["meals.a"]),
        ("ALTER TABLE meals ALTER a TYPE pg_catalog.int8[];", vec!["meals.a"]),
        ("DO $$ BEGIN ALTER TABLE meals ALTER a TYPE time(0); END $$;", vec!["1_x:1"]),
        ("DO $$ BEGIN ALTER TABLE meals ALTER a TYPE text; END $$;", vec![]),
        ("ALTER TYPE address DROP ATTRIBUTE street;", vec!["type:address"]),
        ("ALTER TYPE address ALTER ATTRIBUTE a TYPE date CASCADE;", vec!["type:address"]),
        ("ALTER TYPE address ALTER ATTRIBUTE a SET DATA TYPE text CASCADE;", vec![]),
    ] {
        assert_eq!(destroyed(sql), wanted, "{sql}");
    }
}

/// As a person consents to it, in the file `1_x`.
fn destroyed(sql: &str) -> Vec<String> {
    one(sql).effects.destroys.iter().map(|it| it.consent("1_x")).collect()
}

#[test]
fn what_an_older_release_may_not_survive_is_told() {
    let breaks = |sql: &str| one(sql).effects.breaks;
    for sql in [
        "DROP TABLE meals;",
        "ALTER TABLE meals DROP COLUMN note;",
        "ALTER TABLE meals RENAME TO dinners;",
        "ALTER TABLE meals RENAME COLUMN a TO b;",
        "ALTER TABLE meals RENAME a TO b;",
        "ALTER TABLE meals ALTER COLUMN a TYPE bigint;",
        "ALTER TABLE meals ALTER a SET NOT NULL;",
        "ALTER TABLE meals ADD COLUMN a int NOT NULL;",
        "ALTER TABLE meals SET SCHEMA other;",
        "ALTER TYPE mood RENAME VALUE 'a' TO 'b';",
        "ALTER VIEW v RENAME TO w;",
        "DROP FUNCTION f();",
        "TRUNCATE meals;",
    ] {
        assert_eq!(breaks(sql).len(), 1, "{sql}");
    }
    for sql in [
        "ALTER TABLE meals ADD COLUMN a int;",
        "ALTER TABLE meals ADD COLUMN a int NOT NULL DEFAULT 0;",
        "ALTER TABLE meals ALTER COLUMN a DROP NOT NULL;",
        "CREATE TABLE a ();",
        "CREATE INDEX i ON meals (a);",
        "ALTER TYPE mood ADD VALUE 'x';",
        "GRANT SELECT ON meals TO app;",
        "GRANT SELECT ON meals TO app WITH GRANT OPTION;",
        "DO $$ BEGIN GRANT SELECT ON meals TO app; END $$;",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app;",
    ] {
        assert_eq!(breaks(sql), [""; 0], "{sql}");
    }
}

#[test]
fn locks_and_work_are_those_of_the_strongest_action() {
    use LockMode::*;
    use Work::*;
    for (sql, wanted) in [
        ("ALTER TABLE meals ADD COLUMN a int;", (AccessExclusive, Catalogue)),
        ("ALTER TABLE meals ADD COLUMN a int DEFAULT 1;", (AccessExclusive, Catalogue)),
        ("ALTER TABLE meals ADD a timestamptz DEFAULT now();", (AccessExclusive, Catalogue)),
        ("ALTER TABLE meals ADD a uuid DEFAULT gen_random_uuid();", (AccessExclusive, Rewrite)),
        ("ALTER TABLE meals ADD a bigserial;", (AccessExclusive, Rewrite)),
        ("ALTER TABLE meals ALTER a TYPE text;", (AccessExclusive, Rewrite)),
        ("ALTER TABLE meals ALTER a SET NOT NULL;", (AccessExclusive, Scan)),
        ("ALTER TABLE meals ADD CONSTRAINT c CHECK (a > 0);", (AccessExclusive, Scan)),
        (
            "ALTER TABLE meals ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
            (AccessExclusive, Catalogue),
        ),
        ("ALTER TABLE meals VALIDATE CONSTRAINT c;", (ShareUpdateExclusive, Scan)),
        ("CREATE INDEX i ON meals (a);", (Share, Scan)),
        ("CREATE INDEX CONCURRENTLY i ON meals (a);", (ShareUpdateExclusive, Scan)),
        ("UPDATE meals SET a = 1;", (RowExclusive, Scan)),
        ("LOCK TABLE meals IN SHARE ROW EXCLUSIVE MODE;", (ShareRowExclusive, Catalogue)),
    ] {
        let locks = one(sql).effects.locks;
        let found: Vec<(String, (LockMode, Work))> =
            locks.iter().map(|it| (it.on.to_string(), (it.mode, it.work))).collect();
        assert_eq!(found, [("meals".to_owned(), wanted)], "{sql}");
    }
    let both = one("ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (e);");
    let names: Vec<String> = both.effects.locks.iter().map(|it| it.on.to_string()).collect();
    assert_eq!(names, ["a", "d"]);
}

#[test]
fn every_mode_is_known_by_the_name_of_the_catalogue() {
    assert_eq!(LockMode::of_catalogue("AccessExclusiveLock"), Some(LockMode::AccessExclusive));
    assert_eq!(
        LockMode::of_catalogue("ShareUpdateExclusiveLock"),
        Some(LockMode::ShareUpdateExclusive)
    );
    assert_eq!(LockMode::of_catalogue("SIReadLock"), None);
}

#[test]
fn what_is_of_the_whole_server_is_told_wherever_it_stands() {
    let reaches = |sql: &str| -> Vec<(String, Option<String>)> {
        one(sql).reaches.into_iter().map(|it| (it.what, it.role)).collect()
    };
    for (sql, wanted) in [
        ("ALTER ROLE app PASSWORD 'x';", "ALTER ROLE"),
        ("CREATE ROLE app IN ROLE admin;", "CREATE ROLE"),
        ("DROP USER app;", "DROP USER"),
        ("ALTER SYSTEM SET work_mem = '1GB';", "ALTER SYSTEM"),
        ("CREATE DATABASE x;", "CREATE DATABASE"),
        ("DROP DATABASE nutri;", "DROP DATABASE"),
        ("ALTER DATABASE nutri SET work_mem = '1GB';", "ALTER DATABASE"),
        ("CREATE TABLESPACE t LOCATION '/t';", "CREATE TABLESPACE"),
        ("GRANT admin TO app;", "GRANT of a role"),
        ("DO $$ BEGIN GRANT admin TO app; END $$;", "GRANT of a role"),
        ("DO $$ BEGIN IF true THEN REVOKE admin FROM app; END IF; END $$;", "REVOKE of a role"),
        ("SELECT \"pg_terminate_backend\"(1);", "pg_terminate_backend"),
        ("CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw;", "CREATE SERVER"),
        ("CREATE FOREIGN TABLE meals (id int) SERVER other;", "CREATE FOREIGN"),
        ("GRANT CONNECT ON DATABASE nutri TO app;", "ON DATABASE"),
        ("REASSIGN OWNED BY ann TO bob;", "REASSIGN OWNED"),
        ("COPY meals TO '/tmp/meals';", "COPY TO a file or a program"),
        ("SELECT pg_terminate_backend(1);", "pg_terminate_backend"),
        ("DO $$ BEGIN ALTER ROLE app LOGIN; END $$;", "ALTER ROLE"),
        ("DO $$ BEGIN EXECUTE 'ALTER ' || 'ROLE app LOGIN; DROP ROLE x'; END $$;", "DROP ROLE"),
        ("DO $$ BEGIN EXECUTE format('DROP DATABASE %I', 'x'); END $$;", "DROP DATABASE"),
    ] {
        assert_eq!(reaches(sql), [(wanted.to_owned(), None)], "{sql}");
    }
    // Where the role is there, these do nothing.
    for sql in [
        "CREATE ROLE app NOLOGIN;",
        "DO $$ BEGIN IF true THEN CREATE ROLE \"app\" NOLOGIN; END IF;
            RAISE NOTICE 'x' USING HINT = 'ALTER ROLE app LOGIN'; END $$;",
    ] {
        assert_eq!(reaches(sql), [("CREATE ROLE".to_owned(), Some("app".to_owned()))], "{sql}");
    }
    for sql in [
        "GRANT SELECT ON meals TO app;",
        "CREATE USER MAPPING FOR app SERVER s;",
        "CREATE TABLE role (\"user\" int);",
        "SELECT 'DROP DATABASE x';",
        "DO $$ BEGIN DELETE FROM meals; END $$;",
    ] {
        assert_eq!(reaches(sql), [], "{sql}");
    }
}
