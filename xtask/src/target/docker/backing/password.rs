//! A new password for the database, where the old one is lost.

use super::super::{DATABASE_SECRET, DockerTarget};
use super::{examine, image};
use crate::error::{Failure, Result, code};
use xtask_core::secret::Secret;
use xtask_core::ship::backing::{Cluster, DATABASE_USER, Part, Role, parts};
use xtask_core::ship::instance;

/// Sets the password of the database's owner to the one in the secrets, and brings the backing up
/// with it. No password is asked for: the server is stopped, and its files are changed by its own
/// program.
pub fn reset(target: &DockerTarget<'_>) -> Result<()> {
    super::preflight(target)?;
    let phase = target.world.report.phase("password");
    let parts = parts(target.backing);
    let part = parts.iter().find(|part| part.role == Role::Postgres).expect("it is always a part");
    let tag = image::ensure(target, part, &phase)?;
    stop(target, part)?;
    // A cleaned engine has the volume and no network.
    target.docker().ensure_network(&target.owner)?;
    match examine(target, part, &tag)? {
        Cluster::Whole(_) => {}
        _ => {
            return Err(Failure::refused("cannot set a password: there is no database")
                .code(&code::NOT_UP)
                .hint("`./x up` makes one"));
        }
    }
    let command = part.single_user(&target.owner, &tag, target.engine.grants);
    let run = target.docker().run(&command.input(statement(&target.secrets[DATABASE_SECRET])));
    run.map_err(|failure| failure.during("failed to set the database's password"))?;
    phase.done("set in the database");
    super::ensure(target)
}

fn stop(target: &DockerTarget<'_>, part: &Part) -> Result<()> {
    let container = part.container(target.project());
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
