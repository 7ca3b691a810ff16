//! The Docker engine that tests ask.

use crate::edge::docker;
use crate::error::{Result, code};
use crate::world::World;
use xtask_core::check::task::Task;

/// Starts it where none answers and one of `tasks` asks it. Before anything is counted as missing:
/// the end-to-end test would start it half-way, and the tests before it would not have run.
pub(super) fn bring_up(tasks: &[Task], world: &World<'_>) -> Result<()> {
    if !tasks.iter().any(asks_it) {
        return Ok(());
    }
    match docker::answers(&world.shell) {
        Ok(true) => Ok(()),
        Ok(false) => start(world),
        // Both are counted as missing, and the summary says which tests did not run.
        Err(failure) if is_out_of_reach(failure.name()) => Ok(()),
        Err(failure) => Err(failure.hint("`--skip rust-test,e2e` leaves out what asks it")),
    }
}

/// Whether its tests ask an engine: they notice when Docker's client is another.
fn asks_it(task: &Task) -> bool {
    task.runner.is_some() && task.notices.contains(&"docker")
}

/// Where there is no client, and where this user may not ask, no test could either.
fn is_out_of_reach(code: &str) -> bool {
    [&code::TOOL_MISSING, &code::ENGINE_FORBIDDEN].iter().any(|it| it.name == code)
}

/// A machine that has none and may start none still runs all other tests.
fn start(world: &World<'_>) -> Result<()> {
    match docker::ensure(&world.shell, &world.places.state) {
        Ok(engine) => world.report.status(&format!("started Docker {}", engine.version)),
        Err(failure) => {
            world.cancel.check()?;
            let why = failure.innermost_line();
            world.report.warning(&format!("no test can ask a Docker engine: {why}"));
        }
    }
    Ok(())
}
