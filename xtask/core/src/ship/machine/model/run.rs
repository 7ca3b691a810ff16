//! A run of the program: it asks the machine for its next step, and the world changes.

use super::world::{Goal, SERVICES, World};
use crate::ship::ledger::Action;
use crate::ship::machine::{End, Ended, Journal, Manner, Next, Past, Step, interrupted, next};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub(super) goal: Goal,
    pub(super) journal: Journal,
    /// Whether the deployment that it waits for was asked for.
    pub(super) is_asked: bool,
}

/// What became of a step.
enum Came {
    Passed,
    Failed,
    /// It goes on.
    Waits,
}

impl World {
    fn run(&self, ship: usize) -> &Run {
        self.ships[ship].run.as_ref().expect("only what runs takes steps")
    }

    fn run_mut(&mut self, ship: usize) -> &mut Run {
        self.ships[ship].run.as_mut().expect("only what runs takes steps")
    }

    fn is_ours(&self, ship: usize) -> bool {
        self.lease.as_ref() == Some(&self.run(ship).journal.run)
    }

    fn next(&self, ship: usize) -> Next {
        next(&self.run(ship).journal, self.is_ours(ship))
    }

    /// A ship waits for the lease, and for deployments that are under way.
    pub(super) fn can_step(&self, ship: usize) -> bool {
        match self.next(ship) {
            Next::Do(Step::Lease, _) => self.lease.is_none(),
            Next::Do(Step::Deploy(service), _) => !self.services[number(&service)].waits,
            Next::Do(Step::Return, _) => {
                self.to_return(ship).is_none_or(|it| !self.services[it].waits)
            }
            _ => true,
        }
    }

    pub(super) fn can_fail(&self, ship: usize) -> bool {
        !matches!(self.next(ship), Next::End(_) | Next::Do(Step::Preflight | Step::Lease, _))
    }

    /// One step, and those after it that the world does not notice.
    pub(super) fn step(&mut self, ship: usize) {
        self.step_once(ship);
        while self.ships[ship].run.is_some() && is_unseen(&self.next(ship)) {
            self.step_once(ship);
        }
    }

    fn step_once(&mut self, ship: usize) {
        match self.next(ship) {
            Next::End(end) => self.end(ship, end),
            Next::Do(step, _) => match self.take(ship, &step) {
                Came::Passed => self.journal(ship, |journal| journal.passed(step)),
                Came::Failed => self.journal(ship, |journal| journal.failed(step, "no")),
                Came::Waits => self.run_mut(ship).is_asked = true,
            },
        }
    }

    pub(super) fn fail(&mut self, ship: usize) {
        let Next::Do(step, _) = self.next(ship) else { unreachable!("it takes a step") };
        self.journal(ship, |journal| journal.failed(step, "no"));
    }

    pub(super) fn kill(&mut self, ship: usize) {
        self.budget.kills -= 1;
        self.ships[ship].run = None;
    }

    pub(super) fn kill_after(&mut self, ship: usize) {
        let disk = self.ships[ship].disk.clone();
        self.step(ship);
        if self.ships[ship].run.is_some() {
            self.ships[ship].disk = disk;
        }
        self.kill(ship);
    }

    /// The journal as it is after a step, on the disk too.
    fn journal(&mut self, ship: usize, change: impl FnOnce(&mut Journal)) {
        // A plan that is refused once the lease is held has ended the run.
        let Some(run) = self.ships[ship].run.as_mut() else { return };
        change(&mut run.journal);
        run.is_asked = false;
        if run.journal.is_kept() {
            self.ships[ship].disk = Some(run.journal.clone());
        }
    }

    fn take(&mut self, ship: usize, step: &Step) -> Came {
        if step.needs_lease() && !self.is_ours(ship) {
            self.seen.wrong = Some(format!("{step} without the lease"));
        }
        let to = self.run(ship).journal.course.to.clone();
        match step {
            Step::Lease => self.take_lease(ship),
            Step::Begin => self.begin(ship),
            Step::Migrate => self.is_migrated = true,
            Step::Deploy(service) => return self.deploy(ship, number(service), &to),
            Step::Start(service) => self.services[number(service)].candidate = Some(to),
            Step::Switch => self.switch(ship),
            Step::Verify => return self.verified(ship),
            Step::Retire => self.services.iter_mut().for_each(|it| it.candidate = None),
            Step::Return => return self.bring_back(ship),
            Step::Record => self.record(ship),
            Step::Preflight | Step::BackUp | Step::Fetch | Step::Smoke | Step::Notify => {}
        }
        Came::Passed
    }

    /// What was planned before may be wrong by now.
    fn take_lease(&mut self, ship: usize) {
        let run = self.run(ship);
        let (goal, name) = (run.goal.clone(), run.journal.run.clone());
        match self.plan(ship, &goal) {
            Some(course) => {
                self.lease = Some(name);
                self.run_mut(ship).journal.course = course;
            }
            None => self.ships[ship].run = None,
        }
    }

