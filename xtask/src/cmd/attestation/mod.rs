//! `attestation`: signed statements of every type, checked in one way.

mod verify;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Attestation;
use crate::world::World;

/// Does what the command line says about statements.
pub(super) fn run(flags: &Attestation, world: &World<'_>) -> Result<Exit> {
    match flags {
        Attestation::Verify(flags) => verify::run(flags, world),
    }
}
