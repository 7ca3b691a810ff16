//! `db reset-password`: a new password for the local database, where the old one is lost.

use crate::edge::lease::{self, Lease};
use crate::edge::secrets;
use crate::error::Result;
use crate::exit::Exit;
use crate::target::docker::backing::password;
use crate::target::docker::{self, DATABASE_SECRET};
use crate::world::World;
use serde_json::json;

/// The database is changed first and the file after it: a run that is killed between the two is
/// fixed by the same command.
pub(super) fn run(name: &str, world: &World<'_>) -> Result<Exit> {
    let (environment, _) = docker::backing_of(world, name)?;
    let folder = world.state(name);
    let _lease = Lease::take(&folder, "db reset-password", &lease::who())?;
    let (secrets, generated) = secrets::renewed(&folder, &environment.secrets, DATABASE_SECRET)?;
    let target = docker::open_with(world, name, secrets)?;
    password::reset(&target)?;
    generated.keep(&folder)?;
    let file = secrets::file(&folder).display().to_string();
    let message =
        format!("the database has a new password, kept in `{file}`; `./x up` hands it over");
    world.report.data(&json!({ "environment": name, "secrets": file }), &message);
    Ok(Exit::Done)
}
