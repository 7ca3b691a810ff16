//! Every migration of the repository, applied and taken back: nothing of it is left.

use super::server::Cluster;
use std::path::Path;
use xtask::edge::postgres::{Database, is_locked};
use xtask_core::database::catalogue::compare;
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::undo::Step;
use xtask_core::deploy::Migrations;
use xtask_core::ship::database::Address;
use xtask_fakes::required;

pub(super) fn limits() -> Migrations {
    Migrations::new("x", 5000, 60_000)
}

/// Every migration of the repository with its way back, in order.
pub(super) fn migrations() -> Vec<(MigrationFile, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join("services/backend/prisma/migrations");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let read = |path: &Path, file: &str| {
        let path = path.join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let file = |path: &Path| MigrationFile::new(name(path), read(path, "migration.sql"));
    folders.iter().map(|path| (file(path), read(path, "down.sql"))).collect()
}

#[test]
fn every_migration_of_the_repository_is_taken_back_without_a_trace() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask("CREATE DATABASE app");
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let mut database = Database::connect(&address.with_database("app")).unwrap();
    let all = migrations();
    assert!(all.len() >= 2, "{all:?}");
    for (file, down) in &all {
        let before = database.catalogue().unwrap();
        database.apply_migration(file, &limits(), None).unwrap();
        assert_ne!(compare(&before, &database.catalogue().unwrap()), [], "{}", file.name);
        let step = Step { name: file.name.clone(), down: down.clone() };
        database.undo_migration(&step, &limits(), None).unwrap();
        let left = compare(&before, &database.catalogue().unwrap());
        assert_eq!(left, [], "`{}` leaves something", file.name);
        // And forth again: what was taken back is pending, for Prisma too.
        database.apply_migration(file, &limits(), None).unwrap();
    }
    let rows = "SELECT count(*), count(rolled_back_at) FROM _prisma_migrations";
    assert_eq!(server.ask_of("app", rows), format!("{}|{}", all.len() * 2, all.len()));
    for (file, down) in all.iter().rev() {
        let step = Step { name: file.name.clone(), down: down.clone() };
        database.undo_migration(&step, &limits(), None).unwrap();
    }
    assert_eq!(database.tables().unwrap(), ["public._prisma_migrations"]);
}

#[test]
fn a_way_back_that_fails_leaves_everything_and_one_that_is_gone_is_refused() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let mut database = Database::connect(&address).unwrap();
    let file = MigrationFile::new("20260101000000_a", "CREATE TABLE a (b int)");
    database.apply_migration(&file, &limits(), None).unwrap();
    let step = |down: &str| Step { name: file.name.clone(), down: down.into() };
    let broken = step("DROP TABLE a; DROP TABLE no_such_table");
    let failure = database.undo_migration(&broken, &limits(), None).unwrap_err();
    assert!(failure.to_string().contains("all of it stands"), "{failure}");
    assert_eq!(server.ask("SELECT count(*) FROM a"), "0");
    // Somebody reads it: nothing is waited for beyond the limit, and it is told as a lock.
    std::thread::scope(|scope| {
        let read = "BEGIN; SELECT count(*) FROM a; SELECT pg_sleep(600)";
        let reader = scope.spawn(|| server.refuses(read));
        let held = "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND granted";
        while server.ask(held) != "1" {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let quick = Migrations::new("x", 100, 60_000);
        let locked = database.undo_migration(&step("DROP TABLE a"), &quick, None).unwrap_err();
        server.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE query LIKE 'BEGIN; SELECT count(*) FROM a;%' AND pid <> pg_backend_pid()",
        );
        reader.join().unwrap();
        assert!(is_locked(&locked), "{locked}");
    });
    // What ends the transaction is not run, also where the parser does not see it.
    let ends = database.undo_migration(&step("DROP TABLE a; COMMIT"), &limits(), None).unwrap_err();
    assert!(ends.to_string().contains("cannot undo migration"), "{ends}");
    assert_eq!(server.ask("SELECT count(*) FROM a"), "0");
    database.undo_migration(&step("DROP TABLE a"), &limits(), None).unwrap();
    let again = database.undo_migration(&step("SELECT 1"), &limits(), None).unwrap_err();
    assert!(again.to_string().contains("it is not applied"), "{again}");
}
