//! Whether a part answers: asked in its own language, not by looking at its process.

use super::super::site::Site;
use crate::edge::shell::last_lines;
use crate::edge::{clock, redis};
use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::report::Phase;
use crate::runtime;
use std::time::Duration;
use xtask_core::backing::{Part, Role};

const LIMIT: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(100);

/// Waits until `part` answers; what it wrote is in the error.
pub(super) fn wait(site: &Site<'_>, part: &Part, phase: &Phase<'_>) -> Result<()> {
    phase.doing(&format!("waiting for {}", part.name()));
    let answered = clock::wait_for(LIMIT, EVERY, || match ask(site, part) {
        // What is refused now is refused in a minute as well.
        Err(refusal) if refusal.exit() == Exit::Refused => Ok(Err(refusal)),
        other => other.map(Ok),
    });
    answered.unwrap_or_else(|failure| {
        let logs = site.docker().logs(&part.container(site.project()), 10).unwrap_or_default();
        Err(failure
            .during(format!("failed to start {}: it does not answer after a minute", part.name()))
            .reason(format!("it wrote last:\n{}", last_lines(&logs, 10))))
    })
}

fn ask(site: &Site<'_>, part: &Part) -> Result<()> {
    match part.role {
        Role::Postgres => site.database().with_database("postgres").connect()?.ping(),
        Role::Redis => redis::ping(site.backing.redis.port),
        Role::Registry => runtime::wait(site.registry().ping())
            .or_outside(|| "failed to ask the registry".to_owned()),
        Role::Proxy => site.proxy().config().map(drop),
    }
}

/// Makes the project's database in the cluster, once.
pub(super) fn ensure_database(site: &Site<'_>) -> Result<()> {
    let mut cluster = site.database().with_database("postgres").connect()?;
    cluster.ensure_database(site.project())
}
