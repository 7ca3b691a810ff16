//! What may run now: told what ended, it says what to start next, and what is left out.

use crate::graph::position;
use crate::task::Task;
use serde::Serialize;
use std::time::Duration;

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every command ended well.
    Passed,
    /// A command did not.
    Failed,
    /// It was ended at its limit.
    TimedOut,
    /// What it needs to look at could not be reached.
    NotChecked,
    /// It was never started, because of what it needs or of something that failed before.
    Skipped,
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Nothing new is started.
    Stop,
    /// What does not need it goes on.
    KeepGoing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended(Outcome),
}

/// The tasks of one run, and how far each is.
pub struct Schedule<'a> {
    tasks: &'a [Task],
    states: Vec<State>,
    slots: usize,
    after_failure: AfterFailure,
}

impl<'a> Schedule<'a> {
    /// `tasks` in order, at most `slots` of them at once.
    pub fn new(tasks: &'a [Task], slots: usize, after_failure: AfterFailure) -> Self {
        Self {
            tasks,
            states: vec![State::Waiting; tasks.len()],
            slots: slots.max(1),
            after_failure,
        }
    }

    /// The next task to start, if one may start now; from then on it counts as running.
    /// What most tasks hang on goes first, what runs alone goes last.
    pub fn start(&mut self) -> Option<usize> {
        let running = || self.at(|state| state == State::Running);
        if running().count() >= self.slots || running().any(|at| self.tasks[at].alone) {
            return None;
        }
        let quiet = running().next().is_none();
        let ready = self.at(|state| state == State::Waiting).filter(|&at| self.is_ready(at));
        let startable = ready.filter(|&at| quiet || !self.tasks[at].alone);
        let urgency = |&at: &usize| (self.tasks[at].alone, usize::MAX - self.chain_below(at));
        let next = startable.min_by_key(urgency)?;
        self.states[next] = State::Running;
        Some(next)
    }

    /// Says that a task ended; gives back those that are now left out.
    pub fn end(&mut self, at: usize, outcome: Outcome) -> Vec<usize> {
        assert!(self.states[at] == State::Running, "only what runs can end");
        self.states[at] = State::Ended(outcome);
        let mut skipped = Vec::new();
        // Tasks stand after what they need, so one walk reaches everything below a failure.
        for later in 0..self.tasks.len() {
            if self.states[later] == State::Waiting && self.is_lost(later) {
                self.states[later] = State::Ended(Outcome::Skipped);
                skipped.push(later);
            }
        }
        skipped
    }

    /// Whether everything ended.
    pub fn is_over(&self) -> bool {
        self.states.iter().all(|state| matches!(state, State::Ended(_)))
    }

    fn is_ready(&self, at: usize) -> bool {
        self.needs(at).all(|need| self.states[need] == State::Ended(Outcome::Passed))
    }

    fn is_lost(&self, at: usize) -> bool {
        let failed = |state| matches!(state, State::Ended(Outcome::Failed | Outcome::TimedOut));
        let not_passed =
            |state| matches!(state, State::Ended(outcome) if outcome != Outcome::Passed);
        let stops = self.after_failure == AfterFailure::Stop;
        (stops && self.states.iter().any(|&state| failed(state)))
            || self.needs(at).any(|need| not_passed(self.states[need]))
    }

    /// How many tasks the longest chain has that waits for this one.
    fn chain_below(&self, at: usize) -> usize {
        let above = self.tasks[at].name;
        let waiting = (0..self.tasks.len()).filter(|&it| self.tasks[it].needs.contains(&above));
        waiting.map(|it| 1 + self.chain_below(it)).max().unwrap_or(0)
    }

    /// What a task needs among the tasks of this run.
    fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        self.tasks[at].needs.iter().filter_map(|need| position(self.tasks, need))
    }

    fn at(&self, is: impl Fn(State) -> bool) -> impl Iterator<Item = usize> {
        (0..self.states.len()).filter(move |&at| is(self.states[at]))
    }
}

/// The chain of tasks that no number of cores could have made shorter, and how long it took.
pub fn critical_path(tasks: &[Task], took: &[Duration]) -> (Vec<&'static str>, Duration) {
    let mut ends: Vec<(Vec<&'static str>, Duration)> = Vec::new();
    for (task, took) in tasks.iter().zip(took) {
        let needs = task.needs.iter().filter_map(|need| position(tasks, need));
        let before = needs.map(|need| ends[need].clone()).max_by_key(|(_, end)| *end);
        let (mut path, start) = before.unwrap_or_default();
        path.push(task.name);
        ends.push((path, start + *took));
    }
    ends.into_iter().max_by_key(|(_, end)| *end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::tests::stub;

    fn tasks() -> Vec<Task> {
        let mut last = stub("last", &[]);
        last.alone = true;
        vec![last, stub("form", &[]), stub("build", &[]), stub("test", &["build"])]
    }

    #[test]
    fn what_others_wait_for_starts_first_and_what_runs_alone_starts_last() {
        let tasks = tasks();
        let mut schedule = Schedule::new(&tasks, 2, AfterFailure::Stop);
        assert_eq!(
            (schedule.start(), schedule.start(), schedule.start()),
            (Some(2), Some(1), None)
        );
        assert!(schedule.end(1, Outcome::Passed).is_empty());
        assert_eq!(schedule.start(), None, "one runs, so the lonely one waits");
        schedule.end(2, Outcome::Passed);
        assert_eq!((schedule.start(), schedule.start()), (Some(3), None));
        schedule.end(3, Outcome::Passed);
        assert_eq!((schedule.start(), schedule.start()), (Some(0), None));
        schedule.end(0, Outcome::Passed);
        assert!(schedule.is_over());
    }

    #[test]
    fn a_failure_leaves_out_all_that_has_not_begun() {
        let tasks = tasks();
        let mut schedule = Schedule::new(&tasks, 1, AfterFailure::Stop);
        assert_eq!(schedule.start(), Some(2));
        assert_eq!(schedule.end(2, Outcome::TimedOut), [0, 1, 3]);
        assert!(schedule.is_over());
    }

    #[test]
    fn kept_going_a_failure_leaves_out_only_what_needs_it() {
        let tasks = [stub("a", &[]), stub("b", &["a"]), stub("c", &["b"]), stub("d", &[])];
        let mut schedule = Schedule::new(&tasks, 1, AfterFailure::KeepGoing);
        assert_eq!(schedule.start(), Some(0));
        assert_eq!(schedule.end(0, Outcome::Failed), [1, 2]);
        assert_eq!(schedule.start(), Some(3));
    }

    #[test]
    fn what_could_not_be_checked_leaves_out_only_what_needs_it() {
        let tasks = [stub("a", &[]), stub("b", &["a"]), stub("c", &["b"]), stub("d", &[])];
        let mut schedule = Schedule::new(&tasks, 1, AfterFailure::Stop);
        assert_eq!(schedule.start(), Some(0));
        assert_eq!(schedule.end(0, Outcome::NotChecked), [1, 2]);
        assert_eq!(schedule.start(), Some(3));
    }

    #[test]
    fn the_critical_path_is_the_longest_chain_by_time() {
        let tasks = [stub("a", &[]), stub("b", &["a"]), stub("c", &["a"]), stub("d", &[])];
        let took = [1, 2, 3, 3].map(Duration::from_secs);
        assert_eq!(critical_path(&tasks, &took), (vec!["a", "c"], Duration::from_secs(4)));
        assert_eq!(critical_path(&[], &[]), (vec![], Duration::ZERO));
    }
}
