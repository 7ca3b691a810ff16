//! `preflight`: everything that may stop a rollout, at once.

use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Preflight;
use crate::world::World;

pub(super) fn run(flags: &Preflight, world: &World<'_>) -> Result<Exit> {
    let _ = (flags, world);
    Err(Failure::usage("not yet"))
}
