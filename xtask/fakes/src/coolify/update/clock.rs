//! Coolify's own delays, which a test makes shorter.

use std::time::Duration;

/// How much time passes: for what Coolify does itself, and for the seconds that somebody set (a
/// health check's, a stop's grace), which real containers need as they are.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    own: f64,
    configured: f64,
}

impl Delays {
    /// Everything, for simulated containers: `1.0` takes as long as a real Coolify did, `0.0`
    /// takes no time.
    pub const fn scaled(scale: f64) -> Self {
        Self { own: scale.max(0.0), configured: scale.max(0.0) }
    }

    /// Only what Coolify does itself, for real containers.
    pub const fn of_coolify(scale: f64) -> Self {
        Self { own: scale.max(0.0), configured: 1.0 }
    }

    /// So many seconds that were set, in ours.
    pub fn configured(&self, seconds: i64) -> Duration {
        let seconds = u64::try_from(seconds).unwrap_or_default();
        Duration::from_secs(seconds).mul_f64(self.configured)
    }

    /// Waits while Coolify works for so long.
    pub fn work(&self, milliseconds: u64) {
        wait(Duration::from_millis(milliseconds).mul_f64(self.own));
    }

    /// Waits for so many seconds that were set.
    pub fn pass(&self, seconds: i64) {
        wait(self.configured(seconds));
    }
}

fn wait(ours: Duration) {
    if !ours.is_zero() {
        std::thread::sleep(ours);
    }
}
