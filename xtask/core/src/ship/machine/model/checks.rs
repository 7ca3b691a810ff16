//! What must never be so, and what must be reached.
#![expect(clippy::print_stdout, reason = "a test tells how many states it walked")]

use super::Scene;
use super::ship::knows;
use super::world::{Budget, Goal, SERVICES, World};
use crate::ship::machine::{Ended, Manner, Past};
use stateright::{Checker as _, Model as _, Property};

const REACHED: &str = "a run is done";

pub(super) fn all() -> Vec<Property<Scene>> {
    vec![
        Property::<Scene>::always("nothing went wrong", |_, world| world.seen.wrong.is_none()),
        Property::<Scene>::always("no release serves without a record", |_, world| {
            world.is_recorded()
        }),
        Property::<Scene>::always("no schema is above the code", |_, world| world.fits_schema()),
        Property::<Scene>::always("the next command settles it", |scene, world| {
            scene.goals.iter().flatten().all(|goal| world.is_settled_by(goal))
        }),
        Property::<Scene>::sometimes(REACHED, |_, world| world.seen.ends.contains("done")),
    ]
}

impl World {
    /// What a person put there is no doing of ours.
    fn is_recorded(&self) -> bool {
        let is_known = |release: &str| {
            let named = |it: &Past| it.to == release || it.from.as_deref() == Some(release);
            self.past.iter().any(named) || (release == "x" && self.seen.by_hand)
        };
        self.serving().into_iter().flatten().all(is_known)
    }

    fn fits_schema(&self) -> bool {
        let is_told = self.is_safe || self.seen.is_forced || self.seen.by_hand;
        is_told || !self.is_migrated || (0..SERVICES.len()).all(|it| self.fits(it))
    }

    /// A service knows the schema if a release that does has its image; the public one, whose
    /// schema it is, says so itself.
    fn fits(&self, number: usize) -> bool {
        let Some(serves) = self.services[number].serves.as_deref() else { return true };
        let is_shared = number == 0 && self.is_same(number, serves, "b");
        is_shared || !knows(serves).is_empty()
    }

    /// Whether one more command, which nothing disturbs, leaves what it should. It may refuse.
    fn is_settled_by(&self, goal: &Goal) -> bool {
        if self.ships.iter().any(|it| it.run.is_some()) {
            return true;
        }
        let mut world = self.clone();
        world.budget = Budget { runs: 1, kills: 0, faults: 0, losses: 0, hands: 0 };
        world.ships.iter_mut().for_each(|it| it.run = None);
        if world.lease.is_some() {
            world.expire();
        }
        let before = world.past.len();
        world.tell(0, goal);
        world.runs_out();
        let wanted = world.past.last().filter(|_| world.past.len() > before);
        let is_there = |it: &Past| {
            let stays = (0..SERVICES.len()).all(|number| world.stays(number, &it.to));
            stays && world.answers() == it.versions
        };
        let is_settled = wanted.is_none_or(|it| it.ended == Ended::Done && is_there(it));
        is_settled && world.lease.is_none() && world.seen.wrong == self.seen.wrong
    }

    fn runs_out(&mut self) {
        while self.ships[0].run.is_some() {
            for service in &mut self.services {
                if service.waits {
                    service.deploy();
                }
            }
            self.step(0);
        }
    }
}

fn budget(kills: usize, faults: usize, losses: usize, hands: usize) -> Budget {
    Budget { runs: 3, kills, faults, losses, hands }
}

/// Walks a scene to its end, and says how many states it has.
fn walk(name: &str, start: World, goals: [Vec<Goal>; 2]) -> usize {
    let checker = Scene { start, goals }.checker().threads(2).spawn_bfs().join();
    let states = checker.unique_state_count();
    println!("{name}: {states} states");
    for (property, path) in checker.discoveries() {
        if property != REACHED {
            let (last, acts) = (path.last_state().clone(), path.into_actions());
            let acts: Vec<String> = acts.iter().map(|act| format!("{act:?}")).collect();
            panic!("{name}: {property}\n{}\n{:?}\n{:#?}", acts.join("\n"), last.serving(), last);
        }
    }
    checker.assert_any_discovery(REACHED);
    states
}

#[test]
fn nothing_that_must_not_be_is_ever_so_where_services_move_together() {
    walk_all(Manner::Together, 1);
}

/// What two kills in a row leave differs only here.
#[test]
fn nothing_that_must_not_be_is_ever_so_where_services_move_in_turn() {
    walk_all(Manner::InTurn, 2);
}

/// Whatever image two releases have in common.
fn walk_all(manner: Manner, kills: usize) {
    let states = [None, Some(0), Some(1)].map(|shared| walk_sharing(manner, kills, shared));
    println!("{manner:?}: {} states in all", states.iter().sum::<usize>());
}

fn walk_sharing(manner: Manner, kills: usize, shared: Option<usize>) -> usize {
    use Goal::{Forced, Resume, Rollback, Rollout};
    let common = shared.map_or("nothing", |number| SERVICES[number]);
    let walk = |name: &str, is_safe, budget, goals| {
        let start = World::new(manner, is_safe, budget).sharing(shared);
        walk(&format!("{manner:?}, {common} in common, {name}"), start, goals)
    };
    let (a, b) = (Rollout("a"), Rollout("b"));
    let one = [vec![a.clone(), b.clone(), Rollback, Resume], Vec::new()];
    let two = [vec![a.clone(), b.clone()], vec![Rollback, Resume]];
    let forced = [vec![a, b, Forced("b")], vec![Rollback, Resume]];
    let states = [
        walk("kills and faults", true, budget(kills, 1, 0, 0), one),
        walk("two ships and a lost lease", true, budget(1, 0, 1, 0), two.clone()),
        walk("a change by hand", true, budget(1, 0, 0, 1), two),
        walk("a schema that is not safe", false, budget(1, 1, 0, 0), forced),
    ];
    states.iter().sum()
}
