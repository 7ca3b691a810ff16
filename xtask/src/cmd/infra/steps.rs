//! What the parts of a plan have in common: their rows, what is refused of them, and how their steps
//! are carried out.

use crate::error::{Failure, Result, code};
use crate::world::World;
use std::fmt::Display;
use xtask_core::plan::{Action, Count, Remark};

/// What a step does, as progress and plans say it.
pub(super) fn named(action: Action, part: &impl Display) -> String {
    format!("{} {part}", action.word())
}

/// A step's row, and below it those of what changes.
pub(super) fn rows_of_step(
    action: Action,
    part: &impl Display,
    why: String,
    differences: &[impl Display],
) -> Vec<Vec<String>> {
    let step = vec![action.word().to_owned(), part.to_string(), why];
    let fields = differences.iter().map(|it| vec![String::new(), format!("  {it}")]);
    [step].into_iter().chain(fields).collect()
}

/// A row for each remark, below `word`.
pub(super) fn rows_of_remarks<P: Display>(word: &str, remarks: &[Remark<P>]) -> Vec<Vec<String>> {
    let row = |it: &Remark<P>| vec![word.to_owned(), it.part.to_string(), it.why.clone()];
    remarks.iter().map(row).collect()
}

/// Nothing is begun that cannot be finished: `line` says what cannot be.
pub(super) fn refuse(line: String, remarks: &[Remark<impl Display>]) -> Result<()> {
    if remarks.is_empty() {
        return Ok(());
    }
    let failure = Failure::refused(line).code(&code::INFRA_REFUSED);
    Err(remarks.iter().fold(failure, |failure, it| failure.reason(it.to_string())))
}

/// One step after the other; gives how many were done.
pub(super) fn carry_out<S>(
    world: &World<'_>,
    steps: &[S],
    named: impl Fn(&S) -> String,
    mut apply: impl FnMut(&S) -> Result<()>,
) -> Result<usize> {
    let phase = world.report.phase("apply");
    let count = Count(steps.len(), "step");
    for (done, step) in steps.iter().enumerate() {
        let what = named(step);
        phase.doing(&what);
        let applied = world.cancel.check().and_then(|()| apply(step));
        applied.map_err(|failure| broken(failure, done, &count))?;
        phase.note(&what);
    }
    phase.done(&count.to_string());
    Ok(steps.len())
}

fn broken(failure: Failure, done: usize, total: &Count) -> Failure {
    let failure = match done {
        0 => failure,
        _ => failure.partly().during(format!("failed after {done} of {total}")),
    };
    failure.hint("the same command again goes on, with the flags that it had")
}
