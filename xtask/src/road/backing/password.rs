//! A new password for the database, where the old one is lost.

use super::super::site::Site;
use super::{examine, image};
use crate::error::{Failure, Result};
use xtask_core::backing::{Cluster, DATABASE_USER, Part, Role, parts};
use xtask_core::instance;
use xtask_core::secret::Secret;

/// Sets the password of the database's owner to the one in the secrets, and brings the backing up
/// with it. No password is asked for: the server is stopped, and its files are changed by its own
/// program.
pub fn reset(site: &Site<'_>) -> Result<()> {
    super::preflight(site)?;
    let phase = site.world.report.phase("password");
    let parts = parts(site.backing);
    let part = parts.iter().find(|part| part.role == Role::Postgres).expect("it is always a part");
    let tag = image::ensure(site, part, &phase)?;
    stop(site, part)?;
    match examine(site, part, &tag)? {
        Cluster::Whole(_) => {}
        _ => {
            return Err(Failure::refused("cannot set a password: there is no database")
                .hint("`./x up` makes one"));
        }
    }
    let command = part.single_user(&site.owner, &tag, site.engine.grants);
    let run = site.docker().run(&command.input(statement(&site.secrets["database"])));
    run.map_err(|failure| failure.during("failed to set the database's password"))?;
    phase.done("set in the database");
    super::ensure(site)
}

fn stop(site: &Site<'_>, part: &Part) -> Result<()> {
    let container = part.container(site.project());
    if site.docker().state(&container)?.is_some_and(|state| state.running) {
        site.docker().run(&instance::stop(&container, 0))?;
    }
    Ok(())
}

/// The server is handed the verifier and not the password: statements may end in its log.
fn statement(password: &Secret) -> Secret {
    let verifier = postgres_protocol::password::scram_sha_256(password.expose().as_bytes());
    Secret::new(format!("ALTER ROLE \"{DATABASE_USER}\" PASSWORD '{verifier}';\n"))
}
