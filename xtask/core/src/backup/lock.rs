//! Locks of a repository: whether somebody may be at work in it.

use crate::moment::Moment;
use serde::Deserialize;

/// restic takes a lock that was not renewed for so long for one of the dead.
const STALE_SECONDS: u64 = 30 * 60;

/// A lock as restic keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lock {
    /// When it was taken or renewed, RFC 3339 with whatever zone the machine has.
    pub time: String,
    /// The machine and the process that hold it.
    #[serde(default)]
    pub hostname: String,
    #[serde(default)]
    pub pid: i32,
}

impl Lock {
    /// Whether its holder may still work. `here` is this machine, which knows what `runs` on it;
    /// of another one only time tells.
    pub fn may_live(&self, now: Moment, here: &str, runs: impl Fn(i32) -> bool) -> bool {
        let is_old = Moment::of_any_zone(&self.time)
            .is_some_and(|taken| now.seconds_since(taken) > STALE_SECONDS);
        let is_dead = self.hostname == here && !runs(self.pid);
        !is_old && !is_dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_of_the_dead_when_it_is_old_or_its_process_is_gone_here() {
        let now: Moment = "2026-11-27T12:00:00Z".parse().unwrap();
        let live = |text: &str| {
            let lock: Lock = serde_json::from_str(text).unwrap();
            lock.may_live(now, "here", |pid| pid == 7)
        };
        let lock = |time: &str, host: &str, pid: i32| {
            format!(
                r#"{{"time": "{time}", "exclusive": false, "hostname": "{host}", "pid": {pid}}}"#
            )
        };
        assert!(live(&lock("2026-11-27T12:45:00.5+01:00", "here", 7)));
        assert!(!live(&lock("2026-11-27T12:45:00.5+01:00", "here", 8)));
        assert!(live(&lock("2026-11-27T12:45:00.5+01:00", "elsewhere", 8)));
        assert!(!live(&lock("2026-11-27T12:15:00.5+01:00", "elsewhere", 8)));
        assert!(live(&lock("soon", "elsewhere", 8)), "what is not understood may live");
    }
}
