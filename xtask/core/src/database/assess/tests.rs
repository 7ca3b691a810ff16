//! What is refused where, and what a mark is worth.

use super::super::reach::{Part, Reach};
use super::super::sql::{Name, Tie};
use super::super::statistics::Statistics;
use super::*;

fn statistics() -> Statistics {
    let size = |rows| Size { rows, bytes: 1 };
    Statistics {
        environment: "production".into(),
        taken_at: "2026-11-27T08:00:00Z".into(),
        tables: [("public.meals".into(), size(2_000_000)), ("public.foods".into(), size(20))]
            .into(),
    }
}

fn assessed(files: &[(&str, &str)]) -> Vec<Assessed> {
    let files: Vec<MigrationFile> =
        files.iter().map(|(name, sql)| MigrationFile::new(*name, *sql)).collect();
    let files: Vec<&MigrationFile> = files.iter().collect();
    assess(&files, Tables::new(Some(&statistics()), "public"))
}

fn one(sql: &str) -> Assessed {
    assessed(&[("20260101000000_a", sql)]).remove(0)
}

/// Consent where the checkout holds these files.
fn consent(objects: &[&str], files: &[&str]) -> Consent {
    let file = |sql: &&str| MigrationFile::new("20260101000000_a", *sql);
    let files: Vec<MigrationFile> = files.iter().map(file).collect();
    Consent::new(objects.iter().map(|it| (*it).to_owned()), &files)
}

fn destroyed(sql: &str) -> Vec<String> {
    one(sql).destroys
}

#[test]
fn risk_is_of_the_lock_the_work_and_the_size() {
    for (sql, wanted) in [
        ("ALTER TABLE meals ADD a int;", Risk::Low),
        ("ALTER TABLE meals ALTER a TYPE text;", Risk::High),
        ("ALTER TABLE foods ALTER a TYPE text;", Risk::Low),
        ("ALTER TABLE unknown ALTER a TYPE text;", Risk::Unknown),
        ("CREATE INDEX i ON meals (a);", Risk::Medium),
        ("CREATE INDEX CONCURRENTLY i ON meals (a);", Risk::Low),
        ("UPDATE meals SET a = 1;", Risk::None),
        ("CREATE TABLE t ();", Risk::None),
        ("DO $$ BEGIN PERFORM 1; END $$;", Risk::Unknown),
    ] {
        assert_eq!(one(sql).statements[0].risk, wanted, "{sql}");
    }
}

#[test]
fn a_table_that_the_plan_makes_is_nobodys_yet() {
    let files = assessed(&[
        ("20260101000000_a", "CREATE TABLE t (a int);"),
        ("20260102000000_b", "CREATE INDEX i ON t (a); ALTER TABLE t DROP COLUMN a;"),
    ]);
    assert_eq!(files[1].statements[0].risk, Risk::None);
    assert_eq!(files[1].destroys, [""; 0]);
    assert_eq!(refusals(&files, Users::Somebody, &Consent::default()), [""; 0]);
}

#[test]
fn what_may_have_been_there_before_is_not_taken_for_new() {
    let made = "CREATE TABLE IF NOT EXISTS";
    assert_eq!(destroyed(&format!("{made} meals (); DROP TABLE meals;")), ["meals"]);
    assert_eq!(destroyed(&format!("{made} t (); DROP TABLE t;")), [""; 0], "the sizes say so");
    let file = MigrationFile::new("20260101000000_a", format!("{made} t (); DROP TABLE t;"));
    assert_eq!(assess(&[&file], Tables::new(None, "public"))[0].destroys, ["t"], "no sizes do");
    for (sql, wanted) in [
        ("CREATE TABLE t (); DROP TABLE t;", vec![]),
        ("CREATE TABLE t (); ALTER TABLE t RENAME TO u; DROP TABLE u;", vec![]),
        (
            "CREATE TABLE t (); ALTER TABLE t RENAME TO u; ALTER TABLE meals RENAME TO t; \
             DROP TABLE t;",
            vec!["t"],
        ),
        ("CREATE TEMP TABLE meals (); DROP TABLE public.meals;", vec!["meals"]),
        ("CREATE TEMP TABLE t (); DROP TABLE t;", vec![]),
        ("ALTER TABLE meals ADD a int; UPDATE meals SET a = 1;", vec![]),
        ("ALTER TABLE meals ADD IF NOT EXISTS a int; UPDATE meals SET a = 1;", vec!["meals.a"]),
        (
            "ALTER TABLE meals ADD a int; ALTER TABLE meals RENAME a TO b; \
             ALTER TABLE meals RENAME note TO a; ALTER TABLE meals DROP a;",
            vec!["meals.a"],
        ),
    ] {
        assert_eq!(destroyed(sql), wanted, "{sql}");
    }
}

