//! Benchmarks: ours, the model and others, measured in one run on the same inputs.

mod cold;
mod image;
mod transport;
mod warm;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Bench;
use crate::world::World;

/// Does what the command line says about benchmarks.
pub(super) fn run(flags: &Bench, world: &World<'_>) -> Result<Exit> {
    match flags {
        Bench::Image(flags) => image::run(flags, world),
    }
}
