//! The next step of a run.

use super::journal::{Journal, Mishap};
use super::step::Step;

/// What a run does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// A step, and why.
    Do(Step, String),
    /// Nothing any more.
    End(End),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The release serves, is verified, and is recorded.
    Done,
    /// Nothing was changed.
    Untouched,
    /// It failed before anything that serves was changed, and is recorded.
    Failed,
    /// It failed, what served before serves, and that is recorded.
    Returned,
    /// The release serves and is verified; something after that failed, and it is recorded.
    Serves,
    /// What serves is not known to be what it should be: the run stays open.
    Open,
    /// Somebody else holds the lease: the run stays open, for them.
    LeaseLost,
}

/// The next step. `is_ours` says whether the lease is; it is looked at before every step.
pub fn next(journal: &Journal, is_ours: bool) -> Next {
    let step = match &journal.mishap {
        None => forward(journal),
        Some(mishap) => after(journal, mishap),
    };
    match step {
        Ok(step) if step.needs_lease() && !is_ours => Next::End(End::LeaseLost),
        Ok(step) => {
            let why = journal.course.why(&step);
            Next::Do(step, why)
        }
        Err(end) => Next::End(end),
    }
}

fn forward(journal: &Journal) -> Result<Step, End> {
    let ahead = journal.course.steps().into_iter().find(|step| !journal.has(step));
    ahead.ok_or(End::Done)
}

/// What follows a failure: the way back, then the record of it.
fn after(journal: &Journal, mishap: &Mishap) -> Result<Step, End> {
    let end = match &mishap.step {
        step if step.is_before_begin() => return Err(End::Untouched),
        // That nobody could be told is no failure of the run.
        Step::Notify => return Err(End::Done),
        // The ledger has its beginning only. Whoever comes next finds it open and closes it.
        Step::Record => return Err(End::Open),
        Step::Retire => End::Serves,
        step if journal.course.is_returned_from(step) => End::Returned,
        _ => End::Failed,
    };
    match &journal.stranded {
        Some(stranded) if stranded.step == Step::Notify => return Err(end),
        // A record of an end would say what is not so.
        Some(_) => return Err(End::Open),
        None => {}
    }
    let returned = end != End::Returned || journal.has(&Step::Return);
    let steps = [
        (returned, Step::Return),
        (journal.has(&Step::Record), Step::Record),
        (journal.has(&Step::Notify), Step::Notify),
    ];
    let ahead = steps.into_iter().find(|(is_done, _)| !is_done);
    ahead.map(|(_, step)| step).ok_or(end)
}
