//! How often something is tried again, how long we wait between, and by which clock.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What time it is, and waiting. Tests hand in one that only pretends to wait.
pub trait Clock: Send + Sync {
    /// The time of day: unlike a monotonic clock it goes on while a laptop sleeps, and tokens
    /// expire meanwhile.
    fn now(&self) -> SystemTime;
    fn wait(&self, time: Duration) -> Waiting<'_>;
}

/// A wait that has begun.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait(&self, time: Duration) -> Waiting<'_> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The limits within which we try again.
#[derive(Clone)]
pub struct RetryPolicy {
    /// How often one thing is tried in all.
    pub tries: u32,
    /// The wait after the first failure; it doubles from there.
    pub first_wait: Duration,
    /// No single wait is longer, whatever the registry asks for.
    pub longest_wait: Duration,
    /// Blobs above this go in chunks at once, for a proxy that is known to refuse longer bodies.
    pub whole: u64,
    /// The largest body of one chunk. GHCR refuses more than 4 MiB with 416.
    pub chunk: u64,
    /// How long the first byte of a long blob waits for a refusal. `None` is as long as a refusal
    /// takes: twice the time of the last small exchange, and no longer than half a second.
    pub refusal: Option<Duration>,
    /// Time, and waiting.
    pub clock: Arc<dyn Clock>,
}

impl RetryPolicy {
    /// The wait after failure number `failures` (from 1), or longer if the registry `asked` for
    /// that. One that asks for none, or for a moment that is over, would have every try at once.
    pub fn wait_after(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_wait.saturating_mul(1 << failures.saturating_sub(1).min(16));
        asked.unwrap_or_default().max(doubled).min(self.longest_wait)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            whole: u64::MAX,
            chunk: 4 << 20,
            refusal: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RetryPolicy({} tries, up to {:?})", self.tries, self.longest_wait)
    }
}

/// The wait a `Retry-After` header asks for: seconds, or a date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stop_at_the_longest() {
        let retry_policy =
            RetryPolicy { longest_wait: Duration::from_secs(3), ..RetryPolicy::default() };
        let waits = [1, 2, 3, 4, 60].map(|failures| retry_policy.wait_after(failures, None));
        assert_eq!(waits.map(|wait| wait.as_millis()), [500, 1000, 2000, 3000, 3000]);
    }

    #[test]
    fn the_registry_may_ask_for_its_own_wait_but_not_for_any() {
        let retry_policy = RetryPolicy::default();
        let asked =
            |seconds| retry_policy.wait_after(1, Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!((asked(7), asked(86_400)), (7, 60));
    }

    #[test]
    fn a_registry_that_asks_for_no_wait_gets_our_own() {
        let policy = RetryPolicy::default();
        let waits = [1, 2, 3, 4].map(|failures| policy.wait_after(failures, Some(Duration::ZERO)));
        assert_eq!(waits.map(|wait| wait.as_millis()), [500, 1000, 2000, 4000]);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |text| retry_after(text, now);
        assert_eq!(read("12"), Some(Duration::from_secs(12)));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