#[test]
fn what_goes_along_is_named_too() {
    for (sql, wanted) in [
        // A part of what the plan made was there before.
        (
            "CREATE TABLE b (i int) PARTITION BY RANGE (i); ALTER TABLE b ATTACH PARTITION meals \
             FOR VALUES FROM (1) TO (9); DROP TABLE b;",
            vec!["meals"],
        ),
        (
            "CREATE TABLE b (i int); ALTER TABLE meals INHERIT b; DROP TABLE b CASCADE;",
            vec!["b:cascade", "meals"],
        ),
        (
            "CREATE TABLE b (i int); ALTER TABLE meals INHERIT b; \
             ALTER TABLE meals NO INHERIT b; DROP TABLE b CASCADE;",
            vec![],
        ),
        // A temporary table stands before the other one until it is dropped.
        (
            "CREATE TEMP TABLE meals (i int); DROP TABLE meals; DROP TABLE meals CASCADE;",
            vec!["meals", "meals:cascade"],
        ),
        (
            "CREATE TEMP TABLE meals (); ALTER TABLE meals RENAME TO t; DROP TABLE meals;",
            vec!["meals"],
        ),
        ("CREATE TEMP TABLE meals (); DO $$ BEGIN END $$; DROP TABLE meals;", vec!["meals"]),
        (
            "SAVEPOINT s; CREATE TEMP TABLE meals (); ROLLBACK TO s; DROP TABLE meals;",
            vec!["meals"],
        ),
        ("TRUNCATE meals CASCADE;", vec!["meals:rows", "meals:rows:cascade"]),
        (
            "DROP FUNCTION f(int), other.g CASCADE;",
            vec!["function:f:cascade", "function:other.g:cascade"],
        ),
        ("ALTER TABLE meals DROP a CASCADE;", vec!["meals.a", "meals.a:cascade"]),
        ("CREATE TABLE t (); DROP TABLE t CASCADE;", vec![]),
    ] {
        assert_eq!(destroyed(sql), wanted, "{sql}");
    }
    let files = assessed(&[
        ("20260101000000_a", "CREATE TEMP TABLE meals ();"),
        ("20260102000000_b", "DROP TABLE meals;"),
    ]);
    assert_eq!(files[1].destroys, ["meals"], "each file may be run by itself");
}

/// A database where `copies` inherits from `meals`, `likes` points at it, and a generated column of
/// `foods` and a view with a materialized one hang on functions.
fn known() -> Reach {
    let name = |name: &str| Name { schema: Some("public".to_owned()), name: name.to_owned() };
    let part = |kind: &str, called: &str, column: Option<&str>| Part {
        kind: kind.to_owned(),
        name: name(called),
        column: column.map(ToOwned::to_owned),
    };
    let tie = |kind, child, parent| Tie { kind, child: name(child), parent: name(parent) };
    Reach::new(
        [
            [part("table", "meals", None), part("table", "copies", None)],
            [part("function", "f", None), part("part", "1/2", None)],
            [part("part", "1/2", None), part("table", "foods", Some("c"))],
            [part("table", "meals", Some("id")), part("view", "v", None)],
            [part("view", "v", None), part("materialized-view", "m", None)],
            [part("table", "meals", None), part("partition", "meals_1", None)],
        ],
        vec![
            tie(TieKind::Inherits, "copies", "meals"),
            tie(TieKind::References, "likes", "copies"),
            tie(TieKind::References, "marks", "likes"),
            tie(TieKind::References, "notes", "users"),
            tie(TieKind::Deletes, "notes", "users"),
            tie(TieKind::Deletes, "tags", "notes"),
        ],
    )
}

