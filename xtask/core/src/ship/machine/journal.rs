//! How far a run has come. It is written after every step, so that whoever comes after a killed
//! run knows what was meant.

use super::course::Course;
use super::step::Step;
use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Journal {
    /// By this the run is told from others: when it began, as its record in the ledger says.
    pub run: String,
    /// What it is about.
    pub course: Course,
    /// What was done, in order.
    pub done: Vec<Step>,
    /// What failed on the way forward.
    pub mishap: Option<Mishap>,
    /// What failed on the way back.
    pub stranded: Option<Mishap>,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mishap {
    pub step: Step,
    /// The first line of its error.
    pub error: String,
}

impl Journal {
    /// Of a run that has done nothing yet.
    pub fn new(run: impl Into<String>, course: Course) -> Self {
        Self { run: run.into(), course, done: Vec::new(), mishap: None, stranded: None }
    }

    /// That a step was done.
    pub fn passed(&mut self, step: Step) {
        self.done.push(step);
    }

    /// That a step failed.
    pub fn failed(&mut self, step: Step, error: impl Into<String>) {
        let mishap = Mishap { step, error: error.into() };
        match self.mishap {
            None => self.mishap = Some(mishap),
            Some(_) => self.stranded = Some(mishap),
        }
    }

    /// Whether a step was done.
    pub fn has(&self, step: &Step) -> bool {
        self.done.contains(step)
    }

    /// Whether it takes the place of the journal before. Until the ledger knows of this run, the
    /// interrupted one before is what is taken up, and its journal says in which direction.
    pub fn is_kept(&self) -> bool {
        self.has(&Step::Begin)
    }

    /// Whether the release serves and is verified, even if something failed after that: what was
    /// to be stopped then is stopped by the next run.
    pub fn is_served(&self) -> bool {
        self.mishap.as_ref().is_none_or(|it| it.step == Step::Retire)
    }

    /// Whether what served before is being brought back.
    pub fn goes_back(&self) -> bool {
        self.mishap.as_ref().is_some_and(|it| self.course.is_returned_from(&it.step))
    }
}
