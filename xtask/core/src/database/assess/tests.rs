//! What is refused where, and what a mark is worth.

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
fn a_drop_or_a_rename_cannot_be_marked_safe() {
    let marked = |sql: &str| one(&format!("-- xtask:rollback-safe\n{sql}")).mark;
    assert_eq!(marked("ALTER TABLE meals ADD a int;"), Mark::Safe);
    assert_eq!(one("ALTER TABLE meals ADD a int;").mark, Mark::Unmarked);
    for sql in [
        "ALTER TABLE meals DROP a;",
        "ALTER TABLE meals RENAME TO x;",
        "DROP TABLE meals;",
        "DO $$ BEGIN EXECUTE 'DROP TABLE meals'; END $$;",
    ] {
        let Mark::Wrong(why) = marked(sql) else { panic!("{sql} is safe?") };
        assert!(why.len() == 1 && why[0].starts_with("line 2: "), "{why:?}");
    }
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
