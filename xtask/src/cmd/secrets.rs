//! `secrets`: what environments must know and nobody else may. Values are read, compared, encrypted
//! and handed over; none is shown.

mod check;
mod edit;
mod list;
mod recipients;
mod rotate;
mod set;
mod sync;

use crate::edge::vault::Vault;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Secrets;
use crate::world::World;
use xtask_core::deploy::AgeName;

pub(super) fn run(flags: &Secrets, world: &World<'_>) -> Result<Exit> {
    match flags {
        Secrets::Set(flags) => set::run(flags, world),
        Secrets::List(flags) => list::run(flags, world),
        Secrets::Check(flags) => check::run(flags, world),
        Secrets::Edit(flags) => edit::run(flags, world),
        Secrets::Recipients(flags) => recipients::run(flags, world),
        Secrets::Sync(flags) => sync::run(flags, world),
        Secrets::Rotate(flags) => rotate::run(flags, world),
    }
}

/// The encrypted file of an environment; other files may have other names, such as `ci`.
fn vault(world: &World<'_>, name: &str) -> Result<Vault> {
    format!("{name}/x").parse::<AgeName>().map_err(|_| {
        Failure::usage(format!(
            "`{name}` is no name of a file: wanted lowercase letters, digits, `-`"
        ))
    })?;
    Ok(Vault::of(&world.places.root, name))
}
