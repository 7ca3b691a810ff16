//! A run that is killed before and after every one of its requests: the same command again ends
//! where a run ends that nobody killed, and at most one server was ever bought. The double lets a
//! name be used twice here, so that only we keep from it.

use super::town::{APPLY, PLAN, Town};
use std::process::Stdio;
use std::time::Duration;
use xtask_fakes::hetzner::{Moment, State};

const LIMIT: Duration = Duration::from_secs(60);

/// What counts of a project in the end: its ids and times are others each time.
fn summary(state: &State) -> String {
    let servers = state.servers.values().map(|it| {
        let counts = (it.ssh_keys.len(), it.firewalls.len());
        let kept = (it.has_backups, it.is_protected, it.was_bare);
        format!("{} {} {} {} {counts:?} {kept:?}", it.name, it.kind, it.status, it.labels)
    });
    let firewalls = state.firewalls.values().map(|it| format!("{} {:?}", it.name, it.rules));
    let keys = state.ssh_keys.values().map(|it| format!("{} {}", it.name, it.labels));
    servers.chain(firewalls).chain(keys).collect::<Vec<_>>().join("\n")
}

/// One where names are not kept from being used twice.
fn town() -> Town {
    let town = Town::new();
    town.fake.change(|state| state.is_unique = false);
    town
}

/// Kills a run at the request of that number.
fn kill(town: &Town, number: u64, moment: Moment) {
    town.fake.change(|state| state.hold(number, moment));
    let mut command = town.world.command(&APPLY);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert!(town.fake.waits_until_held(LIMIT), "{moment:?} {number} never came");
    child.kill().unwrap();
    child.wait().unwrap();
    town.fake.let_go();
}

#[test]
fn a_run_that_is_killed_at_any_request_and_run_again_buys_one_server() {
    let straight = town();
    straight.world.run(&APPLY).ends(0);
    let (wanted, requests) = {
        let state = straight.fake.state();
        (summary(&state), u64::try_from(state.requests.len()).unwrap())
    };
    assert!(requests > 15, "{requests}");
    for number in 1..=requests {
        for moment in [Moment::Before, Moment::After] {
            let town = town();
            kill(&town, number, moment);
            let made = town.fake.state().servers_made;
            assert!(made <= 1, "{moment:?} {number}");
            town.world.run(&APPLY).ends(0);
            let state = town.fake.state();
            assert_eq!(state.servers_made, 1, "{moment:?} {number}");
            assert_eq!(summary(&state), wanted, "{moment:?} {number}");
        }
    }
}

/// The request that buys, of all that a run sends.
fn purchase() -> u64 {
    let town = town();
    town.world.run(&APPLY).ends(0);
    let requests = town.fake.state().requests;
    let is_it = |it: &(String, String)| it.0 == "POST" && it.1.ends_with("/servers");
    u64::try_from(requests.iter().position(is_it).unwrap()).unwrap() + 1
}

/// Nothing but the note on the disk tells the next run that a server is on its way.
#[test]
fn a_server_that_a_killed_run_has_bought_and_nobody_lists_yet_is_waited_for() {
    let purchase = purchase();
    let town = town();
    kill(&town, purchase, Moment::After);
    town.fake.change(|state| state.stale_lists = 4);
    town.world.run(&APPLY).ends(0);
    assert_eq!(town.fake.state().servers_made, 1);
    town.world.run(&PLAN).ends(0);
}

/// A run that wrote its note and did not come to send anything.
#[test]
fn what_a_killed_run_was_about_to_buy_is_bought_by_the_next() {
    let purchase = purchase();
    let town = town();
    kill(&town, purchase, Moment::Before);
    assert_eq!(town.fake.state().servers_made, 0);
    town.world.run(&APPLY).ends(0);
    assert_eq!(town.fake.state().servers_made, 1);
}
