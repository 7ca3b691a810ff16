//! How long is waited before a call is made again.
//!
//! `RateLimit-Reset` is the second in which the bucket is *full* again, so whoever waits for it
//! waits for an hour: one request is granted much sooner.

use super::error::Kind;
use crate::call::{Act, Unanswered};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xtask_http::HeaderMap;

/// Nobody waits longer than that between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait after `tries` of them, if there is to be another. `unit` is a second, and less
/// in tests.
pub(super) fn before_next(kind: &Kind, act: Act, tries: u32, unit: Duration) -> Option<Duration> {
    let own = unit.saturating_mul(1 << (tries - 1).min(6));
    let pause = match kind {
        // Refused before anything was begun.
        Kind::TooMany { after } => own.max(unit.mul_f64(after.as_secs_f64().min(60.0))),
        Kind::Conflict | Kind::Unanswered(Unanswered::Refused) => own,
        Kind::ServerError
        | Kind::Unavailable
        | Kind::Unanswered(Unanswered::Unreachable | Unanswered::TimedOut)
            if act == Act::Idempotent =>
        {
            own
        }
        _ => return None,
    };
    Some(pause.min(LONGEST))
}

/// When the next request is granted: as `Retry-After` says, else when one of the bucket is back.
pub(super) fn asked_for(headers: &HeaderMap, now: SystemTime) -> Duration {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Duration::from_secs(seconds).min(LONGEST);
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let full = number("ratelimit-reset").zip(number("ratelimit-limit"));
    let one = full.map_or(1, |(full, limit)| full.saturating_sub(now).div_ceil(limit.max(1)));
    Duration::from_secs(one.max(1)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask_http::{HeaderName, HeaderValue};

    fn asked(headers: &[(&'static str, &'static str)]) -> u64 {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        asked_for(&pairs.collect(), now).as_secs()
    }

    #[test]
    fn the_moment_when_the_bucket_is_full_is_not_waited_for() {
        let limit = ("ratelimit-limit", "3600");
        assert_eq!(asked(&[limit, ("ratelimit-reset", "4600")]), 1);
        assert_eq!(asked(&[limit, ("ratelimit-reset", "8200")]), 2);
        assert_eq!(asked(&[limit, ("ratelimit-reset", "1")]), 1, "its clock is behind");
        assert_eq!(asked(&[("retry-after", "7"), limit]), 7);
        assert_eq!(asked(&[("retry-after", "7200")]), 60);
        assert_eq!(asked(&[]), 1);
    }

    #[test]
    fn what_may_have_been_bought_is_not_bought_again() {
        let unit = Duration::from_secs(1);
        let next = |kind: &Kind, act| before_next(kind, act, 1, unit).is_some();
        let lost = [Unanswered::Unreachable, Unanswered::TimedOut].map(Kind::from);
        for kind in [Kind::ServerError, Kind::Unavailable].into_iter().chain(lost) {
            assert!(next(&kind, Act::Idempotent) && !next(&kind, Act::Once), "{kind:?}");
        }
        let after = Duration::from_secs(3);
        for kind in [Kind::TooMany { after }, Kind::Conflict, Unanswered::Refused.into()] {
            assert!(next(&kind, Act::Once), "{kind:?}");
        }
        let unread = Kind::from(Unanswered::NotUnderstood);
        for kind in [Kind::OutOfStock, Kind::Locked, Kind::Gone, unread] {
            assert!(!next(&kind, Act::Idempotent), "{kind:?}");
        }
    }
}
