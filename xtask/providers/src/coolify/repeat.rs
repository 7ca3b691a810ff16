//! What is asked again, and when.

use super::client::Act;
use super::error::Kind;
use super::settings::Settings;
use std::time::Duration;

/// How long to wait before the next try, if there is to be one after `tries` of them.
pub(super) fn pause(kind: &Kind, act: Act, tries: u32, settings: &Settings) -> Option<Duration> {
    if tries >= settings.tries || !may_repeat(kind, act) {
        return None;
    }
    let own = settings.pause.saturating_mul(1 << (tries - 1).min(16));
    match kind {
        Kind::QueueFull { retry_after: Some(asked) }
        | Kind::TooMany { retry_after: Some(asked) } => {
            (*asked <= settings.longest_pause).then(|| own.max(*asked))
        }
        _ => Some(own.min(settings.longest_pause)),
    }
}

/// What was never begun may be asked again, whatever it is; what may have been done, only where
/// doing it twice is doing it once.
fn may_repeat(kind: &Kind, act: Act) -> bool {
    match kind {
        Kind::QueueFull { .. } | Kind::TooMany { .. } | Kind::ConnectionRefused => true,
        Kind::Unreachable | Kind::TimedOut | Kind::Truncated => act != Act::Once,
        Kind::ServerError => act == Act::Read,
        _ => false,
    }
}

/// Whether an attempt that ended so may have done what it was to do.
pub(super) fn is_outcome_unknown(kind: &Kind, is_success: bool, act: Act) -> bool {
    act != Act::Read
        && match kind {
            Kind::Unreachable | Kind::TimedOut | Kind::ServerError | Kind::Truncated => true,
            // It was accepted; how, cannot be read.
            Kind::NotJson | Kind::Malformed { .. } | Kind::TooLarge => is_success,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTS: [Act; 3] = [Act::Read, Act::Idempotent, Act::Once];

    fn repeated(kind: &Kind) -> [bool; 3] {
        ACTS.map(|act| pause(kind, act, 1, &Settings::default()).is_some())
    }

    #[test]
    fn what_is_repeated_hangs_on_what_may_have_been_done() {
        let all = [true; 3];
        assert_eq!(repeated(&Kind::ConnectionRefused), all);
        assert_eq!(repeated(&Kind::TooMany { retry_after: None }), all);
        assert_eq!(repeated(&Kind::QueueFull { retry_after: None }), all);
        for kind in [Kind::Unreachable, Kind::TimedOut, Kind::Truncated] {
            assert_eq!(repeated(&kind), [true, true, false], "{kind:?}");
        }
        assert_eq!(repeated(&Kind::ServerError), [true, false, false]);
    }

    #[test]
    fn a_refusal_is_never_repeated() {
        let refusals = [
            Kind::Unauthenticated,
            Kind::Forbidden { ability: None },
            Kind::ApiOff,
            Kind::AddressRefused,
            Kind::TeamRole,
            Kind::NotFound,
            Kind::NoSuchRoute,
            Kind::BadRequest,
            Kind::Conflict,
            Kind::Invalid { fields: Vec::new() },
            Kind::NotJson,
            Kind::Unexpected,
            Kind::Untrusted,
            Kind::Cancelled,
        ];
        for kind in refusals {
            assert_eq!(repeated(&kind), [false; 3], "{kind:?}");
        }
    }

    #[test]
    fn pauses_double_and_a_server_may_ask_for_longer_ones() {
        let settings = Settings { tries: 9, ..Settings::default() };
        let of = |kind: &Kind, tries| pause(kind, Act::Read, tries, &settings);
        let [half, two] = [500, 2000].map(Duration::from_millis);
        assert_eq!((of(&Kind::TimedOut, 1), of(&Kind::TimedOut, 3)), (Some(half), Some(two)));
        assert_eq!(of(&Kind::TimedOut, 9), None);
        let asked = |seconds| Kind::TooMany { retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(of(&asked(60), 1), Some(Duration::from_secs(60)));
        assert_eq!(of(&asked(0), 1), Some(half), "a server that is in a hurry is not flooded");
        assert_eq!(of(&asked(3600), 1), None, "nobody waits for an hour");
    }
}
