//! `backup`: what is kept of a database elsewhere, and whether it can be relied on.

mod check;
mod drill;
mod list;
mod prune;
mod restore;
mod run;
mod show;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Backup;
use crate::world::World;

pub(super) fn run(verb: &Backup, world: &World<'_>) -> Result<Exit> {
    match verb {
        Backup::Run(flags) => run::run(flags, world),
        Backup::List(flags) => list::run(flags, world),
        Backup::Show(flags) => show::run(flags, world),
        Backup::Restore(flags) => restore::run(flags, world),
        Backup::Drill(flags) => drill::run(flags, world),
        Backup::Prune(flags) => prune::run(flags, world),
        Backup::Check(flags) => check::run(flags, world),
    }
}
