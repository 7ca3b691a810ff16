//! One ship: whoever runs the program on one machine, with the journal that lies there.

use super::run::Run;
use super::world::{Goal, MIGRATION, SERVICES, World};
use crate::ship::ledger::{Action, Versions};
use crate::ship::machine::{
    Applied, BackUp, Course, Ended, Journal, Move, Step, Taken, interrupted, judge, release_of,
    return_to, roll_back, take_up,
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ship {
    pub(super) run: Option<Run>,
    /// The journal on its disk.
    pub(super) disk: Option<Journal>,
}

impl World {
    pub(super) fn tell(&mut self, ship: usize, goal: &Goal) {
        self.budget.runs -= 1;
        self.runs += 1;
        let Some(course) = self.plan(ship, goal) else { return };
        let mut journal = Journal::new(format!("run {}", self.runs), course);
        journal.passed(Step::Preflight);
        self.ships[ship].run = Some(Run { goal: goal.clone(), journal, is_asked: false });
    }

    /// What the program would plan now; nothing if it refuses, or there is nothing to do.
    pub(super) fn plan(&self, ship: usize, goal: &Goal) -> Option<Course> {
        let served = self.served();
        let serving = served.as_deref();
        let (action, to) = self.wanted(ship, goal)?;
        let back = return_to(&self.past, serving, &to);
        let pending = to == "b" && !self.is_migrated;
        let forced = matches!(goal, Goal::Forced(_)).then(|| "somebody said so".to_owned());
        if forced.is_none() && self.is_refused(&to, pending) {
            return None;
        }
        let moves = self.moves(&to);
        let is_settled = interrupted(&self.past).is_empty();
        let last = self.past.iter().rev().find(|it| it.ended == Ended::Done);
        if moves.is_empty() && is_settled && last.is_some_and(|it| it.to == to) {
            return None;
        }
        let migrations = pending.then(|| MIGRATION.to_owned()).into_iter().collect();
        let (from, manner) = (serving.map(ToOwned::to_owned), self.manner);
        let (takes_over, versions, before) = (!is_settled, self.versions(&to), self.answers());
        Some(Course {
            action,
            from,
            back,
            takes_over,
            to,
            moves,
            versions,
            before,
            all: false,
            manner,
            backup: BackUp::Taken("before migrations".to_owned()),
            migrations,
            forced,
        })
    }

    /// The release that serves, as the program tells it.
    fn served(&self) -> Option<String> {
        release_of(&self.past, &self.answers(), SERVICES[1])
    }

    /// What each service answers as once a release serves.
    fn versions(&self, to: &str) -> Versions {
        let of = |number: usize| {
            let stays = self.stays(number, to).then(|| self.services[number].serves.clone());
            (SERVICES[number].to_owned(), stays.flatten().unwrap_or_else(|| to.to_owned()))
        };
        [of(0), of(1)].into_iter().collect()
    }

    fn wanted(&self, ship: usize, goal: &Goal) -> Option<(Action, String)> {
        match goal {
            Goal::Rollout(release) | Goal::Forced(release) => {
                Some((Action::Rollout, (*release).to_owned()))
            }
            Goal::Rollback => {
                Some((Action::Rollback, roll_back(&self.past, self.served().as_deref())?))
            }
            Goal::Resume => {
                let disk = self.ships[ship].disk.as_ref();
                match take_up(&self.past, disk, &self.answers()).ok()? {
                    Taken::Forward(action, to) => Some((action, to)),
                    Taken::Back(to) => Some((Action::Rollback, to)),
                }
            }
        }
    }

    fn is_refused(&self, to: &str, pending: bool) -> bool {
        // What stays is what the release itself says of that service.
        let moved = (0..SERVICES.len()).filter(|number| !self.stays(*number, to));
        let serving = moved.filter_map(|number| self.services[number].serves.clone());
        let begun = interrupted(&self.past).iter().map(|it| it.to.clone());
        let serving: Vec<String> = serving.chain(begun).collect();
        let migration = || Applied { name: MIGRATION.to_owned(), is_safe: self.is_safe };
        let applied: Vec<Applied> = self.is_migrated.then(migration).into_iter().collect();
        let pending: Vec<Applied> = pending.then(migration).into_iter().collect();
        !judge(to, &knows(to), &serving, &applied, &pending).is_empty()
    }

    fn moves(&self, to: &str) -> Vec<Move> {
        let moved = (0..SERVICES.len()).filter(|number| !self.stays(*number, to));
        let each = |number: usize| Move {
            service: SERVICES[number].to_owned(),
            why: "its image is another one".to_owned(),
        };
        moved.map(each).collect()
    }
}

/// The migrations that a release knows.
pub(super) fn knows(release: &str) -> Vec<String> {
    let known = release == "b" || release == "c";
    known.then(|| MIGRATION.to_owned()).into_iter().collect()
}
