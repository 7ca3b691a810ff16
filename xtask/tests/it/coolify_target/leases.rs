//! A lease that somebody else holds is waited for, also where a connection breaks meanwhile; and where
//! none is to be had though the database answers, nothing is rolled out.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::notify::Everybody;
use super::super::postgres::server::Cluster;
use super::state::UP;
use super::town::{Backend, Town};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use xtask_fakes::required;

#[test]
fn whoever_comes_second_is_told_who_is_at_it_or_waits() {
    let cluster = required!(Cluster::new());
    let town = Town::serving(&cluster);
    assert_eq!(town.lease(), "free", "it is given back");
    town.is_taken_by_others();
    let said = town.rollout("r2").ends(4);
    assert!(said.contains("error: cannot change `production`: it is being changed\n"), "{said}");
    let who = "by `rollout` of eve@ci, since 2026-11-27T00:00:00Z, in phase `verify`, until 20";
    assert!(said.contains(who), "{said}");
    assert!(said.contains("unless it is renewed, https://ci.example/runs/7\n"), "{said}");
    assert!(said.contains("hint: `--wait` waits for it\n"), "{said}");
    assert!(said.contains("code: E-lease-held\n"), "{said}");
    assert_eq!(town.records(), 1, "nothing was changed");
    let said = town.world.run(&[&UP[..], &["--wait=1"]].concat()).ends(4);
    assert!(said.contains("after 1 s it was still held"), "{said}");

    let mut command = town.world.command(&[&UP[..], &["--wait"]].concat());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    // A connection that breaks meanwhile is no database that is away: it goes on waiting.
    for times in [1, 2] {
        while said.matches("waits for `rollout` of eve@ci").count() < times {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
        }
        if times == 1 {
            let breaks = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = 'xtask'";
            assert_eq!(town.database.ask(breaks), "1");
        }
    }
    town.database.ask("UPDATE xtask.lease SET verb = NULL");
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(!said.contains("no lease in the database"), "{said}");
    town.serves("backend", "r2");
    assert_eq!(town.lease(), "free");
}

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

/// An environment that is half moved is told to those who hear of rollouts, lease or not.
#[test]
fn a_lost_lease_is_told_to_those_who_hear_of_rollouts() {
    let cluster = required!(Cluster::new());
    let all = Everybody::start(&"1".repeat(40));
    let mut town = Town::new(&cluster, "ci").telling(&all);
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    town.apply();
    town.rollout("r1").ends(0);
    town.double.hold(true);
    let child = town.begins("r2");
    town.under_way("ml-service");
    town.is_taken_by_others();
    town.double.hold(false);
    let (code, said) = town.ended(child);
    assert_eq!(code, Some(6), "{said}");
    let told = &all.discord.messages()[1]["embeds"][0];
    assert_eq!(told["title"], "nutri: rollout of r2 to production was interrupted at lease");
}
