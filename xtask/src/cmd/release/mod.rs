//! `release`: what is in a registry, made, shown and proved. Neither the database nor the server of
//! an environment is asked.

mod create;
mod list;
mod show;
mod verify;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Release;
use crate::ship::release::Releases;
use crate::world::World;

/// Does what the command line says about releases.
pub(super) fn run(flags: &Release, world: &World<'_>) -> Result<Exit> {
    match flags {
        Release::Create(flags) => create::run(flags, world),
        Release::List(flags) => list::run(flags, world),
        Release::Show(flags) => show::run(flags, world),
        Release::Verify(flags) => verify::run(flags, world),
    }
}

/// The releases of the environment called `name`.
fn releases(world: &World<'_>, name: &str) -> Result<Releases> {
    Releases::of(&world.environment(name)?.registry)
}
