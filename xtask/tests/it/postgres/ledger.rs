//! The ledger in a real Postgres: only ever added to, by one after the other.

use super::server::{Cluster, Server};
use xtask::edge::postgres::{Asked, Database};
use xtask_core::ship::lease::{Claim, Pace};
use xtask_core::ship::ledger::{Action, ChainError, Outcome, Record, walk};
use xtask_fakes::required;

fn connect(server: &Server<'_>, user: &str) -> Database {
    Database::connect(&server.url_as(user, "sslmode=disable").parse().unwrap()).unwrap()
}

fn lease(database: &mut Database) -> u64 {
    let text = |text: &str| text.to_owned();
    let claim = Claim { verb: text("up"), who: text("ada"), run_url: None, seat: text("here") };
    match database.take_lease(&claim, Pace::default()).unwrap() {
        Asked::Taken { fence, .. } => fence,
        Asked::Held(holder) => panic!("{holder}"),
    }
}

fn record(to: &str) -> Record {
    Record::new(Action::Rollout, Outcome::Done, "ada", "2026-11-27T00:00:00Z", to)
}

#[test]
fn a_chain_never_forks_however_many_write() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let fence = lease(&mut connect(&server, "ann"));
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let server = &server;
            scope.spawn(move || {
                let mut database = connect(server, "ann");
                for number in 0..5 {
                    database.append(&[record(&format!("{writer}-{number}"))], fence).unwrap();
                }
            });
        }
    });
    let links = connect(&server, "ann").ledger().unwrap();
    assert_eq!(walk(&links).unwrap().len(), 30);
}

#[test]
fn nothing_in_it_is_changed_or_removed_and_what_is_all_the_same_is_seen() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let mut database = connect(&server, "ann");
    let fence = lease(&mut database);
    database.append(&["a", "b", "c"].map(record), fence).unwrap();
    let edit = "UPDATE xtask.ledger SET body = replace(body, 'ada', 'eve') WHERE number = 2";
    for sql in [edit, "DELETE FROM xtask.ledger WHERE number = 9", "TRUNCATE xtask.ledger"] {
        let said = server.refuses(sql);
        assert!(said.contains("of xtask.ledger is refused"), "{said}");
        let said = server.refuses(&format!("SET session_replication_role = replica; {sql}"));
        assert!(said.contains("of xtask.ledger is refused"), "{said}");
    }
    server.ask(&format!("ALTER TABLE xtask.ledger DISABLE TRIGGER ALL; {edit}"));
    assert_eq!(walk(&database.ledger().unwrap()), Err(ChainError::Broken(3)));
    // The next one who writes switches it on again.
    database.append(&[record("d")], fence).unwrap();
    server.refuses("DELETE FROM xtask.ledger");
}

#[test]
fn a_ledger_of_before_is_kept_and_guarded_from_now_on() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask(
        "CREATE SCHEMA xtask; CREATE TABLE xtask.ledger (
            number bigint PRIMARY KEY, previous text NOT NULL, body text NOT NULL)",
    );
    let old = r#"{"action":"rollout","outcome":{"kind":"done"},"who":"ada@laptop","at":"2026-11-23T00:00:00Z","from":null,"to":"a","services":{},"schema_head":null,"phases":[],"probe":null}"#;
    let empty = xtask_core::digest::Digest::of(b"");
    server.ask(&format!("INSERT INTO xtask.ledger VALUES (1, '{empty}', '{old}')"));
    let mut database = connect(&server, "ann");
    assert_eq!(walk(&database.ledger().unwrap()).unwrap()[0].to, "a", "looking changes nothing");
    assert_eq!(server.ask("SELECT to_regclass('xtask.lease') IS NULL"), "t");
    let fence = lease(&mut database);
    database.append(&[record("b")], fence).unwrap();
    let records = walk(&database.ledger().unwrap()).unwrap();
    assert_eq!(records.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    server.refuses("DELETE FROM xtask.ledger");
}

/// As on a server of others: the owner of the tables may do little else.
#[test]
fn a_role_that_may_make_a_schema_needs_no_more() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask("CREATE ROLE plain LOGIN PASSWORD 'correct-horse'");
    server.ask("GRANT CREATE ON DATABASE postgres TO plain");
    let mut database = connect(&server, "plain");
    let fence = lease(&mut database);
    database.append(&[record("a")], fence).unwrap();
    assert!(database.renew_lease(fence, "verify", Pace::default()).unwrap());
    database.release_lease(fence).unwrap();
    server.refuses("SET ROLE plain; DELETE FROM xtask.ledger");
    assert_eq!(walk(&database.ledger().unwrap()).unwrap().len(), 1);
}

#[test]
fn a_server_that_refuses_is_not_one_without_a_ledger() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask("CREATE ROLE weak LOGIN PASSWORD 'correct-horse'");
    let mut weak = connect(&server, "weak");
    assert_eq!(weak.ledger().unwrap(), [], "there is none");
    let failure = weak.append(&[record("a")], 1).unwrap_err();
    insta::assert_snapshot!(failure.to_string(), @"
    error: failed to make the tables of `xtask`
      caused by: 42501: permission denied for database postgres
      hint: let the role that migrates make the schema `xtask`, and write into it
      code: E-database-forbidden
    ");
    lease(&mut connect(&server, "ann"));
    let failure = weak.ledger().unwrap_err();
    assert_eq!(failure.name(), "E-database-forbidden", "{failure}");
    server.ask("GRANT USAGE ON SCHEMA xtask TO weak");
    let failure = weak.ledger().unwrap_err();
    insta::assert_snapshot!(failure.to_string(), @"
    error: failed to read the ledger
      caused by: 42501: permission denied for table ledger
      hint: let the role that migrates make the schema `xtask`, and write into it
      code: E-database-forbidden
    ");
    drop(server);
    let failure = weak.ledger().unwrap_err();
    assert!(xtask::edge::postgres::is_unreached(&failure), "{failure}");
}

#[test]
fn after_the_last_number_that_there_is_nothing_can_be_added() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let mut database = connect(&server, "ann");
    let fence = lease(&mut database);
    database.append(&["a", "b"].map(record), fence).unwrap();
    let forge = format!("UPDATE xtask.ledger SET number = {} WHERE number = 2", i64::MAX);
    server.ask(&format!("ALTER TABLE xtask.ledger DISABLE TRIGGER ALL; {forge}"));
    let failure = database.append(&[record("c")], fence).unwrap_err().to_string();
    assert!(failure.contains("failed to add to the ledger"), "{failure}");
    assert_eq!(database.ledger().unwrap().len(), 2);
}
