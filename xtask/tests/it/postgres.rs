//! Databases as their URLs say: a real Postgres with certificates of every kind, and without one.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod catalogue;
mod lease;
mod ledger;
mod living;
pub(crate) mod pgbouncer;
mod scratch;
pub(crate) mod server;
mod undo;

use server::{Cluster, PASSWORD, Server};
use std::net::TcpListener;
use std::time::Duration;
use xtask::edge::clock;
use xtask::edge::postgres::Database;
use xtask::error::Failure;
use xtask_core::database::migration::MigrationFile;
use xtask_core::deploy::Migrations;
use xtask_core::ship::database::Address;
use xtask_fakes::required;

/// What the program says of a database at this address; never its password.
fn ping(url: &str) -> Result<(), Failure> {
    let address: Address = url.parse().unwrap();
    let answer = Database::connect(&address).and_then(|database| database.ping());
    if let Err(failure) = &answer {
        let (shown, data) = (failure.to_string(), failure.to_json().to_string());
        assert!(!shown.contains(PASSWORD) && !data.contains(PASSWORD), "{shown}");
        assert!(shown.contains("\n  hint: "), "what next? {shown}");
    }
    answer
}

/// The words for what each mode minds; empty where it minds nothing.
fn holds(server: &Server<'_>, cases: &[(&str, &str)]) {
    for (query, words) in cases {
        let query = query.replace("CA", &server.authority().display().to_string());
        match (ping(&server.url(&query)), *words) {
            (Ok(()), "") => {}
            (Err(failure), words) if !words.is_empty() => {
                let shown = failure.to_string();
                assert!(shown.contains(words), "{}: {query}: {shown}", server.name);
                assert_eq!(failure.exit().code(), 4, "{}: {query}: {shown}", server.name);
            }
            (answer, _) => panic!("{}: {query}: {answer:?}", server.name),
        }
    }
}

const NO_TLS: &str = "it does not speak TLS";
const UNKNOWN: &str = "no authority that we believe vouches for its certificate";
const OTHER_NAME: &str = "its certificate is of another name";
const EXPIRED: &str = "its certificate has expired";

/// Every mode against a certificate that nothing is wrong with.
fn a_good_certificate_is_taken(cluster: &Cluster) {
    let good = cluster.serve("good");
    holds(
        &good,
        &[
            ("sslmode=disable", ""),
            ("sslmode=prefer", ""),
            ("sslmode=require", ""),
            ("sslmode=require&sslrootcert=CA", ""),
            ("sslmode=verify-ca&sslrootcert=CA", ""),
            ("sslmode=verify-full&sslrootcert=CA", ""),
            ("sslmode=verify-full", UNKNOWN),
            ("sslmode=require&channel_binding=require", ""),
            ("sslmode=disable&channel_binding=require", "it does not offer channel binding"),
        ],
    );
    // The very connection that asks says whether it is encrypted.
    for (query, encrypted) in [
        ("", true),
        ("sslmode=disable", false),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
    ] {
        assert_eq!(good.is_encrypted(query), encrypted, "{query}");
    }
}

#[test]
fn every_mode_takes_and_minds_what_it_says() {
    let cluster = required!(Cluster::new());
    a_good_certificate_is_taken(&cluster);
    holds(
        &cluster.serve("other-name"),
        &[
            ("sslmode=prefer", ""),
            ("sslmode=require", ""),
            ("sslmode=require&sslrootcert=CA", ""),
            ("sslmode=verify-ca&sslrootcert=CA", ""),
            ("sslmode=verify-full&sslrootcert=CA", OTHER_NAME),
        ],
    );
    holds(
        &cluster.serve("other-authority"),
        &[
            ("sslmode=prefer", ""),
            ("sslmode=prefer&sslrootcert=CA", UNKNOWN),
            ("sslmode=require", ""),
            ("sslmode=require&sslrootcert=CA", UNKNOWN),
            ("sslmode=verify-ca&sslrootcert=CA", UNKNOWN),
            ("sslmode=verify-full&sslrootcert=CA", UNKNOWN),
        ],
    );
    holds(
        &cluster.serve("expired"),
        &[
            ("sslmode=prefer", ""),
            ("sslmode=require", ""),
            ("sslmode=require&sslrootcert=CA", EXPIRED),
            ("sslmode=verify-ca&sslrootcert=CA", EXPIRED),
            ("sslmode=verify-full&sslrootcert=CA", EXPIRED),
        ],
    );
    holds(
        &cluster.serve_plainly(),
        &[
            ("sslmode=disable", ""),
            ("sslmode=prefer", ""),
            ("sslmode=require", NO_TLS),
            ("sslmode=verify-ca&sslrootcert=CA", NO_TLS),
            ("sslmode=verify-full&sslrootcert=CA", NO_TLS),
        ],
    );
}

