//! Scratch databases on a real Postgres: made, used, dropped, and found again after a kill.

use super::server::Cluster;
use std::time::Duration;
use xtask::database::scratch::{Scratch, sweep};
use xtask::edge::clock;
use xtask::edge::postgres::Database;
use xtask_core::database::scratch::Name;
use xtask_core::ship::database::Address;
use xtask_fakes::required;

const NAMES: &str = "SELECT coalesce(string_agg(datname, ' ' ORDER BY datname), '')
    FROM pg_database WHERE datname LIKE '%scratch%'";

#[test]
fn a_scratch_database_is_like_its_neighbour_and_goes_with_its_value() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    server.ask("CREATE DATABASE neighbour TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'");
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let scratch = Scratch::make(&address.with_database("neighbour"), "test").unwrap();
    let name = scratch.name().to_string();
    assert!(name.starts_with("xtask_scratch_test_"), "{name}");
    Database::connect(&scratch.address()).unwrap().ping().unwrap();
    let like = format!("SELECT datcollate, datctype FROM pg_database WHERE datname = '{name}'");
    assert_eq!(server.ask(&like), "C|C.UTF-8");
    let others = Database::connect(&scratch.address()).unwrap();
    drop(scratch);
    assert_eq!(server.ask(NAMES), "", "it goes although another one is connected");
    assert!(others.ping().is_err());
    let scratch = Scratch::make(&address, "test").unwrap();
    scratch.remove().unwrap();
    assert_eq!(server.ask(NAMES), "");
}

#[test]
fn what_a_killed_run_left_is_removed_and_nothing_else() {
    let cluster = required!(Cluster::new());
    let server = cluster.serve_plainly();
    let address: Address = server.url("sslmode=disable").parse().unwrap();
    let database = Database::connect(&address).unwrap();
    let now = database.seconds().unwrap();
    let left = Name::new("left", now - 3600, 1);
    let used = Name::new("used", now - 3600, 2);
    let young = Name::new("young", now, 3);
    let foreign = "xtask_scratch_of_somebody";
    for name in [left.as_str(), used.as_str(), young.as_str(), foreign] {
        server.ask(&format!("CREATE DATABASE \"{name}\""));
    }
    let holder = Database::connect(&address.with_database(used.as_str())).unwrap();
    assert_eq!(sweep(&database).unwrap(), [left]);
    let kept = server.ask(NAMES);
    assert_eq!(kept.split(' ').collect::<Vec<_>>(), [foreign, used.as_str(), young.as_str()]);
    drop(holder);
    // The server hears of it in its own time.
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{used}'");
    let (limit, every) = (Duration::from_secs(20), Duration::from_millis(10));
    let is_left = || if server.ask(&sql) == "0" { Ok(()) } else { Err("somebody is connected") };
    clock::wait_for(limit, every, is_left).unwrap();
    let scratch = Scratch::make(&address, "next").unwrap();
    let kept = server.ask(NAMES);
    assert!(!kept.contains(used.as_str()) && kept.contains(young.as_str()), "{kept}");
    scratch.remove().unwrap();
}