/// A name that is given away in a file means another table behind that.
#[test]
fn what_is_renamed_weighs_as_what_it_was_when_it_was_renamed() {
    let blocks = |sql: &str| {
        let file = MigrationFile::new("20260101000000_a", sql);
        let statistics = statistics();
        let found = assess(&[&file], Tables::new(Some(&statistics), "public")).remove(0).lints;
        let heavy = found.into_iter().filter(|it| it.weight == Weight::Blocks);
        heavy.map(|it| it.rule).collect::<Vec<_>>()
    };
    for (sql, wanted) in [
        ("ALTER TABLE meals RENAME TO old; CREATE TABLE meals (a int);", vec!["renaming-table"]),
        (
            "ALTER TABLE meals RENAME COLUMN a TO b; CREATE TEMP TABLE meals (a int);",
            vec!["renaming-column"],
        ),
        ("CREATE TABLE made (a int); ALTER TABLE made RENAME TO other;", vec![]),
    ] {
        assert_eq!(blocks(sql), wanted, "{sql}");
    }
}

#[test]
fn a_database_tells_what_a_cascade_takes_along() {
    let destroyed = |sql: &str| {
        let file = MigrationFile::new("20260101000000_a", sql);
        let statistics = statistics();
        let tables = Tables::new(Some(&statistics), "public").with_reach(known());
        assess(&[&file], tables).remove(0).destroys
    };
    for (sql, wanted) in [
        ("DROP TABLE meals;", vec!["meals"]),
        ("DROP TABLE meals CASCADE;", vec!["copies", "materialized-view:m", "meals"]),
        (
            "ALTER TABLE meals DROP id CASCADE;",
            vec!["copies.id", "materialized-view:m", "meals.id"],
        ),
        ("DROP FUNCTION f CASCADE;", vec!["foods.c"]),
        ("DROP FUNCTION public.f(int) CASCADE;", vec!["foods.c"]),
        ("DROP VIEW v CASCADE;", vec!["materialized-view:m"]),
        ("DELETE FROM users;", vec!["notes:rows", "tags:rows", "users:rows"]),
        ("DELETE FROM likes;", vec!["likes:rows"]),
        (
            "ALTER TABLE foods ADD FOREIGN KEY (a) REFERENCES tags (a) ON DELETE CASCADE; \
             DELETE FROM tags;",
            vec!["foods:rows", "tags:rows"],
        ),
        ("TRUNCATE likes;", vec!["likes:rows"]),
        ("TRUNCATE likes CASCADE;", vec!["likes:rows", "marks:rows"]),
        ("TRUNCATE meals;", vec!["copies:rows", "meals:rows"]),
        ("TRUNCATE meals CASCADE;", vec!["copies:rows", "likes:rows", "marks:rows", "meals:rows"]),
        (
            "ALTER TABLE copies NO INHERIT meals; DROP TABLE meals CASCADE;",
            vec!["materialized-view:m", "meals"],
        ),
        (
            "ALTER TABLE meals RENAME TO x; DROP TABLE x CASCADE;",
            vec!["copies", "materialized-view:m", "x"],
        ),
        (
            "ALTER TABLE foods ADD FOREIGN KEY (a) REFERENCES marks (a); TRUNCATE marks CASCADE;",
            vec!["foods:rows", "marks:rows"],
        ),
        ("DROP TABLE IF EXISTS other CASCADE;", vec!["other"]),
        ("DO $$ BEGIN END $$; DROP TABLE foods CASCADE;", vec!["foods", "foods:cascade"]),
    ] {
        assert_eq!(destroyed(sql), wanted, "{sql}");
    }
}

#[test]
fn consent_to_a_cascade_is_consent_to_what_it_is_said_of() {
    let sql = "TRUNCATE meals CASCADE;";
    let files = [one(sql)];
    let refused = |objects: &[&str]| refusals(&files, Users::Somebody, &consent(objects, &[sql]));
    let lines = refused(&["meals:rows"]);
    assert!(lines.len() == 1 && lines[0].contains("`--drop meals:rows:cascade`"), "{lines:?}");
    assert_eq!(refused(&["meals:rows", "meals:rows:cascade"]), [""; 0]);
    // What a file took along that is applied by now stands in no file.
    let again = consent(&["meals:rows", "likes:rows"], &[sql]);
    assert_eq!(refusals(&[], Users::Somebody, &again), [""; 0]);
}

