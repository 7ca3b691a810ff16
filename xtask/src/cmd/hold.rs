//! Holds both leases of an environment while something is done to it.

use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::error::Result;
use crate::flags::Waiting;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::target;
use crate::world::World;

/// Looks at an environment under both leases, and does something to its database. What runs the
/// services is not asked.
pub(super) fn held<T>(
    world: &World<'_>,
    name: &str,
    verb: &str,
    waiting: &Waiting,
    change: impl FnOnce(&Site<'_>, &Lease<'_>) -> Result<T>,
) -> Result<T> {
    target::check(world, name)?;
    let limit = waiting.limit();
    let wait = Wait { limit, cancel: &world.cancel };
    let machine = OfMachine::wait(&world.state(name), verb, &lease::who(), &wait)?;
    let site = Site::look_at_records(world, name)?;
    let lease = Lease::take(&site, &machine, limit)?;
    change(&site, &lease)
}
