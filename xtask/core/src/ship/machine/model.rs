//! Every state that two ships, failures, kills, lost leases, late deployments and other people can
//! bring about.
//!
//! The ships decide by the machine itself; what is modelled is the world that they meet: a lease
//! that frees itself, a ledger, a database, and a target of either manner. A step is looked at as
//! one moment, except a deployment that is asked for: it takes the tag that is there when it
//! starts, which may be another one by then.

mod checks;
mod run;
mod ship;
mod world;

use stateright::{Model, Property};
use world::{Act, Goal, World};

/// What is tried out.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) start: World,
    /// What each ship may be told to do, besides `resume`.
    pub(super) goals: [Vec<Goal>; 2],
}

impl Model for Scene {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![self.start.clone()]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        world.acts(&self.goals, acts);
    }

    fn next_state(&self, world: &World, act: Act) -> Option<World> {
        let mut next = world.clone();
        next.act(&act);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        checks::all()
    }
}
