//! `bench`: hands over to the crate `xtask-bench`, which knows the programs that we are compared
//! with.

use crate::edge::shell::{Streams, Talk};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Bench;
use crate::runtime;
use crate::world::World;
use std::process::Stdio;
use std::time::Duration;
use xtask_core::command::Command;

/// Many rounds on a slow machine; the benchmark's own commands have limits of their own.
const LIMIT: Duration = Duration::from_secs(6 * 3600);

pub(super) fn run(flags: &Bench, world: &World<'_>) -> Result<Exit> {
    let command = command(flags, world)?.limit(LIMIT);
    let streams =
        Streams { stdin: Stdio::null(), stdout: Stdio::inherit(), stderr: Stdio::inherit() };
    let job = world.shell.start(&command, streams)?;
    let attended = job.attend(Talk::default(), world.shell.bounds(&command));
    let output = world.shell.ended(&command, runtime::wait(attended))?;
    match output.code {
        Some(0) => Ok(Exit::Done),
        Some(3) => Ok(Exit::Planned),
        _ => Err(Failure::outside("the benchmark did not come to its end")
            .code(&code::TOOL_FAILED)
            .hint("what it says above is why")),
    }
}

/// The benchmark, with this program as the one that is measured.
fn command(flags: &Bench, world: &World<'_>) -> Result<Command> {
    let failed = || "failed to find this program on the disk".to_owned();
    let program = std::env::current_exe().or_outside(failed)?.display().to_string();
    let run = ["run", "--quiet", "--package", "xtask-bench", "--", "--program", &program];
    let json = world.report.is_json().then_some("--json");
    let (name, repeat, record) = match flags {
        Bench::Image(image) => ("image", image.repeat, image.record.then_some("--record")),
        Bench::Database(database) => ("database", database.repeat, None),
    };
    let command = Command::new("cargo").args(run).args(json).arg(name);
    Ok(command.args(["--repeat", &repeat.to_string()]).args(record))
}
