//! One verb per file: gather, plan, show, apply.

pub mod image;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Verb;
use crate::report::Report;
use crate::world::World;

/// Does what the command line says.
pub fn run(verb: Verb, report: &Report) -> Result<Exit> {
    let world = World::open(report)?;
    match verb {
        Verb::Image(flags) => image::run(flags, &world),
        _ => Ok(Exit::Done),
    }
}
