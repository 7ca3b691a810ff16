//! How long a provider wants to be left alone, and what is asked again at all.

use super::Act;
use super::error::Unanswered;
use super::told::Kind;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xtask_http::HeaderMap;

/// Nobody waits longer than that to tell something.
const LONGEST: Duration = Duration::from_secs(10);
/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);

/// How long to wait before the next try, if there is to be one after `tries` of them.
pub(super) fn before_next(kind: &Kind, act: Act, tries: u32, most: u32) -> Option<Duration> {
    if tries >= most {
        return None;
    }
    let own = FIRST.saturating_mul(1 << (tries - 1).min(16));
    match kind {
        Kind::TooMany { retry_after } => match retry_after {
            Some(asked) => (*asked <= LONGEST).then(|| own.max(*asked)),
            None => Some(own),
        },
        // Nothing was begun.
        Kind::Unanswered(Unanswered::Refused) => Some(own),
        Kind::ServerError { retry_after } if act == Act::Idempotent => {
            let asked = retry_after.unwrap_or_default();
            (asked <= LONGEST).then(|| own.max(asked))
        }
        Kind::Unanswered(Unanswered::Unreachable | Unanswered::TimedOut)
            if act == Act::Idempotent =>
        {
            Some(own)
        }
        _ => None,
    }
}

/// When to come again: in the body (Discord, with a fraction), as `Retry-After` (seconds or a
/// date), or as the moment when GitHub's limit is over.
pub(super) fn asked_for(headers: &HeaderMap, body: &[u8], now: SystemTime) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let precise = body.and_then(|it| it.get("retry_after")?.as_f64()).and_then(seconds);
    let header_says = header("retry-after").and_then(|text| match text.parse::<f64>() {
        Ok(number) => seconds(number),
        Err(_) => until(httpdate::parse_http_date(text).ok()?, now),
    });
    let reset = || {
        let at = header("x-ratelimit-reset").filter(|_| is_used_up(headers))?;
        until(UNIX_EPOCH.checked_add(seconds(at.parse().ok()?)?)?, now)
    };
    precise.or(header_says).or_else(reset)
}

/// Whether the answer says that a limit is used up.
pub(super) fn is_used_up(headers: &HeaderMap) -> bool {
    let none_left = headers.get("x-ratelimit-remaining").is_some_and(|it| it == "0");
    none_left || headers.contains_key("retry-after")
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

fn until(moment: SystemTime, now: SystemTime) -> Option<Duration> {
    Some(moment.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask_http::{HeaderName, HeaderValue};

    fn asked(headers: &[(&'static str, &'static str)], body: &str) -> Option<Duration> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        asked_for(&pairs.collect(), body.as_bytes(), now)
    }

    #[test]
    fn each_way_to_say_when_is_understood() {
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(asked(&[("retry-after", "3")], ""), ms(3000));
        assert_eq!(asked(&[("retry-after", "2")], r#"{"retry_after":1.25}"#), ms(1250));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:39 GMT")], ""), ms(2000));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT")], ""), ms(0));
        let reset = ("x-ratelimit-reset", "784111780");
        assert_eq!(asked(&[reset, ("x-ratelimit-remaining", "0")], ""), ms(3000));
        assert_eq!(asked(&[reset, ("x-ratelimit-remaining", "1")], ""), None);
        for odd in ["-1", "soon", "", "1e300", "NaN"] {
            assert_eq!(asked(&[("retry-after", odd)], "<html>"), None, "{odd}");
        }
    }

    #[test]
    fn what_may_have_been_told_is_not_told_again() {
        let next = |kind: &Kind, act| before_next(kind, act, 1, 3).is_some();
        let refused = Kind::from(Unanswered::Refused);
        let may_have = [
            Unanswered::Unreachable.into(),
            Unanswered::TimedOut.into(),
            Kind::ServerError { retry_after: None },
        ];
        for kind in may_have {
            assert!(next(&kind, Act::Idempotent) && !next(&kind, Act::Once), "{kind:?}");
        }
        assert!(next(&refused, Act::Once));
        let many = |seconds| Kind::TooMany { retry_after: Some(Duration::from_secs(seconds)) };
        assert!(next(&many(2), Act::Once) && !next(&many(3600), Act::Once));
        for kind in [Kind::Unauthenticated, Kind::Forbidden, Kind::NotFound, Kind::Invalid] {
            assert!(!next(&kind, Act::Idempotent), "{kind:?}");
        }
        assert_eq!(before_next(&refused, Act::Once, 3, 3), None);
    }
}
