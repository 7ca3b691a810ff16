//! What stopping and deleting an application do to its containers.

use super::{Containers, Delays};

/// Whether `docker_cleanup` was left on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// The default: what nobody uses goes, from the whole host.
    WholeHost,
    /// Nothing else is touched.
    None,
}

/// Stops and removes every container of an application, newest first.
pub fn stop(
    app: &str,
    grace_seconds: i64,
    cleanup: Cleanup,
    containers: &dyn Containers,
    delays: &Delays,
) {
    delays.work(1000);
    for container in containers.list(app) {
        containers.stop(&container.name, delays.configured(grace_seconds));
        containers.remove(&container.name);
    }
    if cleanup == Cleanup::WholeHost {
        containers.prune_host();
    }
}