#[test]
fn where_the_type_of_a_column_is_known_only_what_it_may_lose_wants_consent() {
    let types = [["id", "integer"], ["kcal", "numeric(6,2)"], ["at", "timestamp with time zone"]];
    let types = types.map(|[column, kind]| ["public.meals", column, kind].map(ToOwned::to_owned));
    let destroyed = |sql: &str| {
        let file = MigrationFile::new("20260101000000_a", sql);
        let statistics = statistics();
        let tables = Tables::new(Some(&statistics), "public").with_types(types.clone());
        assess(&[&file], tables).remove(0).destroys
    };
    let bigint = "ALTER TABLE meals ALTER id TYPE bigint;";
    for (sql, wanted) in [
        (bigint.to_owned(), vec![]),
        (
            "ALTER TABLE meals ALTER kcal TYPE numeric(8, 2), ALTER at TYPE timestamptz(6);".into(),
            vec![],
        ),
        ("ALTER TABLE meals ALTER kcal TYPE bigint;".into(), vec!["meals.kcal"]),
        ("ALTER TABLE public.meals ALTER at TYPE timestamptz(0);".into(), vec!["meals.at"]),
        ("ALTER TABLE other.meals ALTER id TYPE bigint;".into(), vec!["other.meals.id"]),
        ("ALTER TABLE meals ALTER id TYPE bigint USING id / 2;".into(), vec!["meals.id"]),
        // What the plan changes is not what the database told.
        (format!("ALTER TABLE meals ALTER id TYPE text; {bigint}"), vec!["meals.id"]),
        (format!("ALTER TABLE meals RENAME kcal TO id; {bigint}"), vec!["meals.id"]),
        (format!("ALTER TABLE foods RENAME TO meals; {bigint}"), vec!["meals.id"]),
        (format!("DO $$ BEGIN PERFORM 1; END $$; {bigint}"), vec!["meals.id"]),
    ] {
        assert_eq!(destroyed(&sql), wanted, "{sql}");
    }
}

#[test]
fn each_destroyed_object_wants_its_own_consent_where_people_are() {
    let sql = "ALTER TABLE meals DROP COLUMN note; DROP TABLE foods;";
    let files = [one(sql)];
    let refused = |objects: &[&str]| refusals(&files, Users::Somebody, &consent(objects, &[sql]));
    assert_eq!(refused(&[]).len(), 2);
    let lines = refused(&["meals.note"]);
    assert!(lines.len() == 1 && lines[0].contains("`--drop foods`"), "{lines:?}");
    assert_eq!(refused(&["foods", "meals.note"]), [""; 0]);
    let lines = refused(&["foods", "meals.note", "users"]);
    assert!(lines.len() == 1 && lines[0].contains("`--drop users`: no migration"), "{lines:?}");
    // A run that was killed behind this migration is repeated as it was.
    let again = consent(&["foods", "meals.note"], &[sql]);
    assert_eq!(refusals(&[], Users::Somebody, &again), [""; 0]);
    assert_eq!(refusals(&files, Users::Nobody, &Consent::default()), [""; 0]);
}

#[test]
fn a_call_of_a_function_that_destroys_wants_consent_and_making_it_does_not() {
    let made = "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS $$ DELETE FROM users $$;";
    let lines = |sql: &str| refusals(&[one(sql)], Users::Somebody, &Consent::default());
    assert_eq!(lines(made), [""; 0]);
    for call in ["SELECT wipe();", "DO $$ BEGIN PERFORM public.wipe(); END $$;", "CALL wipe();"] {
        let lines = lines(&format!("{made}\n{call}"));
        assert!(lines.len() == 1 && lines[0].contains("`--drop 20260101000000_a:2`"), "{lines:?}");
    }
    let harmless =
        "CREATE FUNCTION sum() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; SELECT sum();";
    assert_eq!(lines(harmless), [""; 0]);
}