#[test]
fn what_a_server_refuses_is_said_with_the_next_step() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve("good");
    let url = server.url("sslmode=require");
    let refused = |url: &str, words: &str, next: &str| {
        let failure = ping(url).unwrap_err();
        let shown = failure.to_string();
        assert!(shown.contains(words) && shown.contains(next), "{shown}");
        assert_eq!(failure.exit().code(), 4, "{shown}");
    };
    refused(&url.replace(PASSWORD, "hunter2"), "it has another password", "reset-password");
    refused(&url.replace("/postgres?", "/none?"), "it has no database `none`", "CREATE DATABASE");
    let only_encrypted = server.url_as("careful", "sslmode=disable");
    refused(&only_encrypted, "it does not let `careful` in", "`sslmode=require`");
    ping(&server.url_as("careful", "sslmode=require")).unwrap();
}

#[test]
fn a_server_that_is_gone_or_silent_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for mode in ["disable", "require"] {
        let url = format!(
            "postgresql://ann:{PASSWORD}@127.0.0.1:{port}/app?sslmode={mode}&connect_timeout=1"
        );
        let failure = ping(&url).unwrap_err();
        assert!(failure.to_string().contains("no answer within 1 s"), "{failure}");
        assert_eq!(failure.exit().code(), 5);
    }
    drop(listener);
    let failure = ping(&format!("postgresql://ann:{PASSWORD}@127.0.0.1:{port}/app")).unwrap_err();
    assert!(failure.to_string().contains("Connection refused"), "{failure}");
    assert_eq!(failure.exit().code(), 5);
}

#[test]
fn authorities_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let url = format!(
        "postgresql://ann:{PASSWORD}@127.0.0.1:9/app?sslmode=verify-full&sslrootcert={}",
        file.display()
    );
    let refused = |words: &str| {
        let failure = Database::connect(&url.parse().unwrap()).err().unwrap();
        let shown = failure.to_string();
        assert!(shown.contains("ca.pem") && shown.contains(words), "{shown}");
        assert_eq!(failure.exit().code(), 2, "{shown}");
    };
    refused("No such file");
    for (text, words) in [
        ("", "no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n", "ca.pem"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ca.pem"),
    ] {
        std::fs::write(&file, text).unwrap();
        refused(words);
    }
}

#[test]
fn the_lock_of_migrations_goes_with_its_connection() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve("good");
    let address: Address = server.url("").parse().unwrap();
    let one = Database::connect(&address).unwrap();
    one.lock_migrations().unwrap();
    let other = Database::connect(&address).unwrap();
    let failure = other.lock_migrations().unwrap_err();
    assert!(failure.to_string().contains("another runner is migrating"), "{failure}");
    drop(one);
    // The server hears of it in its own time.
    let (limit, every) = (Duration::from_secs(20), Duration::from_millis(10));
    clock::wait_for(limit, every, || other.lock_migrations()).unwrap();
}

#[test]
fn migrations_and_the_ledger_are_kept_over_tls() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve("good");
    let url = server.url("sslmode=verify-full&sslrootcert=CA");
    let url = url.replace("CA", &server.authority().display().to_string());
    let mut database = Database::connect(&url.parse().unwrap()).unwrap();
    let limits = Migrations::new("x", 1000, 1000);
    let file = |name: &str, sql: &str| MigrationFile::new(name, sql);
    assert_eq!(database.migration_rows().unwrap(), []);
    let first = file("1_first", "CREATE TABLE a (b int); INSERT INTO a VALUES (1);");
    database.apply_migration(&first, &limits, None).unwrap();
    let broken = file("2_broken", "INSERT INTO a VALUES (2); SELECT no_such_thing();");
    let failure = database.apply_migration(&broken, &limits, None).unwrap_err();
    assert!(failure.to_string().contains("42883: function no_such_thing()"), "{failure}");
    let slow = file("3_slow", "INSERT INTO a VALUES (3); SELECT pg_sleep(60);");
    let failure = database.apply_migration(&slow, &limits, None).unwrap_err();
    assert!(failure.to_string().contains("statement timeout"), "{failure}");
    let rows = database.migration_rows().unwrap();
    let standing: Vec<_> = rows.iter().filter(|row| !row.rolled_back).collect();
    assert_eq!(standing.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["1_first"]);
    assert!(standing[0].finished && standing[0].checksum == first.checksum());
    let logs: Vec<&str> = rows.iter().filter_map(|row| row.logs.as_deref()).collect();
    assert!(logs.len() == 2 && logs[0].contains("42883") && logs[1].contains("57014"), "{logs:?}");
    assert_eq!(server.ask("SELECT b FROM a"), "1", "nothing of the others was kept");
    assert_eq!(database.ledger().unwrap(), []);
}
