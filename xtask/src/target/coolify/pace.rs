//! How often a deployment is looked at, and how long each part of it may take.

use crate::error::{Context as _, Result};
use std::time::Duration;
use xtask_core::coolify::watch::Limits;
use xtask_core::deploy::Service;
use xtask_core::deploy::drain::stop_grace;
use xtask_providers::coolify::Settings;

/// Milliseconds between two looks. All limits shrink and grow with them, for a Coolify whose own
/// delays are others.
const VARIABLE: &str = "XTASK_COOLIFY_POLL_MS";
const POLL_MS: u32 = 2_500;
/// Coolify's own work around the start of a container, in seconds: it pulls and connects.
const WORK: u64 = 900;
/// However short the others are: a slow machine, or a proxy that waits, is no failure.
const SHORTEST: Duration = Duration::from_secs(4);

/// How often, and by which factor all limits differ from the usual ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two looks at something that somebody else must end.
    pub poll: Duration,
    factor: f64,
}

/// A deployment of ours is looked at this much more often while it waits or runs …
const RUNNING: f64 = 0.4;
/// … and the service itself this much more often once it has ended: Coolify is then asked for
/// nothing that costs it anything, and a few answers in a row tell who serves.
const SETTLING: f64 = 0.12;

impl Pace {
    pub(super) fn of_environment() -> Result<Self> {
        let text = std::env::var(VARIABLE).unwrap_or_else(|_| POLL_MS.to_string());
        let poll: u32 = text.parse().or_usage(|| format!("cannot use `{VARIABLE}`"))?;
        Ok(Self::of(poll.max(1)))
    }

    fn of(poll_ms: u32) -> Self {
        let factor = f64::from(poll_ms) / f64::from(POLL_MS);
        Self { poll: Duration::from_millis(poll_ms.into()), factor }
    }

    /// Between two looks at a deployment of ours.
    pub(super) fn between(self, is_over: bool) -> Duration {
        self.poll.mul_f64(if is_over { SETTLING } else { RUNNING })
    }

    /// How patient the client is: it comes again when a full queue asks for that.
    pub(super) fn of_client(self) -> Settings {
        let usual = Settings::default();
        Settings { longest_pause: usual.longest_pause.mul_f64(self.factor), ..usual }
    }

    /// The limits for a service.
    pub(super) fn limits(self, service: &Service) -> Limits {
        let ends = stop_grace(service.drain_seconds);
        let starts = service.health.start_seconds;
        let seconds = |seconds: u64| Duration::from_secs(seconds).mul_f64(self.factor);
        Limits {
            appear: seconds(15).max(SHORTEST),
            queue: seconds(1_800).max(SHORTEST * 5),
            run: seconds(WORK + 2 * starts + ends).max(SHORTEST * 5),
            settle: seconds(60).max(SHORTEST),
            // A row may be called failed from outside, by a restart of Coolify, while its job goes
            // on: then the new container comes to serve after that.
            leave: seconds(starts + ends + 15).max(SHORTEST / 2),
            blind: seconds(180).max(SHORTEST * 2),
        }
    }
}
