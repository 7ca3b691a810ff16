//! A rollback at the pace of production, against a Coolify that takes no time itself: looks,
//! verification and limits are what they are there. How long it takes is told and not judged: a
//! machine that is busy is no fault. `XTASK_TESTS_ROLLBACKS` says how many make a measurement.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::super::postgres::server::Cluster;
use super::town::{Backend, Town};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use xtask_fakes::coolify::update::Delays;
use xtask_fakes::required;

/// How many rollbacks are measured.
fn times() -> usize {
    std::env::var("XTASK_TESTS_ROLLBACKS").map_or(1, |it| it.parse().expect("a number"))
}

/// The smallest time that `percent` of the sorted ones do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100) - 1].as_secs_f64()
}

fn line(name: &str, mut all: Vec<Duration>) -> String {
    all.sort_unstable();
    let [p50, p95, max] = [50, 95, 100].map(|it| percentile(&all, it));
    format!("{name}: p50 {p50:.1} s, p95 {p95:.1} s, max {max:.1} s, of {}", all.len())
}

#[test]
fn a_rollback_at_the_pace_of_production_tells_where_its_time_goes() {
    let cluster = required!(Cluster::new());
    let mut town = Town::unhurried(&cluster, Delays::scaled(0.0));
    town.release("r1", Backend::Good);
    town.release("r2", Backend::Good);
    town.apply();
    // What is gone back from is of no interest.
    let quick = [("XTASK_COOLIFY_POLL_MS", "40"), ("XTASK_TESTS_VERIFY_MS", "200")];
    town.world.run_with(&["rollout", "production", "r1", "--apply"], &quick).ends(0);
    let (mut whole, mut phases) = (Vec::new(), BTreeMap::<String, Vec<Duration>>::new());
    for _ in 0..times() {
        town.world.run_with(&["rollout", "production", "r2", "--apply"], &quick).ends(0);
        let began = Instant::now();
        town.runs(&["rollback", "production", "r1"]).ends(0);
        whole.push(began.elapsed());
        town.serves("backend", "r1");
        for (name, took) in last_phases(&town) {
            phases.entry(name).or_default().push(took);
        }
    }
    let told: Vec<String> = phases.into_iter().map(|(name, all)| line(&name, all)).collect();
    assert!(told.iter().any(|it| it.starts_with("roll out: p50 ")), "{told:?}");
    println!("{}\n{}", told.join("\n"), line("rollback", whole));
}

/// The phases of the last record, and how long each took.
fn last_phases(town: &Town<'_>) -> Vec<(String, Duration)> {
    let audit = town.world.run(&["audit", "list", "production", "--json"]).stdout;
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let phases = &audit["records"].as_array().unwrap().last().unwrap()["phases"];
    let phases: Vec<(String, u64)> = serde_json::from_value(phases.clone()).unwrap();
    phases.into_iter().map(|(name, ms)| (name, Duration::from_millis(ms))).collect()
}
