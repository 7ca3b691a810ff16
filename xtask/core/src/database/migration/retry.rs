//! How long to wait before a file is tried again whose lock was not to be had.

use std::time::Duration;

/// The pause after the attempt of this number, from 1. It doubles, so that a long transaction gets
/// its time; nobody else retries beside us, because one lock orders all runners.
pub fn pause(attempt: u32) -> Duration {
    Duration::from_secs(1_u64 << attempt.saturating_sub(1).min(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_and_is_never_much_longer_than_half_a_minute() {
        let seconds: Vec<u64> = (1..9).map(|attempt| pause(attempt).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 32, 32]);
    }
}
