//! Whether Coolify's clock and ours agree: what is said of tokens and certificates hangs on it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};
use xtask_core::moment::Moment;

/// A difference that the way and whole seconds explain.
const AGREES_WITHIN: i64 = 60;

/// Something that is wrong and has stopped nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The two clocks differ.
    #[error("Coolify's clock is {seconds} s {} this machine's", if *.is_ahead { "ahead of" } else { "behind" })]
    ClockSkew {
        /// By how much.
        seconds: u64,
        /// Whether Coolify's is the later one.
        is_ahead: bool,
    },
}

/// The last difference that was seen, in seconds.
#[derive(Debug, Default)]
pub(super) struct Skew(AtomicI64);

impl Skew {
    /// Hears the `Date` of an answer that came at `now`, `took` after it was asked for.
    pub(super) fn hear(&self, date: Option<&str>, now: SystemTime, took: Duration) {
        let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
            return;
        };
        let took = i64::try_from(took.as_secs()).unwrap_or(i64::MAX);
        let ahead = seconds(theirs).saturating_sub(seconds(now));
        // The answer may have been written at any moment of the exchange.
        let ahead = if ahead < 0 { ahead.saturating_add(took).min(0) } else { ahead };
        self.0.store(ahead, Ordering::Relaxed);
    }

    /// What Coolify's clock shows where ours shows `now`.
    pub(super) fn theirs(&self, now: SystemTime) -> Option<Moment> {
        Moment::from_seconds(seconds(now).saturating_add(self.0.load(Ordering::Relaxed)))
    }

    pub(super) fn warning(&self) -> Option<Warning> {
        let ahead = self.0.load(Ordering::Relaxed);
        let seconds = ahead.unsigned_abs();
        (ahead.abs() > AGREES_WITHIN).then_some(Warning::ClockSkew { seconds, is_ahead: ahead > 0 })
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(date: &str, now: &str, took: u64) -> Option<String> {
        let skew = Skew::default();
        let now = httpdate::parse_http_date(now).unwrap();
        skew.hear(Some(date), now, Duration::from_secs(took));
        skew.warning().map(|warning| warning.to_string())
    }

    #[test]
    fn a_clock_that_is_far_from_ours_is_noticed() {
        let (early, late) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:59:37 GMT");
        let behind = heard(early, late, 0).unwrap();
        assert_eq!(behind, "Coolify's clock is 600 s behind this machine's");
        let ahead = heard(late, early, 0).unwrap();
        assert_eq!(ahead, "Coolify's clock is 600 s ahead of this machine's");
        assert_eq!(heard(early, early, 0), None);
        assert_eq!(heard(early, late, 590), None, "the exchange itself took so long");
        assert_eq!(heard("yesterday", late, 0), None);
    }

    #[test]
    fn what_coolifys_clock_shows_follows_from_ours() {
        let moment = |text: &str| httpdate::parse_http_date(text).unwrap();
        let (ours, theirs) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:59:37 GMT");
        let skew = Skew::default();
        let shown = |now: &str| skew.theirs(moment(now)).unwrap().to_string();
        assert_eq!(shown(ours), "1994-11-06T08:49:37Z");
        skew.hear(Some(theirs), moment(ours), Duration::ZERO);
        assert_eq!(shown(ours), "1994-11-06T08:59:37Z");
    }
}
