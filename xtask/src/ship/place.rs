//! Where a database is: by the environment that uses it, or by the secret that holds its address.

use super::site::Site;
use crate::edge::secrets;
use crate::error::{Context as _, Failure, Result};
use crate::world::World;
use xtask_core::address;
use xtask_core::deploy::SecretSource;
use xtask_core::ship::database::Address;

/// The database of an environment, as it is reached from here. Nothing else of it is asked for: who
/// backs up needs no key to the server.
pub fn of_environment(world: &World<'_>, name: &str) -> Result<Address> {
    let environment = world.environment(name)?;
    // What runs a database itself tells where; the others are told by whoever runs it.
    let Some(database) = &environment.database else {
        return Site::look(world, name)?.database();
    };
    let name = if database.direct_url.is_some() { "database.direct_url" } else { "database.url" };
    at(name, database.direct())
}

/// The database whose address `source` holds.
pub fn at(name: &str, source: &SecretSource) -> Result<Address> {
    let text = secrets::read_one(name, source)?;
    text.expose().trim().parse().or_usage(|| format!("cannot use the address in `{source}`"))
}

/// The database that somebody names: an environment's, or by its source.
pub fn named(world: &World<'_>, text: &str) -> Result<Address> {
    match text.parse::<SecretSource>() {
        Ok(source) if source != SecretSource::Generate => at("into", &source),
        _ if address::may_be_one(text) => Err(Failure::usage(
            "cannot use `--into`: it is an address, and its password would be seen by others",
        )
        .hint("keep the address in a variable or a file: `--into env:NAME`, `--into file:PATH`")),
        _ => of_environment(world, text),
    }
}
