//! Ten rollouts to a Coolify under load: the double with real containers, its proxy, a registry, a
//! Postgres, and tiny services that drain as ours do. Ours themselves would take an hour.

mod town;

use crate::load::Load;
use town::{Cluster, Town};
use xtask_fakes::required;

const ROLLOUTS: usize = 10;
const REQUESTS: u64 = 10_000;

#[test]
fn ten_rollouts_to_a_coolify_under_load_lose_nothing() {
    let cluster = required!(Cluster::new());
    let town = required!(Town::start(&cluster));
    town.world.run(&["infra", "apply", "production", "--apply"]).ends(0);
    town.rolls_out("r0");
    // A hundred requests a second in all.
    let load = [(); 2].map(|()| Load::on(&format!("{}/live", town.url())));
    for number in 1..=ROLLOUTS {
        town.rolls_out(&format!("r{number}"));
        println!("rollout {number} of {ROLLOUTS}");
    }
    let [(one, mut lost), (other, others)] = load.map(Load::finish);
    let sent = one + other;
    lost.extend(others);
    println!("{ROLLOUTS} rollouts, {sent} requests, {} lost", lost.len());
    assert_eq!(lost, Vec::<String>::new(), "of {sent} requests none may be lost");
    assert!(sent >= REQUESTS, "the load was real: {sent} requests");
}
