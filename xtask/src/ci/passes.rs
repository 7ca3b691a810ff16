//! The memory of earlier runs, in one file that is replaced whole.

use crate::edge::{clock, files};
use crate::error::{Context as _, Result};
use crate::world::World;
use std::time::Duration;
use xtask_core::check::decision::{Key, Memory, Past};
use xtask_core::check::requirement::NotRun;
use xtask_core::check::schedule::Outcome;
use xtask_core::check::task::Task;

/// Where it is, from the root.
const FILE: &str = "target/ci/passes.json";

/// Reads it; one that cannot be read is empty, because it can be made again.
pub(super) fn read(world: &World<'_>) -> Result<Memory> {
    let text = files::read_if_there(&world.places.file(FILE)).unwrap_or_default();
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Forgets that `task` passed: it begins anew, and may be killed half-way.
pub(super) fn begins(task: &Task, world: &World<'_>) -> Result<()> {
    change(task, world, |past| past.passed = None)
}

/// Remembers how `task` ended, and what it depended on if it passed.
pub(super) fn ended(
    task: &Task,
    world: &World<'_>,
    outcome: (Outcome, Duration),
    passed: Option<Key>,
    not_run: &[NotRun],
) -> Result<()> {
    let (outcome, took) = outcome;
    change(task, world, |past| {
        super::messages::word(outcome).to_lowercase().clone_into(&mut past.outcome);
        past.at = clock::now();
        past.passed = passed;
        past.not_run = not_run.to_vec();
        if outcome == Outcome::Passed {
            past.took_ms = u64::try_from(took.as_millis()).ok();
        }
    })
}

/// Reads, changes and writes: another run beside this one may have learnt something too.
fn change(task: &Task, world: &World<'_>, change: impl FnOnce(&mut Past)) -> Result<()> {
    let mut memory = read(world)?;
    change(memory.tasks.entry(task.name.to_owned()).or_default());
    let text =
        serde_json::to_string_pretty(&memory).or_outside(|| format!("failed to write `{FILE}`"))?;
    files::write(&world.places.file(FILE), text.as_bytes())
}
