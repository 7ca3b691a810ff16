//! A database whose lease is not to be had though it answers: nothing is rolled out in the dark.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::postgres::server::Cluster;
use super::town::Town;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use xtask_fakes::required;

/// What is asked of the lease, and of nothing else.
const ASKS: &[u8] = b"FROM xtask.lease FOR UPDATE";

/// Leads to the server at `port`, and breaks each connection that asks for the lease.
fn leads_to(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    // It ends with the test.
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (back, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || hand_on(back, to, |_| false));
            let breaks = |bytes: &[u8]| bytes.windows(ASKS.len()).any(|it| it == ASKS);
            std::thread::spawn(move || hand_on(client, server, breaks));
        }
    });
    own
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, breaks: impl Fn(&[u8]) -> bool) {
    let mut bytes = [0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if breaks(&bytes[..read]) || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        stream.shutdown(Shutdown::Both).ok();
    }
}

#[test]
fn without_a_lease_in_the_database_nothing_is_rolled_out_and_one_may_go_back() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    town.rollout("r2").ends(0);
    let dark = leads_to(town.database.port());
    let url = town.database.url("sslmode=disable");
    let url = url.replace(&format!(":{}/", town.database.port()), &format!(":{dark}/"));
    let through = [("PRODUCTION_DIRECT_URL", url.as_str())];
    let run = |words: &[&str]| town.world.run_with(words, &through);
    let said = run(&["rollout", "production", "r1", "--apply"]).ends(5);
    assert!(said.contains("no lease in the database, so other machines"), "{said}");
    assert!(said.contains("cannot roll out: no lease in the database keeps"), "{said}");
    assert!(said.contains("code: E-database-unreached"), "{said}");
    town.serves("backend", "r2");
    assert_eq!(town.last_record(), "rollout r2 done");
    run(&["rollback", "production", "--apply"]).ends(0);
    town.serves("backend", "r1");
}
