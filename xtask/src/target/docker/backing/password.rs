//! A new password for the database, where the old one is lost.

use super::super::{DATABASE_SECRET, DockerTarget};
use super::{examine, image};
use crate::error::{Failure, Result, code};
use xtask_core::secret::Secret;
use xtask_core::ship::backing::{BackingService, Cluster, DATABASE_USER, Role, backing_services};
use xtask_core::ship::instance;

/// Sets the password of the database's owner to the one in the secrets, and brings the backing up
/// with it. No password is asked for: the server is stopped, and its files are changed by its own
/// program.
pub fn reset(target: &DockerTarget<'_>) -> Result<()> {
    super::preflight(target)?;
    let phase = target.world.report.phase("password");
    let backing_services = backing_services(target.backing);
    let service = backing_services
        .iter()
        .find(|service| service.role == Role::Postgres)
        .expect("it is always there");
    let tag = image::ensure(target, service, &phase)?;
    stop(target, service)?;
    // A cleaned engine has the volume and no network.
    target.docker().ensure_network(&target.owner, target.project())?;
    match examine(target, service, &tag)? {
        Cluster::Whole(_) => {}
        _ => {
            return Err(Failure::refused("cannot set a password: there is no database")
                .code(&code::NOT_UP)
                .hint("`./x up` makes one"));
        }
    }
    let command = service.single_user(&target.owner, &tag, target.engine.grants);
    let run = target.docker().run(&command.input(statement(&target.secrets[DATABASE_SECRET])));
    run.map_err(|failure| failure.during("failed to set the database's password"))?;
    phase.done("set in the database");
    super::ensure(target)
}

fn stop(target: &DockerTarget<'_>, service: &BackingService) -> Result<()> {
    let container = service.container(target.project());
    if target.docker().state(&container)?.is_some_and(|state| state.running) {
        target.docker().run(&instance::stop(&container, 0))?;
    }
    Ok(())
}

/// The server is handed the verifier and not the password: statements may end in its log.
fn statement(password: &Secret) -> Secret {
    let verifier = postgres_protocol::password::scram_sha_256(password.expose().as_bytes());
    Secret::new(format!("ALTER ROLE \"{DATABASE_USER}\" PASSWORD '{verifier}';\n"))
}
