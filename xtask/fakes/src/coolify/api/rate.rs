//! How many requests a caller may still make in this minute.

use std::collections::HashMap;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// Counters by caller.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    by_caller: HashMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    hits: u32,
    began: Instant,
}

/// What is left, or how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// So many more in this minute.
    Remaining(u32),
    /// None for so many seconds.
    Nothing(u64),
}

impl Buckets {
    /// Counts a request, unless it is one too many.
    pub(super) fn hit(&mut self, caller: &str, limit: u32, now: Instant) -> Left {
        let bucket = self.bucket(caller, now);
        if bucket.hits >= limit {
            return Left::Nothing((MINUTE - now.duration_since(bucket.began)).as_secs());
        }
        bucket.hits += 1;
        Left::Remaining(limit - bucket.hits)
    }

    /// What is left, without counting.
    pub(super) fn look(&mut self, caller: &str, limit: u32, now: Instant) -> Left {
        let bucket = self.bucket(caller, now);
        match limit.checked_sub(bucket.hits) {
            Some(0) | None => Left::Nothing((MINUTE - now.duration_since(bucket.began)).as_secs()),
            Some(left) => Left::Remaining(left),
        }
    }

    /// Forgets all of it, as a cleared cache.
    pub(super) fn clear(&mut self) {
        self.by_caller.clear();
    }

    fn bucket(&mut self, caller: &str, now: Instant) -> &mut Bucket {
        let fresh = Bucket { hits: 0, began: now };
        let bucket = self.by_caller.entry(caller.to_owned()).or_insert(fresh);
        if now.duration_since(bucket.began) >= MINUTE {
            *bucket = fresh;
        }
        bucket
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, Left};
    use std::time::{Duration, Instant};

    #[test]
    fn a_full_bucket_is_refused_until_its_minute_is_over() {
        let (mut buckets, now) = (Buckets::default(), Instant::now());
        assert_eq!(buckets.hit("a", 2, now), Left::Remaining(1));
        assert_eq!(buckets.hit("a", 2, now), Left::Remaining(0));
        let later = now + Duration::from_secs(1);
        assert_eq!(buckets.hit("a", 2, later), Left::Nothing(59));
        assert_eq!(buckets.hit("b", 2, later), Left::Remaining(1), "everybody has one");
        assert_eq!(buckets.hit("a", 2, now + Duration::from_secs(60)), Left::Remaining(1));
    }
}
