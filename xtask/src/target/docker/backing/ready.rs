//! Whether a backing service answers: asked in its own language, not by looking at its process.

use super::super::DockerTarget;
use crate::edge::postgres::Database;
use crate::edge::postgres::roles::Role;
use crate::edge::shell::last_lines;
use crate::edge::{clock, redis};
use crate::error::{Context as _, Result, code};
use crate::exit::Exit;
use crate::report::Phase;
use crate::runtime;
use std::time::Duration;
use xtask_core::ship::backing::{self, APPLICATION_USER, BackingService};
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
        backing::Role::Postgres => Database::connect(&target.address("postgres"))?.ping(),
        backing::Role::Redis => redis::ping(target.backing.redis.port),
        backing::Role::Registry => runtime::wait(registry(target).ping())
            .or_outside(|| "failed to ask the registry".to_owned()),
        backing::Role::Proxy => target.proxy().config().map(drop),
    }
}

/// Makes the project's database in the cluster, once.
pub(super) fn ensure_database(target: &DockerTarget<'_>) -> Result<()> {
    let cluster = Database::connect(&target.address("postgres"))?;
    cluster.ensure_database(target.project())
}

/// Lets the services log in as a role of their own, under row level security. A cluster of before
/// has none, or one of another password; its data stays as it is.
pub(super) fn ensure_application_role(target: &DockerTarget<'_>) -> Result<()> {
    let cluster = Database::connect(&target.address("postgres"))?;
    let wanted = Role { may_login: true, passes_policies: false, may_more: false };
    if cluster.role(APPLICATION_USER)? == Some(wanted) {
        match Database::connect(&target.application_address()) {
            Ok(_) => return Ok(()),
            Err(failure) if failure.name() == code::PASSWORD_WRONG.name => {}
            Err(failure) => return Err(failure),
        }
    }
    cluster.ensure_login(APPLICATION_USER, &target.application_password())
}

fn registry(target: &DockerTarget<'_>) -> Registry {
    Registry::new(target.environment.registry.registry(), None)
}
