//! Holds both leases of an environment while something is done to it.

use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::error::Result;
use crate::flags::Waiting;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::target;
use crate::world::World;

/// Does something to an environment under both leases: this machine's, then, once `reach` has led
/// there, the environment's own.
pub(super) fn held<'a, T>(
    (world, name): (&'a World<'a>, &'a str),
    verb: &str,
    waiting: &Waiting,
    reach: impl FnOnce() -> Result<Site<'a>>,
    change: impl FnOnce(&Site<'a>, &Lease<'a>) -> Result<T>,
) -> Result<T> {
    target::check(world, name)?;
    let limit = waiting.limit();
    let wait = Wait { limit, cancel: &world.cancel };
    let machine = OfMachine::wait(&world.state(name), verb, &lease::who(), &wait)?;
    let site = reach()?;
    let lease = Lease::take(&site, &machine, limit)?;
    change(&site, &lease)
}
