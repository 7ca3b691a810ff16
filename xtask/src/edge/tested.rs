//! What only tests change of a run: where it is killed, as a machine that loses its power would end
//! it, and how long it verifies.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Names the point where this process is killed.
const KILL_AT: &str = "XTASK_TESTS_KILL_AT";
/// So many milliseconds a verification takes.
const VERIFY_MS: &str = "XTASK_TESTS_VERIFY_MS";

/// Ends this process at once, without a last word, if a test named this point; `point#2` is the
/// second time that it is come to.
pub fn kill_at(point: &str) {
    let Ok(named) = std::env::var(KILL_AT) else { return };
    let (name, time) = named.split_once('#').unwrap_or((&named, "1"));
    if name == point && time == come_to(point).to_string() {
        let own = Pid::from_raw(i32::try_from(std::process::id()).unwrap_or(0));
        // What cannot be killed goes on, and its test fails.
        let _killed = own.map(|own| kill_process(own, Signal::KILL));
    }
}

/// How often this process has come to that point, with this time.
fn come_to(point: &str) -> u32 {
    static TIMES: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    let count = times.entry(point.to_owned()).or_default();
    *count += 1;
    *count
}

/// How long a verification takes: as long as `wanted`, unless a test says otherwise.
pub fn verification(wanted: Duration) -> Duration {
    let told = std::env::var(VERIFY_MS).ok().and_then(|text| text.parse().ok());
    told.map_or(wanted, Duration::from_millis)
}
