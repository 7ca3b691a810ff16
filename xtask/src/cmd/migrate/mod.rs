//! `migrate`: what is pending, what it would do, and doing it.

mod apply;
mod doctor;
mod plan;
mod rehearse;
mod resolve;
mod stats;
mod status;
mod undo;

use super::hold::held;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::{Migrate, Waiting};
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::world::World;

pub(super) fn run(flags: &Migrate, world: &World<'_>) -> Result<Exit> {
    match flags {
        Migrate::Plan(flags) => plan::run(flags, world),
        Migrate::Apply(flags) => apply::run(flags, world),
        Migrate::Status(flags) => status::run(&flags.environment, world),
        Migrate::Doctor(flags) => doctor::run(&flags.environment, world),
        Migrate::Resolve(flags) => resolve::run(flags, world),
        Migrate::Undo(flags) => undo::run(flags, world),
        Migrate::Stats(flags) => stats::run(&flags.environment, world),
    }
}

/// Opens an environment to change it, under both leases, and does something with it.
fn changing<T>(
    world: &World<'_>,
    name: &str,
    verb: &str,
    waiting: &Waiting,
    change: impl FnOnce(&Site<'_>, &Lease<'_>) -> Result<T>,
) -> Result<T> {
    changing_after(world, name, verb, waiting, |_| Ok(()), change)
}

/// The same, where `first` may refuse before anything is written to its database.
fn changing_after<T>(
    world: &World<'_>,
    name: &str,
    verb: &str,
    waiting: &Waiting,
    first: impl FnOnce(&Site<'_>) -> Result<()>,
    change: impl FnOnce(&Site<'_>, &Lease<'_>) -> Result<T>,
) -> Result<T> {
    let reach = || {
        let site = Site::open(world, name)?;
        site.target.preflight()?;
        site.target.prepare()?;
        first(&site)?;
        Ok(site)
    };
    held((world, name), verb, waiting, reach, change)
}
