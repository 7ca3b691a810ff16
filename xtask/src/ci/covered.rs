//! What tests cover: each language's report is read when its task ends, and said in one line.

use crate::edge::files;
use crate::error::Result;
use crate::world::World;
use std::path::PathBuf;
use xtask_core::check::coverage::Coverage;
use xtask_core::check::task::Task;

/// What one language's tests cover.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    pub(super) name: &'static str,
    pub(super) coverage: Coverage,
}

/// Removes the report of an earlier run: what does not write a new one has none.
pub(super) fn forget(task: &Task, world: &World<'_>) -> Result<()> {
    let Some(name) = task.coverage else { return Ok(()) };
    files::remove_file(&file(name, "lcov.info", world))
}

/// Reads the report that `task` wrote, and puts a line for people beside it.
pub(super) fn read(task: &Task, world: &World<'_>) -> Result<Option<Covered>> {
    let Some(name) = task.coverage else { return Ok(None) };
    let report = files::read_if_there(&file(name, "lcov.info", world))?;
    let Some(coverage) = report.as_deref().and_then(Coverage::parse) else { return Ok(None) };
    let summary = file(name, "summary.txt", world);
    let line = format!("{coverage}\n");
    if files::read_if_there(&summary)?.as_deref() != Some(&line) {
        files::write(&summary, line.as_bytes())?;
    }
    Ok(Some(Covered { name, coverage }))
}

fn file(name: &str, file: &str, world: &World<'_>) -> PathBuf {
    world.places.file(format!("target/ci/coverage/{name}/{file}"))
}
