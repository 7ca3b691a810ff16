//! Two programs and a pipe. What dumps writes, what stores reads, and nothing goes through us: so
//! a dump takes none of our memory. What makes it safe is that we hold a writing end
//! as well: the one that stores sees no end before we let go, and we let go only where the one that
//! dumps has ended well.

use crate::edge::restic::{Restic, Stored, stored};
use crate::edge::shell::{Ending, Job, Output, Shell, Talk, interrupt};
use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xtask_core::backup::exit::meaning;
use xtask_core::command::Command;

/// How long one that is told to end takes to clean up after itself.
const GRACE: Duration = Duration::from_secs(20);

/// One that has died is heard of within this: it made the other one fail.
const EARLY: Duration = Duration::from_millis(500);

/// A program that is being attended.
struct Running {
    command: Command,
    id: u32,
    task: JoinHandle<io::Result<(Ending, Output)>>,
}

/// What is to be stored, and as what.
pub struct Wanted<'w> {
    pub file: &'w str,
    pub tags: &'w str,
}

/// What becomes of a program with one end of a pipe.
pub type Start<'s> = dyn FnOnce(Stdio) -> Result<(Command, Job)> + 's;

/// Stores what a program writes, and does something else meanwhile. If that program or the rest
/// fails, nothing is stored.
pub fn store<T>(
    restic: &Restic<'_>,
    shell: &Shell,
    wanted: &Wanted<'_>,
    start: Box<Start<'_>>,
    meanwhile: impl FnOnce() -> Result<T>,
) -> Result<(Stored, T)> {
    let pipe = io::pipe().or_outside(|| "failed to make a pipe".to_owned())?;
    // Declared first, so that it is let go last, whatever fails: behind what would see an end.
    let (reader, held) = pipe;
    let copy = held.try_clone().or_outside(|| "failed to share a pipe".to_owned())?;
    let storing =
        Running::new(shell, restic.start_backup(reader.into(), wanted.file, wanted.tags)?);
    let begun = start(copy.into()).map(|started| Running::new(shell, started));
    let dumping = match begun {
        Ok(dumping) => dumping,
        Err(failure) => return Err(storing.give_up(failure)),
    };
    let beside = meanwhile();
    let dumped = dumping.ended(shell);
    match (beside, dumped) {
        // The snapshot of what failed beside it is gone, so the dump failed after it.
        (Err(failure), _) => Err(storing.give_up(nothing_stored(failure))),
        (Ok(beside), Ok(_)) => {
            drop(held);
            let output = storing.observed(shell)?;
            Ok((of_restic(restic, &output)?, beside))
        }
        // One that stores nothing any more ends the one that dumps: the first cause is told.
        (Ok(_), Err(failure)) => match storing.ended_early(shell) {
            Ok(output) => Err(refused(restic, &output?)),
            Err(storing) => Err(storing.give_up(nothing_stored(failure))),
        },
    }
}

fn of_restic(restic: &Restic<'_>, output: &Output) -> Result<Stored> {
    if output.succeeded() { stored(output) } else { Err(refused(restic, output)) }
}

fn refused(restic: &Restic<'_>, output: &Output) -> Failure {
    let refused = restic.refused("write to", meaning(output.code), output);
    nothing_stored(restic.with_locks(refused))
}

fn nothing_stored(failure: Failure) -> Failure {
    let is_general = failure.name() == code::TOOL_FAILED.name;
    let failure = if is_general { failure.relabel(&code::BACKUP_FAILED) } else { failure };
    failure.code(&code::BACKUP_FAILED).reason("no back-up was recorded")
}

/// Hands a stored file to a program. What that one says counts first: one that has read what it
/// wanted may end before the rest is written.
pub fn pour(
    restic: &Restic<'_>,
    shell: &Shell,
    (snapshot, file): (&str, &str),
    start: Box<Start<'_>>,
) -> Result<Poured> {
    let pipe = io::pipe().or_outside(|| "failed to make a pipe".to_owned())?;
    let (reader, writer) = pipe;
    let taking = Running::new(shell, start(reader.into())?);
    let giving = restic.start_read(snapshot, file, writer.into());
    let giving = match giving {
        Ok(started) => Running::new(shell, started),
        Err(failure) => return Err(taking.give_up(failure)),
    };
    let taken = taking.observed(shell);
    let given = giving.observed(shell);
    Ok(Poured { taken: taken?, given: given? })
}

/// How both ended.
pub struct Poured {
    /// The one that read.
    pub taken: Output,
    /// restic, which wrote.
    pub given: Output,
}

impl Running {
    fn new(shell: &Shell, (command, job): (Command, Job)) -> Self {
        let (id, bounds) = (job.id(), shell.bounds(&command));
        Self { id, task: runtime::spawn(job.attend(Talk::default(), bounds)), command }
    }

    fn observed(self, shell: &Shell) -> Result<Output> {
        let ended = runtime::wait(self.task).expect("attending a program does not panic");
        shell.ended(&self.command, ended)
    }

    fn ended(self, shell: &Shell) -> Result<Output> {
        let command = self.command.clone();
        self.observed(shell)?.succeeds(&command)
    }

    /// What it said, if it has ended by itself: before the end of what it reads, that is a refusal.
    fn ended_early(mut self, shell: &Shell) -> Result<Result<Output>, Box<Self>> {
        let ended = runtime::wait(async { timeout(EARLY, &mut self.task).await });
        match ended {
            Ok(ended) => {
                let ended = ended.expect("attending a program does not panic");
                Ok(shell.ended(&self.command, ended))
            }
            Err(_) => Err(Box::new(self)),
        }
    }

    /// Ends it and waits until it is gone; `failure` is why.
    fn give_up(self, failure: Failure) -> Failure {
        interrupt(self.id);
        let task = self.task;
        let abort = task.abort_handle();
        if runtime::wait(async { timeout(GRACE, task).await }).is_err() {
            // Dropping the job kills its group.
            abort.abort();
        }
        failure
    }
}
