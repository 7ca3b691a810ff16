//! Where a test has this program killed, as a machine that loses its power would end it.

use rustix::process::{Pid, Signal, kill_process};

/// Names the point; for tests only.
const VARIABLE: &str = "XTASK_TESTS_KILL_AT";

/// Ends this process at once, without a last word, if a test named this point.
pub fn at(point: &str) {
    if std::env::var(VARIABLE).is_ok_and(|named| named == point) {
        let own = Pid::from_raw(i32::try_from(std::process::id()).unwrap_or(0));
        // What cannot be killed goes on, and its test fails.
        let _killed = own.map(|own| kill_process(own, Signal::KILL));
    }
}
