//! What time it is, and waiting for a condition with a deadline.

use std::time::{Duration, Instant, SystemTime};

/// Now, RFC 3339 in UTC, to the second.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Seconds since the moment `at` (RFC 3339), if it can be read.
pub fn seconds_since(at: &str) -> Option<u64> {
    let then = humantime::parse_rfc3339_weak(at.get(..19)?).ok()?;
    Some(SystemTime::now().duration_since(then).ok()?.as_secs())
}

/// Asks `condition` every `every` until it answers or `limit` is over; then gives its last reason.
pub fn wait_for<T, E>(
    limit: Duration,
    every: Duration,
    mut condition: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let began = Instant::now();
    loop {
        match condition() {
            Ok(value) => return Ok(value),
            Err(reason) if began.elapsed() >= limit => return Err(reason),
            Err(_) => std::thread::sleep(every),
        }
    }
}
