//! The project's bucket of requests: so many, and one more each second of its own clock.

use super::state::State;

/// What Hetzner grants a project in an hour.
pub(super) const LIMIT: f64 = 3600.0;

/// How much of the bucket is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) limit: f64,
    left: f64,
    /// When it was looked at last, in milliseconds.
    at: u64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self::of(LIMIT, 0)
    }
}

impl Bucket {
    pub(super) fn of(limit: f64, at: u64) -> Self {
        Self { limit, left: limit, at }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, now: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a test does not last for ages")]
        let refilled = now.saturating_sub(self.at) as f64 / 1000.0;
        self.left = (self.left + refilled).min(self.limit);
        self.at = now;
        let is_there = self.left >= 1.0;
        if is_there {
            self.left -= 1.0;
        }
        is_there
    }
}

impl State {
    /// The limit, what is left, and the second in which the bucket is full again.
    pub(super) fn rate(&self) -> [(&'static str, String); 3] {
        let bucket = self.bucket;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, small")]
        let whole = |number: f64| number.max(0.0).floor() as u64;
        let full = self.seconds() + whole((bucket.limit - bucket.left).ceil());
        [
            ("RateLimit-Limit", whole(bucket.limit).to_string()),
            ("RateLimit-Remaining", whole(bucket.left).to_string()),
            ("RateLimit-Reset", full.to_string()),
        ]
    }
}
