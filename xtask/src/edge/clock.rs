//! What time it is, and waiting for a condition with a deadline.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use xtask_core::moment::Moment;

/// Now, RFC 3339 in UTC, to the second.
pub fn now() -> String {
    moment().to_string()
}

pub fn moment() -> Moment {
    second(since_epoch())
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn second(since: Duration) -> Moment {
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Moment::from_seconds(seconds).expect("the clock stands before the year 9999")
}

/// Now, to the millisecond, as names of files take it and sort by it: `20261126T155040.123Z`.
pub fn stamp() -> String {
    let since = since_epoch();
    let digits = second(since).to_string().replace(['-', ':', 'Z'], "");
    format!("{digits}.{:03}Z", since.subsec_millis())
}

/// Seconds since the moment `at` (RFC 3339), if it can be read.
pub fn seconds_since(at: &str) -> Option<u64> {
    Some(moment().seconds_since(at.parse().ok()?))
}

/// How long ago `began` was, in milliseconds.
pub fn milliseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
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

/// How long this machine has been up, with the time that it slept.
pub fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}
