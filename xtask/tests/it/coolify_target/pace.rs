//! How long a rollback takes beyond what Coolify itself does: measured by hand, as TESTING.md says.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]
#![expect(clippy::print_stdout, reason = "a measurement is for whoever asked for it")]

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use xtask_fakes::coolify::update::Delays;
use xtask_fakes::required;

/// So many rollbacks; the first of them is no other than the rest.
const TIMES: usize = 20;

/// The smallest time that `percent` of the sorted ones do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100) - 1].as_secs_f64()
}

fn line(name: &str, mut all: Vec<Duration>) -> String {
    all.sort_unstable();
    let [p50, p95, max] = [50, 95, 100].map(|it| percentile(&all, it));
    format!("{name}: p50 {p50:.1} s, p95 {p95:.1} s, max {max:.1} s, of {}", all.len())
}

/// A Coolify that takes no time itself: what is measured is all ours. Looks, verification and limits
/// are as in production.
#[test]
#[ignore = "a measurement of minutes, for an idle machine"]
fn a_rollback_over_the_delays_of_coolify() {
    let cluster = required!(Cluster::new());
    let mut town = Town::unhurried(&cluster, Delays::scaled(0.0));
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    town.apply();
    let (mut whole, mut phases) = (Vec::new(), BTreeMap::<String, Vec<Duration>>::new());
    town.rollout("r1").ends(0);
    for _ in 0..TIMES {
        // What is gone back from is of no interest.
        let quick = [("XTASK_COOLIFY_POLL_MS", "40"), ("XTASK_TESTS_VERIFY_MS", "200")];
        town.world.run_with(&["rollout", "production", "r2", "--apply"], &quick).ends(0);
        let began = Instant::now();
        town.runs(&["rollback", "production", "r1"]).ends(0);
        whole.push(began.elapsed());
        town.serves("backend", "r1");
        let audit = town.world.run(&["audit", "list", "production", "--json"]).stdout;
        let audit: Value = serde_json::from_str(&audit).unwrap();
        for phase in
            audit["records"].as_array().unwrap().last().unwrap()["phases"].as_array().unwrap()
        {
            let took = Duration::from_millis(phase[1].as_u64().unwrap());
            phases.entry(phase[0].as_str().unwrap().to_owned()).or_default().push(took);
        }
    }
    for (name, all) in phases {
        println!("{}", line(&name, all));
    }
    println!("{}", line("rollback", whole));
}
