//! Coolify's own update order.

use super::{Containers, Delays, Job, Journal};
use std::time::Duration;

/// The check that Coolify writes into the compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// For a shell in the container.
    pub command: String,
    /// Between two runs.
    pub interval: Duration,
    /// For one run.
    pub timeout: Duration,
    /// Failures until `unhealthy`.
    pub retries: i64,
    /// During which failures do not count.
    pub start_period: Duration,
}

/// Runs a deployment to its end; the row's status is written on the way. It returns when the
/// helper container is gone, which is later.
pub fn deploy(job: &Job, containers: &dyn Containers, journal: &dyn Journal, delays: &Delays) {
    let _ = (job, containers, journal, delays);
}
