//! The world that ships meet, and what may happen in it.

use super::ship::{Ship, knows};
use crate::ship::ledger::Versions;
use crate::ship::machine::{Manner, Past};

/// The migration that release `b` brings.
pub(super) const MIGRATION: &str = "1_b";
/// The services, those that others need first; the last one is public.
pub(super) const SERVICES: [&str; 2] = ["ml-service", "backend"];

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct World {
    pub(super) manner: Manner,
    /// Whether the author of the migration says that older releases run on it.
    pub(super) is_safe: bool,
    /// The service whose image releases `a` and `b` have in common, if there is one.
    pub(super) shared: Option<usize>,
    /// The run that holds the lease.
    pub(super) lease: Option<String>,
    pub(super) past: Vec<Past>,
    pub(super) is_migrated: bool,
    pub(super) services: [Service; 2],
    pub(super) ships: [Ship; 2],
    pub(super) budget: Budget,
    /// How many runs there were.
    pub(super) runs: usize,
    pub(super) seen: Seen,
}

/// A service at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Service {
    /// The release that is sent requests.
    pub(super) serves: Option<String>,
    /// The release that the next deployment takes.
    pub(super) tag: Option<String>,
    /// The release that runs beside it and is sent nothing.
    pub(super) candidate: Option<String>,
    /// Whether a deployment waits.
    pub(super) waits: bool,
}

/// How often something may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Budget {
    pub(super) runs: usize,
    pub(super) kills: usize,
    pub(super) faults: usize,
    /// How often the lease of a run that lives is taken from it.
    pub(super) losses: usize,
    /// How often a person deploys something at the panel.
    pub(super) hands: usize,
}

/// What is remembered for the checks only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    /// The first thing that was wrong.
    pub(super) wrong: Option<String>,
    pub(super) by_hand: bool,
    pub(super) is_forced: bool,
    /// Where the rollback goes that is under way or was interrupted.
    pub(super) aim: Option<String>,
    /// How runs ended, without order.
    pub(super) ends: std::collections::BTreeSet<&'static str>,
}

/// What a ship is told to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Goal {
    Rollout(&'static str),
    /// The same, though a release does not know the schema.
    Forced(&'static str),
    Rollback,
    Resume,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Act {
    Tell(usize, Goal),
    Step(usize),
    /// The step that a ship is about to take fails.
    Fail(usize),
    /// It is killed before its step.
    Kill(usize),
    /// It is killed after its step, and before the journal tells of it.
    KillAfter(usize),
    /// The lease of a run that is gone expires, or that of one that lives.
    Expire,
    /// A deployment that waits starts, and takes the tag that is there now.
    Deploy(usize),
    /// A person deploys release `x` of a service.
    Hand(usize),
}

impl World {
    pub(in super::super) fn new(manner: Manner, is_safe: bool, budget: Budget) -> Self {
        let (lease, past, is_migrated) = (None, Vec::new(), false);
        let (services, ships) = Default::default();
        let (runs, seen, shared) = Default::default();
        Self {
            manner,
            is_safe,
            shared,
            lease,
            past,
            is_migrated,
            services,
            ships,
            budget,
            runs,
            seen,
        }
    }

    pub(in super::super) fn sharing(self, shared: Option<usize>) -> Self {
        Self { shared, ..self }
    }

    pub(super) fn acts(&self, goals: &[Vec<Goal>; 2], acts: &mut Vec<Act>) {
        for (ship, goals) in goals.iter().enumerate() {
            self.acts_of(ship, goals, acts);
        }
        if self.lease_may_expire() {
            acts.push(Act::Expire);
        }
        for (number, service) in self.services.iter().enumerate() {
            if service.waits {
                acts.push(Act::Deploy(number));
            }
            if self.budget.hands > 0 {
                acts.push(Act::Hand(number));
            }
        }
    }

    fn acts_of(&self, ship: usize, goals: &[Goal], acts: &mut Vec<Act>) {
        if self.ships[ship].run.is_none() {
            let goals = goals.iter().filter(|_| self.budget.runs > 0);
            return acts.extend(goals.map(|goal| Act::Tell(ship, goal.clone())));
        }
        if self.can_step(ship) {
            acts.push(Act::Step(ship));
        }
        if self.budget.faults > 0 && self.can_fail(ship) {
            acts.push(Act::Fail(ship));
        }
        if self.budget.kills > 0 {
            acts.push(Act::Kill(ship));
            if self.can_step(ship) {
                acts.push(Act::KillAfter(ship));
            }
        }
    }

    pub(super) fn is_alive(&self, run: &str) -> bool {
        self.ships.iter().filter_map(|it| it.run.as_ref()).any(|it| it.journal.run == run)
    }

    fn lease_may_expire(&self) -> bool {
        self.lease.as_ref().is_some_and(|run| !self.is_alive(run) || self.budget.losses > 0)
    }

    pub(super) fn act(&mut self, act: &Act) {
        match act {
            Act::Tell(ship, goal) => self.tell(*ship, goal),
            Act::Step(ship) => self.step(*ship),
            Act::Fail(ship) => {
                self.budget.faults -= 1;
                self.fail(*ship);
            }
            Act::Kill(ship) => self.kill(*ship),
            Act::KillAfter(ship) => self.kill_after(*ship),
            Act::Expire => self.expire(),
            Act::Deploy(service) => self.services[*service].deploy(),
            Act::Hand(service) => self.hand(*service),
        }
    }

    pub(super) fn expire(&mut self) {
        let run = self.lease.take().expect("somebody holds it");
        if self.is_alive(&run) {
            self.budget.losses -= 1;
        }
    }

    fn hand(&mut self, number: usize) {
        self.budget.hands -= 1;
        self.seen.by_hand = true;
        let service = &mut self.services[number];
        service.tag = Some("x".to_owned());
        match self.manner {
            Manner::InTurn => service.waits = true,
            Manner::Together => service.deploy(),
        }
    }

    /// Whether two releases have one image of a service.
    pub(super) fn is_same(&self, number: usize, one: &str, other: &str) -> bool {
        let is_shared = |it: &str| self.shared == Some(number) && matches!(it, "a" | "b");
        one == other || (is_shared(one) && is_shared(other))
    }

    /// Whether a service needs no change for a release: it serves its image, nothing is under way,
    /// and the public one, whose schema it is, expects the same of that.
    pub(super) fn stays(&self, number: usize, to: &str) -> bool {
        let service = &self.services[number];
        service.serves.as_deref().is_some_and(|serves| {
            let is_schema_same = number == 0 || knows(serves) == knows(to);
            service.is_at(Some(serves)) && self.is_same(number, serves, to) && is_schema_same
        })
    }

    /// What each service answers as.
    pub(super) fn answers(&self) -> Versions {
        let all = SERVICES.iter().zip(&self.services);
        all.filter_map(|(name, it)| Some(((*name).to_owned(), it.serves.clone()?))).collect()
    }

    /// The releases that serve, by service.
    pub(super) fn serving(&self) -> [Option<&str>; 2] {
        self.services.each_ref().map(|it| it.serves.as_deref())
    }
}

impl Service {
    pub(super) fn deploy(&mut self) {
        self.serves.clone_from(&self.tag);
        self.waits = false;
    }

    /// Whether it is as a release wants it, with nothing under way that could change that.
    pub(super) fn is_at(&self, release: Option<&str>) -> bool {
        !self.waits && self.serves.as_deref() == release && self.tag.as_deref() == release
    }
}
