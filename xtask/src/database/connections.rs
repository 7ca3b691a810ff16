//! Whether the database lets everybody in who comes while a release is rolled out.

use crate::edge::postgres::Database;
use crate::error::{Failure, Result, code};
use xtask_core::database::limits::{self, Pooler, Wanted};
use xtask_core::database::line::{Line, State};
use xtask_core::deploy::{Deploy, Environment};
use xtask_core::ship::database::Address;

/// What is said of it: `database` is asked, `services` is how the services log in.
pub fn judge(
    database: &Database,
    services: &Address,
    deploy: &Deploy,
    environment: &Environment,
) -> Result<Vec<Line>> {
    let wanted = |it: &xtask_core::deploy::Service| Wanted {
        service: it.name.clone(),
        connections: it.limits.database_connections,
    };
    let wanted: Vec<Wanted> =
        deploy.services.iter().map(wanted).filter(|it| it.connections > 0).collect();
    let pooler = environment.database.as_ref().and_then(|it| it.pooler);
    let pooler = pooler.map(|it| Pooler { clients: it.clients, size: it.size });
    // The shared pooler is told the project beside the role: `role.project`.
    let role = services.user.split('.').next().unwrap_or_default();
    Ok(limits::judge(&wanted, &database.allowed(role)?, pooler))
}

/// Refuses a rollout for which there is no room.
pub fn refuse(name: &str, lines: &[Line]) -> Result<()> {
    let bad: Vec<&Line> = lines.iter().filter(|it| it.state == State::Bad).collect();
    let Some(first) = bad.first() else { return Ok(()) };
    let refused = Failure::refused(format!("cannot roll out to `{name}`: too few connections"))
        .code(&code::CONNECTIONS_FEW)
        .hint(first.hint.clone().unwrap_or_default());
    Err(bad.iter().fold(refused, |it, line| it.reason(format!("{}: {}", line.what, line.said))))
}
