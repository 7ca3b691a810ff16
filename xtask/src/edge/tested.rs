//! What only tests change of a run: where it is killed, as a machine that loses its power would end
//! it, and how long it verifies.

use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;

/// Names the point where this process is killed.
const KILL_AT: &str = "XTASK_TESTS_KILL_AT";
/// So many milliseconds a verification takes.
const VERIFY_MS: &str = "XTASK_TESTS_VERIFY_MS";

/// Ends this process at once, without a last word, if a test named this point.
pub fn kill_at(point: &str) {
    if std::env::var(KILL_AT).is_ok_and(|named| named == point) {
        let own = Pid::from_raw(i32::try_from(std::process::id()).unwrap_or(0));
        // What cannot be killed goes on, and its test fails.
        let _killed = own.map(|own| kill_process(own, Signal::KILL));
    }
}

/// How long a verification takes: as long as `wanted`, unless a test says otherwise.
pub fn verification(wanted: Duration) -> Duration {
    let told = std::env::var(VERIFY_MS).ok().and_then(|text| text.parse().ok());
    told.map_or(wanted, Duration::from_millis)
}
