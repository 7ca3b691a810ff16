//! A plan for a pull request: without a database, by the commit where the branch began.

use crate::world::World;
use std::process::Command;

const FOLDER: &str = "services/backend/prisma/migrations";

fn git(world: &World, words: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let done = Command::new("git").args(identity).args(words).current_dir(world.path("")).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn commit(world: &World) {
    git(world, &["add", "--all"]);
    git(world, &["commit", "-qm", "x"]);
}

fn migration(world: &World, name: &str, sql: &str) {
    world.write(&format!("{FOLDER}/{name}/migration.sql"), sql);
}

fn begun() -> World {
    let world = World::new();
    world.init();
    migration(&world, "20260101000000_one", "CREATE TABLE meals (id int, note text);\n");
    world.write(
        "services/backend/prisma/statistics.json",
        "{\"environment\": \"production\", \"taken_at\": \"2026-11-20T08:00:00Z\", \
         \"tables\": {\"public.meals\": {\"rows\": 2000000, \"bytes\": 900000000}}}\n",
    );
    commit(&world);
    git(&world, &["branch", "base"]);
    world
}

#[test]
fn what_is_new_is_weighed_by_the_committed_sizes_and_told_on_the_page() {
    let world = begun();
    migration(&world, "20260102000000_two", "ALTER TABLE meals DROP COLUMN note;\n");
    let page = world.path("page.md");
    let run = world.run_with(
        &["migrate", "plan", "--since", "base", "--json"],
        &[("GITHUB_STEP_SUMMARY", page.to_str().unwrap())],
    );
    assert_eq!(run.code, Some(0), "consent is given when it is applied: {run:?}");
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(value["plan"]["pending"][0], "20260102000000_two");
    let file = &value["files"][0];
    assert_eq!(
        (&file["destroys"][0], &file["mark"]["kind"]),
        (&"meals.note".into(), &"unmarked".into())
    );
    let lock = &file["statements"][0]["locks"][0];
    assert_eq!((&lock["mode"], &lock["scale"]), (&"access-exclusive".into(), &"large".into()));
    let page = std::fs::read_to_string(page).unwrap();
    for words in ["## Migrations since base", "**destroys** `meals.note`", "about 2000000 rows"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    commit(&world);
    let again = world.run(&["migrate", "plan", "--since", "base"]);
    assert!(again.stdout.contains("1 migration pending"), "committed or not: {again:?}");
}

#[test]
fn what_would_block_people_is_refused_where_it_is_reviewed() {
    let world = begun();
    migration(&world, "20260102000000_two", "CREATE INDEX i ON meals (note);\n");
    let run = world.run(&["migrate", "plan", "--since", "base"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stdout.contains("require-concurrent-index-creation"), "{run:?}");
    migration(&world, "20260102000000_two", "CREATE INDEX CONCURRENTLY i ON meals (note);\n");
    assert_eq!(world.run(&["migrate", "plan", "--since", "base"]).code, Some(0));
}

#[test]
fn what_stands_at_the_base_must_not_change() {
    let world = begun();
    migration(&world, "20260101000000_one", "CREATE TABLE meals (id bigint);\n");
    let said = world.run(&["migrate", "plan", "--since", "base"]).ends(4);
    assert!(said.contains("`20260101000000_one` was edited after it was applied"), "{said}");
    migration(&world, "20260101000000_one", "CREATE TABLE meals (id int, note text);\n");
    migration(&world, "20251231000000_before", "SELECT 1;\n");
    let said = world.run(&["migrate", "plan", "--since", "base"]).ends(4);
    assert!(said.contains("comes before the last applied one"), "{said}");
    let said = world.run(&["migrate", "plan", "--since", "nowhere"]).ends(2);
    assert!(said.contains("no branch, tag or commit here has that name"), "{said}");
    let said = world.run(&["migrate", "plan"]).ends(2);
    assert!(said.contains("<ENVIRONMENT>"), "{said}");
}

#[test]
fn folders_that_nobody_of_us_can_apply_are_refused_with_what_to_do() {
    let world = begun();
    world.write(&format!("{FOLDER}/app/20260101T0000_init/ops.json"), "[]");
    let said = world.run(&["migrate", "plan", "--since", "base"]).ends(4);
    assert!(said.contains("Prisma 8") && said.contains("stay on Prisma 7"), "{said}");
    let world = begun();
    world.write(&format!("{FOLDER}/migration_lock.toml"), "provider = \"mysql\"\n");
    let said = world.run(&["migrate", "plan", "--since", "base"]).ends(4);
    assert!(said.contains("for `mysql`, and this is Postgres"), "{said}");
    let world = begun();
    let file = world.path(&format!("{FOLDER}/20260101000000_one/migration.sql"));
    std::fs::write(file, [b'S', 0xff, b'\n']).unwrap();
    let said = world.run(&["migrate", "plan", "--since", "base"]);
    assert!(said.code.is_some_and(|code| code != 0 && code != 1), "{said:?}");
    world.write("services/backend/prisma/statistics.json", "{}");
}
