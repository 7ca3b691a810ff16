//! Back-ups of a real Postgres by a real restic: taken, restored, broken, refused.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod bucket;
mod drill;
mod faults;
mod hindered;
mod needs;
mod state;
mod town;

use town::{Town, URL};
use xtask_fakes::required;

#[test]
fn a_backup_comes_back_whole_and_only_into_an_empty_database() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let said = town.run(&["backup", "list", "staging"]).ends(4);
    assert!(said.contains("there is none") && said.contains("--init"), "{said}");
    let taken = town.taken();
    assert_eq!(taken["manifest"]["facts"]["tables"]["public.meals"]["rows"], 1000);
    assert_eq!(taken["manifest"]["facts"]["migration_head"], "1_init");
    assert_eq!(town.snapshots(), 2, "a dump and a manifest");

    let list = town.run(&["backup", "list", "staging"]);
    assert!(list.stdout.contains("1_init") && list.stdout.contains("asked"), "{list:?}");
    assert_eq!(list.code, Some(0));
    let show = town.run(&["backup", "show", "staging"]);
    assert!(show.stdout.contains("public.meals") && show.stdout.contains("1000"), "{show:?}");

    let restore = |more: &[&str]| {
        let words = [&["backup", "restore", "staging", "--into", "env:COPY_URL"], more].concat();
        town.run(&words)
    };
    // The policy is for a role that the other cluster does not have.
    let said = restore(&[]).ends(3);
    assert_eq!(
        town.copy.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "0",
        "{said}"
    );
    let said = restore(&["--apply"]).ends(4);
    assert!(
        said.contains("missing: eater") && said.contains("CREATE ROLE \"eater\" NOLOGIN;"),
        "{said}"
    );
    let done = restore(&["--apply", "--make-roles"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(town.copy.ask("SELECT sum(id) FROM meals"), "500500");
    assert_eq!(town.copy.ask("SELECT count(*) FROM pg_policies"), "1");
    assert_eq!(town.copy.ask("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'eater'"), "f");
    let said = restore(&["--apply"]).ends(4);
    assert!(said.contains("it is not empty"), "{said}");
    assert!(!done.stderr.contains(town::PASSWORD), "{done:?}");
}

#[test]
fn the_database_that_it_came_from_is_named_twice() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    town.taken();
    let restore = |more: &[&str]| {
        let words =
            [&["backup", "restore", "staging", "--into", "staging", "--apply"], more].concat();
        town.run(&words)
    };
    let said = restore(&["--same-database", "staging"]).ends(4);
    assert!(said.contains("it is not empty"), "saying it twice makes nothing empty: {said}");
    town.source.ask("DROP TABLE meals, _prisma_migrations; DROP SCHEMA xtask CASCADE");
    let said = restore(&[]).ends(4);
    assert!(said.contains("that the back-up came from"), "{said}");
    let said = restore(&["--same-database", "production"]).ends(4);
    assert!(said.contains("that the back-up came from"), "{said}");
    assert_eq!(restore(&["--same-database", "staging"]).code, Some(0));
    assert_eq!(town.source.ask("SELECT count(*) FROM meals"), "1000");
    // Where it is another one, to say that it is the same is a mistake too.
    let said = town
        .run(&[
            "backup",
            "restore",
            "staging",
            "--into",
            "env:COPY_URL",
            "--same-database",
            "staging",
        ])
        .ends(4);
    assert!(said.contains("it is another database"), "{said}");
}

#[test]
fn rows_and_dump_are_of_one_moment_while_others_write() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                town.source.ask("INSERT INTO meals SELECT max(id) + 1, 'late' FROM meals");
            }
        });
        let taken = town.run(&["backup", "run", "staging", "--init"]);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(taken.code, Some(0), "{taken:?}");
    });
    // The comparison after the restore is by rows and checksums of the manifest.
    let words =
        ["backup", "restore", "staging", "--into", "env:COPY_URL", "--apply", "--make-roles"];
    let restored = town.run(&words);
    assert_eq!(restored.code, Some(0), "{restored:?}");
}

#[test]
fn what_no_reason_keeps_is_let_go_and_not_while_something_is_to_worry_about() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    for _ in 0..3 {
        town.taken();
    }
    let plan = town.run(&["backup", "prune", "staging"]);
    assert_eq!(plan.code, Some(3), "{plan:?}");
    assert!(plan.stdout.contains("newest, daily, weekly, monthly"), "{plan:?}");
    assert!(plan.stdout.contains("older than what is kept"), "{plan:?}");
    town.forge("at:2036-01-01T00:00:00Z");
    let said = town.run(&["backup", "prune", "staging", "--apply"]).ends(4);
    assert!(said.contains("which is in the future"), "{said}");
    let snapshots = town.snapshots();
    let pruned =
        town.run(&["backup", "prune", "staging", "--apply", "--despite", "a test moved it"]);
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
    assert_eq!(town.snapshots(), snapshots - 2, "one back-up went, with its dump: {pruned:?}");
    let listed = town.run(&["backup", "list", "staging"]);
    assert_eq!(listed.code, Some(3), "{listed:?}");
}

#[test]
fn an_environment_without_a_repository_is_refused_with_what_to_write() {
    let clusters = required!(town::clusters());
    let town = Town::new(&clusters);
    let text = std::fs::read_to_string(town.world.path("deploy.toml")).unwrap();
    let (text, _) = text.split_once("[environments.staging.backup]").unwrap();
    town.world.write("deploy.toml", text);
    let said = town.run(&["backup", "run", "staging"]).ends(4);
    assert!(
        said.contains("E-backup-none") && said.contains("[environments.staging.backup]"),
        "{said}"
    );
    assert!(town.world.path("deploy.toml").exists() && URL.starts_with("STAGING"));
}
