//! Coolify's own delays, which a test makes shorter.

use std::time::Duration;

/// How much of Coolify's own time passes. It scales what Coolify waits and works, also the
/// seconds of a health check and of a stop's grace.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    scale: f64,
}

impl Delays {
    /// `1.0` takes as long as a real Coolify did; `0.0` takes no time.
    pub fn scaled(scale: f64) -> Self {
        Self { scale: scale.max(0.0) }
    }

    /// So much of Coolify's time, in ours.
    pub fn of(&self, coolify: Duration) -> Duration {
        coolify.mul_f64(self.scale)
    }

    /// Waits so much of Coolify's time.
    pub fn pass(&self, coolify: Duration) {
        let ours = self.of(coolify);
        if !ours.is_zero() {
            std::thread::sleep(ours);
        }
    }
}
