//! `up`: the whole pipeline on this machine. It is `ship` to the environment that is one's own.

use super::ship::{self, Order};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::{Moving, Reviewed};
use crate::world::World;

const ENVIRONMENT: &str = "local";

pub(super) fn run(world: &World<'_>) -> Result<Exit> {
    let (reviewed, moving) = (Reviewed::default(), Moving::default());
    let order = Order {
        verb: "up",
        environment: ENVIRONMENT,
        reviewed: &reviewed,
        moving: &moving,
        allow_dirty: true,
    };
    ship::pipeline(world, &order)
}
