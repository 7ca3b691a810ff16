//! The lease in a real Postgres: one holder, a fence that only grows, and writes that show it.

use super::server::{Cluster, Server};
use xtask::edge::postgres::{Asked, Database};
use xtask_core::database::migration::MigrationFile;
use xtask_core::deploy::Migrations;
use xtask_core::ship::lease::{Claim, Pace, Standing};
use xtask_core::ship::ledger::{Action, Outcome, Record};
use xtask_fakes::required;

fn connect(server: &Server<'_>) -> Database {
    Database::connect(&server.url("sslmode=disable").parse().unwrap()).unwrap()
}

fn claim(who: &str) -> Claim {
    Claim { verb: "rollout".into(), who: who.into(), run_url: None, seat: who.into() }
}

fn take(database: &mut Database, who: &str) -> Asked {
    database.take_lease(&claim(who), Pace::default()).unwrap()
}

fn fence(asked: &Asked) -> u64 {
    match asked {
        Asked::Taken { fence, .. } => *fence,
        Asked::Held(holder) => panic!("held by {holder}"),
    }
}

/// As if the holder had not renewed it for so many seconds.
fn age(server: &Server<'_>, seconds: u32) {
    let sql = format!("UPDATE xtask.lease SET expires_at = expires_at - interval '{seconds} s'");
    server.ask(&sql);
}

fn record(to: &str) -> Record {
    Record::new(Action::Rollout, Outcome::Done, "ada", "2026-11-27T00:00:00Z", to)
}

#[test]
fn of_many_who_ask_at_once_one_gets_it_and_the_others_are_told_who() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    // Not even the tables are there yet.
    let asked: Vec<Asked> = std::thread::scope(|scope| {
        let ask = |number| {
            let server = &server;
            scope.spawn(move || take(&mut connect(server), &format!("taker-{number}")))
        };
        let threads: Vec<_> = (0..8).map(ask).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let taken = asked.iter().position(|it| matches!(it, Asked::Taken { .. })).unwrap();
    assert_eq!(fence(&asked[taken]), 1);
    let held = asked.iter().filter_map(|it| match it {
        Asked::Held(holder) => Some(&holder.claim.who),
        Asked::Taken { .. } => None,
    });
    assert_eq!(held.collect::<Vec<_>>(), vec![&format!("taker-{taken}"); 7]);
}

#[test]
fn a_lease_goes_on_while_it_is_renewed_and_is_free_when_it_is_given_back() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let mut database = connect(&server);
    assert!(database.lease("").unwrap().is_none(), "no table, no lease");
    let first = fence(&take(&mut database, "ada"));
    age(&server, 50);
    assert!(database.renew_lease(first, "verify", Pace::default()).unwrap());
    age(&server, 50);
    let Asked::Held(holder) = take(&mut database, "eve") else { panic!("it was renewed") };
    assert_eq!((holder.phase.as_str(), holder.fence), ("verify", first));
    database.release_lease(first).unwrap();
    assert!(database.lease("").unwrap().is_none());
    assert!(!database.renew_lease(first, "verify", Pace::default()).unwrap(), "it is given back");
    let Asked::Taken { fence, from: None } = take(&mut database, "eve") else { panic!("free") };
    assert_eq!(fence, first + 1);
    // Whoever gives back late gives nothing back that is not theirs.
    database.release_lease(first).unwrap();
    assert_eq!(database.lease("").unwrap().unwrap().1, Standing::Held);
}

#[test]
fn an_expired_lease_is_taken_over_and_whoever_had_it_writes_nothing_more() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let (mut ada, mut eve) = (connect(&server), connect(&server));
    let old = fence(&take(&mut ada, "ada"));
    ada.append(&[record("a")], old).unwrap();
    age(&server, 62);
    // Nobody has taken it yet: what is written now is still in order.
    ada.append(&[record("b")], old).unwrap();
    let asked = take(&mut eve, "eve");
    let Asked::Taken { fence: new, from: Some((holder, standing)) } = asked else {
        panic!("{asked:?}")
    };
    assert_eq!((holder.claim.who.as_str(), standing), ("ada", Standing::Expired));
    assert!(!ada.renew_lease(old, "roll out", Pace::default()).unwrap());
    let failure = ada.append(&[record("c")], old).unwrap_err();
    insta::assert_snapshot!(failure.to_string(), @"
    error: cannot add to the ledger: lease 1 is no longer ours
      caused by: it was not renewed in time, and somebody else has taken it
      hint: `cargo xtask status` tells what serves, `cargo xtask audit list` who changed it
      code: E-lease-lost
    ");
    let limits = Migrations::new("x", 1000, 1000);
    let file = MigrationFile::new("1_late", "CREATE TABLE late (b int)");
    let failure = ada.apply_migration(&file, &limits, Some(old)).unwrap_err();
    assert_eq!(failure.name(), "E-lease-lost");
    assert_eq!(server.ask("SELECT to_regclass('late') IS NULL"), "t", "nothing of it was kept");
    eve.apply_migration(&file, &limits, Some(new)).unwrap();
    eve.append(&[record("c")], new).unwrap();
    assert_eq!(eve.ledger().unwrap().len(), 3);
}

#[test]
fn whoever_has_the_same_kernel_lock_need_not_wait_for_the_dead() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let mut database = connect(&server);
    take(&mut database, "ada");
    let Asked::Taken { from: Some((_, standing)), .. } = take(&mut database, "ada") else {
        panic!("it is the same seat")
    };
    assert_eq!(standing, Standing::Dead);
}

#[test]
fn a_fence_never_goes_back() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    take(&mut connect(&server), "ada");
    for sql in
        ["UPDATE xtask.lease SET fence = 0", "DELETE FROM xtask.lease", "TRUNCATE xtask.lease"]
    {
        let said = server.refuses(sql);
        assert!(said.contains("of xtask.lease is refused"), "{said}");
    }
}
