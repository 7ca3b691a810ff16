//! What may run now: told what ended, it says what to start next, and what is left out.

use crate::check::graph::position;
use crate::check::task::Task;
use serde::Serialize;
use std::cmp::Reverse;
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
    /// It was not run: it passed before, and nothing it depends on changed.
    Cached,
    /// It was not run: none of its inputs changed.
    Unaffected,
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
    cores: usize,
    after_failure: AfterFailure,
    /// For each task, how long the longest chain takes that begins with it.
    chains: Vec<Duration>,
}

impl<'a> Schedule<'a> {
    /// `tasks` in order, on so many cores.
    pub fn new(tasks: &'a [Task], cores: usize, after_failure: AfterFailure) -> Self {
        let states = vec![State::Waiting; tasks.len()];
        let schedule = Self { tasks, states, cores: cores.max(1), after_failure, chains: vec![] };
        schedule.timed(&vec![None; tasks.len()])
    }

    /// Says how long each task took the last time; where that is not known, its limit tells what is
    /// long and what is not.
    #[must_use]
    pub fn timed(mut self, took: &[Option<Duration>]) -> Self {
        self.chains = vec![Duration::ZERO; self.tasks.len()];
        // What waits for a task stands after it, so one walk from the end knows every chain.
        for at in (0..self.tasks.len()).rev() {
            self.chains[at] += took[at].unwrap_or(self.tasks[at].limit);
            let needs: Vec<usize> = self.needs(at).collect();
            for need in needs {
                self.chains[need] = self.chains[need].max(self.chains[at]);
            }
        }
        self
    }

    /// The next task to start, if one may start now; from then on it counts as running.
    /// The one with the longest chain goes first. If it needs more cores than are free, they are
    /// kept for it: nothing less urgent overtakes.
    pub fn start(&mut self) -> Option<usize> {
        let running = || self.at(|state| state == State::Running);
        let quiet = running().next().is_none();
        let free = self.cores.saturating_sub(running().map(|at| self.tasks[at].cores).sum());
        let ready = self.at(|state| state == State::Waiting).filter(|&at| self.is_ready(at));
        let next = ready.min_by_key(|&at| (Reverse(self.chains[at]), at))?;
        if !quiet && self.tasks[next].cores > free {
            return None;
        }
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
mod tests;
