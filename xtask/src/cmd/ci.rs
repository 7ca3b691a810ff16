//! `ci`: every check and test of the repository, as many at once as there are cores.

use crate::ci;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Ci;
use crate::world::World;

pub(super) fn run(flags: &Ci, world: &World<'_>) -> Result<Exit> {
    ci::run(flags, world)
}
