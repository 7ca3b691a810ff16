//! `db doctor`: how a living database is.

use crate::database::connections;
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::ship::site::Site;
use crate::world::World;
use xtask_core::database::health;

pub(super) fn run(name: &str, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, name)?;
    let database = Database::connect(&site.database()?)?;
    let mut lines = health::judge(&database.health()?);
    let services = site.target.services_database()?;
    lines.extend(connections::judge(&database, &services, &world.deploy, site.environment)?);
    Ok(super::show(&lines, world))
}