    fn begin(&mut self, ship: usize) {
        let course = self.run(ship).journal.course.clone();
        let goes_on =
            interrupted(&self.past).last().is_some_and(|it| it.action == Action::Rollback);
        if course.action == Action::Rollback {
            let is_resumed = self.run(ship).goal == Goal::Resume;
            if goes_on && !is_resumed && self.seen.aim.as_ref() != Some(&course.to) {
                self.seen.wrong = Some("a repeated rollback goes elsewhere".to_owned());
            }
            self.seen.aim = Some(course.to.clone());
        }
        self.seen.is_forced |= course.forced.is_some();
        self.push(ship, Ended::NotYet);
    }

    fn push(&mut self, ship: usize, ended: Ended) {
        let journal = &self.run(ship).journal;
        let (run, course) = (journal.run.clone(), &journal.course);
        let (action, from, to) = (course.action, course.from.clone(), course.to.clone());
        let versions = course.versions.clone();
        self.past.push(Past { run, action, from, to, versions, ended });
    }

    /// What it says must be so at that moment.
    fn record(&mut self, ship: usize) {
        let journal = &self.run(ship).journal;
        let is_served = journal.is_served();
        if !self.is_as_recorded(journal) && !self.seen.by_hand {
            self.seen.wrong = Some(format!("not what serves: {journal:?}"));
        }
        self.push(ship, if is_served { Ended::Done } else { Ended::Failed });
    }

    fn is_as_recorded(&self, journal: &Journal) -> bool {
        let course = &journal.course;
        match &course.back {
            _ if journal.is_served() => self.answers() == course.versions,
            Some(back) if course.takes_over => (0..SERVICES.len()).all(|it| self.stays(it, back)),
            _ => self.answers() == course.before,
        }
    }

    /// A deployment is asked for, and later it is looked at what it brought.
    fn deploy(&mut self, ship: usize, number: usize, to: &str) -> Came {
        let is_asked = self.run(ship).is_asked;
        let service = &mut self.services[number];
        if !is_asked {
            service.tag = Some(to.to_owned());
            service.waits = true;
            return Came::Waits;
        }
        if service.serves.as_deref() == Some(to) { Came::Passed } else { Came::Failed }
    }

    fn switch(&mut self, ship: usize) {
        for it in self.run(ship).journal.course.moves.clone() {
            let service = &mut self.services[number(&it.service)];
            service.tag = service.candidate.take();
            service.deploy();
        }
    }

    fn verified(&self, ship: usize) -> Came {
        let is_so = self.answers() == self.run(ship).journal.course.versions;
        if is_so { Came::Passed } else { Came::Failed }
    }

    /// The next service that is not as it is to be, and what that is: as it was when the run was
    /// planned, or, after an interrupted run, as the release before that wants it.
    fn next_back(&self, ship: usize) -> Option<(usize, Option<String>)> {
        let course = &self.run(ship).journal.course;
        let back = course.back.as_deref().filter(|_| course.takes_over);
        let to_bring = |number: usize| {
            let before = course.before.get(SERVICES[number]);
            match back {
                Some(back) => (!self.stays(number, back)).then(|| Some(back.to_owned())),
                None => {
                    let is_there = self.services[number].is_at(before.map(String::as_str));
                    (!is_there).then(|| before.cloned())
                }
            }
        };
        (0..SERVICES.len()).find_map(|it| to_bring(it).map(|back| (it, back)))
    }

    fn to_return(&self, ship: usize) -> Option<usize> {
        self.next_back(ship).map(|(number, _)| number)
    }

    fn bring_back(&mut self, ship: usize) -> Came {
        while let Some((number, back)) = self.next_back(ship) {
            self.services[number].tag = back;
            if self.manner == Manner::InTurn {
                self.services[number].waits = true;
                return Came::Waits;
            }
            self.services[number].deploy();
        }
        self.services.iter_mut().for_each(|it| it.candidate = None);
        Came::Passed
    }

    fn end(&mut self, ship: usize, end: End) {
        if self.is_ours(ship) {
            self.lease = None;
        }
        self.seen.ends.insert(word(end));
        let is_open = matches!(end, End::Open | End::LeaseLost);
        self.ships[ship].run = None;
        if !is_open && end != End::Untouched {
            self.ships[ship].disk = None;
        }
    }
}

/// Whether the world is the same after it. `Fetch` stands for all early steps that may fail.
fn is_unseen(next: &Next) -> bool {
    let unseen = |step: &Step| matches!(step, Step::BackUp | Step::Smoke | Step::Notify);
    match next {
        Next::Do(step, _) => unseen(step),
        Next::End(_) => true,
    }
}

pub(super) fn number(service: &str) -> usize {
    SERVICES.iter().position(|it| *it == service).expect("only these are moved")
}

fn word(end: End) -> &'static str {
    match end {
        End::Done => "done",
        End::Untouched => "untouched",
        End::Failed => "failed",
        End::Returned => "returned",
        End::Serves => "serves",
        End::Open => "open",
        End::LeaseLost => "lease lost",
    }
}
