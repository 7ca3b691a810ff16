//! Whether a backing service answers: asked in its own language, not by looking at its process.

use super::super::{DockerTarget, routes};
use crate::edge::postgres::Database;
use crate::edge::shell::last_lines;
use crate::edge::{clock, redis};
use crate::error::{Context as _, Result, code};
use crate::exit::Exit;
use crate::report::Phase;
use crate::runtime;
use std::time::Duration;
use xtask_core::ship::backing::{BackingService, Role};
use xtask_registry::Registry;

const LIMIT: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(100);

/// Waits until `service` answers; what it wrote is in the error.
pub(super) fn wait(
    target: &DockerTarget<'_>,
    service: &BackingService,
    phase: &Phase<'_>,
) -> Result<()> {
    phase.doing(&format!("waiting for {}", service.name()));
    let answered = clock::wait_for(LIMIT, EVERY, || match ask(target, service) {
        _ if target.world.cancel.is_cancelled() => Ok(target.world.cancel.check()),
        // What is refused now is refused in a minute as well.
        Err(refusal) if refusal.exit() == Exit::Refused => Ok(Err(refusal)),
        other => other.map(Ok),
    });
    answered.unwrap_or_else(|failure| {
        let logs = target.docker().logs_or_why(&service.container(target.project()), 10);
        Err(failure
            .code(&code::BACKING_SILENT)
            .during(format!(
                "failed to start {}: it does not answer after a minute",
                service.name()
            ))
            .reason(format!("it wrote last:\n{}", last_lines(&logs, 10))))
    })
}

fn ask(target: &DockerTarget<'_>, service: &BackingService) -> Result<()> {
    match service.role {
        Role::Postgres => Database::connect(&target.address("postgres"))?.ping(),
        Role::Redis => redis::ping(target.backing.redis.port),
        Role::Registry => runtime::wait(registry(target).ping())
            .or_outside(|| "failed to ask the registry".to_owned()),
        // It takes what it is to listen on: so its admin API answers, and then it listens.
        Role::Proxy => routes::listen(target),
    }
}

/// Makes the project's database in the cluster, once.
pub(super) fn ensure_database(target: &DockerTarget<'_>) -> Result<()> {
    let cluster = Database::connect(&target.address("postgres"))?;
    cluster.ensure_database(target.project())
}

fn registry(target: &DockerTarget<'_>) -> Registry {
    Registry::new(target.environment.registry.registry(), None)
}
