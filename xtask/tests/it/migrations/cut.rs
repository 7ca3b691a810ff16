//! What breaks off in the middle: a lock that is not to be had, a connection that is cut.

use super::prisma::Prisma;
use super::{Ground, ONE, TWO, limits};
use crate::postgres::server::Cluster;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use xtask::edge::clock;
use xtask::edge::postgres::is_locked;
use xtask_core::deploy::Migrations;
use xtask_fakes::required;

const LIMIT: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(20);

/// A reader that holds its lock until it is told, as a long report does.
const READ: &str = "BEGIN; SELECT count(*) FROM meals; SELECT pg_sleep(600)";

#[test]
fn nobody_queues_behind_a_migration_that_waits_for_a_long_reader() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = &Ground::new(&server, "queue");
    ground.file(ONE, "CREATE TABLE meals (id int);\n");
    ground.apply().unwrap();
    ground.file(TWO, "ALTER TABLE meals ADD COLUMN note text;\n");
    let reads = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.refuses_of("queue", READ);
            reads.store(false, Ordering::SeqCst);
        });
        holds(ground, "AccessShareLock", true);
        // Long enough to be seen waiting, also on a machine that is busy.
        let limits = Migrations::new("x", 10_000, 60_000);
        let migrating = scope.spawn(move || ground.apply_with("", &limits));
        holds(ground, "AccessExclusiveLock", false);
        // It comes after the migration, and gets its answer while the reader still reads.
        assert_eq!(ground.sql("SELECT count(*) FROM meals"), "0");
        assert!(reads.load(Ordering::SeqCst), "the reader outlasts whoever came later");
        let failure = migrating.join().unwrap().unwrap_err();
        assert!(is_locked(&failure), "{failure}");
        ends(ground, READ);
    });
    assert_eq!(ground.apply().unwrap(), [TWO], "nothing of it was kept, so it can be tried again");
    prisma.is_up_to_date(ground);
}

#[test]
fn an_index_that_blocks_nobody_waits_longer_than_for_a_lock_and_tells_for_whom() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = &Ground::new(&server, "patient");
    ground.file(ONE, "CREATE TABLE meals (id int);\n");
    ground.apply().unwrap();
    ground.file(TWO, "CREATE INDEX CONCURRENTLY meals_id ON meals (id);\n");
    let limits =
        |alone_timeout_ms| Migrations { alone_timeout_ms, ..Migrations::new("x", 1, 60_000) };
    let applied_beside_a_reader = |alone_timeout_ms, waits: &'static str| {
        std::thread::scope(|scope| {
            scope.spawn(|| server.refuses_of("patient", READ));
            holds(ground, "AccessShareLock", true);
            let migrating = scope.spawn(move || ground.apply_with("", &limits(alone_timeout_ms)));
            let waits = format!(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'virtualxid'
                    AND query LIKE '{waits}%'"
            );
            let seen = || if ground.sql(&waits) == "1" { Ok(()) } else { Err(()) };
            clock::wait_for(LIMIT, EVERY, seen).unwrap();
            ends(ground, READ);
            migrating.join().unwrap()
        })
    };
    // What it left is removed at once, and that waits for the reader too.
    let failure = applied_beside_a_reader(300, "DROP INDEX CONCURRENTLY").unwrap_err();
    assert!(failure.to_string().contains("open meanwhile: the transaction of"), "{failure}");
    // The limit of a lock is a millisecond, and with time enough the index is made.
    let applied = applied_beside_a_reader(600_000, "CREATE INDEX CONCURRENTLY");
    assert_eq!(applied.unwrap(), [TWO]);
}

/// Waits until somebody has, or wants, this lock on the table.
fn holds(ground: &Ground<'_>, mode: &str, granted: bool) {
    let sql = format!(
        "SELECT count(*) FROM pg_locks WHERE relation = 'meals'::regclass AND mode = '{mode}'
            AND granted = {granted}"
    );
    let seen = || if ground.sql(&sql) == "0" { Err(()) } else { Ok(()) };
    clock::wait_for(LIMIT, EVERY, seen).unwrap();
}

fn ends(ground: &Ground<'_>, query: &str) {
    let start = query.split(';').next().unwrap();
    let sql = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE query LIKE '{start}%' AND pid <> pg_backend_pid()"
    );
    assert_eq!(ground.sql(&sql), "1", "{query}");
}

#[test]
fn a_connection_that_is_cut_in_the_middle_leaves_nothing() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "severed");
    ground.file(ONE, "CREATE TABLE meals (id int);\nSELECT pg_sleep(600);\n");
    std::thread::scope(|scope| {
        let migrating = scope.spawn(|| ground.apply_with("", &limits()));
        let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
        let seen = || if ground.sql(sleeps) == "1" { Ok(()) } else { Err(()) };
        clock::wait_for(LIMIT, EVERY, seen).unwrap();
        ends(&ground, "SELECT pg_sleep");
        let failure = migrating.join().unwrap().unwrap_err();
        assert!(failure.to_string().contains("nothing of it was kept"), "{failure}");
        assert!(failure.advice().unwrap().contains("ended the connection"), "{failure}");
    });
    assert_eq!(ground.sql("SELECT to_regclass('meals') IS NULL"), "t");
    assert_eq!(ground.pending().unwrap(), [ONE]);
    ground.file(ONE, "CREATE TABLE meals (id int);\n");
    assert_eq!(ground.apply().unwrap(), [ONE]);
    prisma.is_up_to_date(&ground);
}

#[test]
fn two_runners_never_migrate_at_once_and_the_second_is_told_who_does() {
    let prisma = required!(Prisma::here());
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let ground = Ground::new(&server, "two");
    ground.file(ONE, "SELECT 1;\n");
    let one = ground.connect("");
    one.lock_migrations().unwrap();
    let failure = ground.apply().unwrap_err();
    assert_eq!(failure.name(), "E-migration-running");
    assert!(failure.to_string().contains("`xtask`, backend "), "{failure}");
    // Prisma's own engine waits for the same lock, and gives up.
    assert_eq!(prisma.deploy(&ground).unwrap_err(), "P1002");
    one.unlock_migrations().unwrap();
    assert_eq!(ground.apply().unwrap(), [ONE]);
    prisma.is_up_to_date(&ground);
}