/// Which table a name means behind a `SET LOCAL search_path` nobody can tell without the database.
#[test]
fn a_table_that_was_made_elsewhere_does_not_stand_for_one_that_is_there() {
    let begin = "CREATE SCHEMA scratch; SET LOCAL search_path TO scratch;";
    for sql in [
        format!("{begin} CREATE TABLE meals (id int); SET LOCAL search_path TO public; DROP TABLE meals;"),
        "CREATE TABLE meals (id int); SELECT set_config('search_path', 'app', true); DROP TABLE meals;".to_owned(),
        "CREATE TABLE meals (id int); SET LOCAL SCHEMA 'app'; ALTER TABLE meals DROP id;".to_owned(),
    ] {
        let lines = refusals(&[one(&sql)], Users::Somebody, &Consent::default());
        assert!(lines.len() == 1 && lines[0].contains("`--drop meals"), "{sql}: {lines:?}");
    }
    // Nothing that is done there stands for what is named in full.
    for sql in [
        format!("{begin} ALTER TABLE meals ADD note text; ALTER TABLE public.meals DROP note;"),
        format!(
            "CREATE TABLE public.fresh (id int); {begin} ALTER TABLE fresh RENAME TO meals; \
             DROP TABLE public.meals;"
        ),
    ] {
        let lines = refusals(&[one(&sql)], Users::Somebody, &Consent::default());
        assert!(lines.iter().any(|it| it.contains("`--drop meals")), "{sql}: {lines:?}");
    }
    let named = format!("{begin} CREATE TABLE scratch.meals (id int); DROP TABLE scratch.meals;");
    assert_eq!(refusals(&[one(&named)], Users::Somebody, &Consent::default()), [""; 0]);
}

#[test]
fn a_drop_or_a_rename_cannot_be_marked_safe() {
    let marked = |sql: &str| one(&format!("-- xtask:rollback-safe\n{sql}")).mark;
    assert_eq!(marked("ALTER TABLE meals ADD a int;"), Mark::Safe);
    assert_eq!(one("ALTER TABLE meals ADD a int;").mark, Mark::Unmarked);
    for sql in [
        "ALTER TABLE meals DROP a;",
        "ALTER TABLE meals RENAME TO x;",
        "DROP TABLE meals;",
        "DROP POLICY p ON meals;",
        "DROP TRIGGER t ON meals;",
        "DROP INDEX i;",
        "ALTER TABLE meals DROP CONSTRAINT c;",
        "ALTER TABLE meals RENAME CONSTRAINT c TO d;",
        "ALTER ROUTINE f RENAME TO g;",
        "ALTER EXTENSION e SET SCHEMA s;",
        "ALTER TABLE meals ALTER a ADD GENERATED ALWAYS AS IDENTITY;",
        "ALTER DOMAIN d SET NOT NULL;",
        "DO $$ BEGIN EXECUTE 'DROP TABLE meals'; END $$;",
    ] {
        let Mark::Wrong(why) = marked(sql) else { panic!("{sql} is safe?") };
        assert!(why.len() == 1 && why[0].starts_with("line 2: "), "{why:?}");
    }
    // In a text it is no comment.
    assert_eq!(one("COMMENT ON TABLE a IS '\n-- xtask:rollback-safe\n';").mark, Mark::Unmarked);
    let wrong = one("-- xtask:rollback-safe\nDROP TABLE meals;");
    let lines = refusals(&[wrong], Users::Nobody, &Consent::default());
    assert!(lines[0].contains("is marked `-- xtask:rollback-safe` and cannot be"), "{lines:?}");
}

#[test]
fn what_would_break_the_runner_is_refused_everywhere() {
    let files = [one("SELECT 1;\nCOMMIT;")];
    let lines = refusals(&files, Users::Nobody, &Consent::default());
    assert!(
        lines.len() == 1 && lines[0].contains("`20260101000000_a` line 2: `COMMIT`"),
        "{lines:?}"
    );
}

#[test]
fn a_plan_is_told_line_by_line() {
    let files = [one("ALTER TABLE meals ADD CONSTRAINT c CHECK (a > 0);\nDROP TABLE foods;\n")];
    insta::assert_snapshot!(lines(&files).join("\n"));
}

#[test]
fn a_summary_holds_no_mark_up_of_the_sql_itself() {
    let files = [one("-- ```\nCREATE TABLE \"a|<b>\" ();\nALTER TABLE \"a|<b>\" ADD c int;\n")];
    let refused = ["`x` is <b>refused</b>".to_owned()];
    insta::assert_snapshot!(summary("Migrations", &files, &refused, &["a note".to_owned()]));
}
