//! A task while it runs: one command after the other, all output in one log, none outliving us.

use crate::edge::shell::{Ending, LONG_GRACE, Output, Shell, Streams, Talk};
use crate::error::{Context as _, Result};
use crate::runtime;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use xtask_core::check::schedule::Outcome;
use xtask_core::check::task::{NOT_CHECKED, Task};
use xtask_core::command::Command;

/// What `cargo run` tells about this program; a cargo that sees it builds some crates anew.
const OURS: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];

/// This program as it was when the run began: what `cargo xtask` means in a task.
pub(super) const OURSELVES: &str = "target/ci/xtask";

/// A task while it runs.
pub(super) struct Running {
    at: usize,
    /// What is to come, as its row says it and as it is run.
    commands: std::vec::IntoIter<(Command, Command)>,
    /// What was started last, and where in the log its output begins.
    last: Option<(Command, u64)>,
    shell: Shell,
    log: File,
    current: Option<(Attended, Guard)>,
    began: Instant,
    limit: Duration,
}

/// A program that the runtime looks after, and how it ended.
type Attended = JoinHandle<std::io::Result<(Ending, Output)>>;

/// Waits for a word. Without one it ends the group: first with SIGTERM, because our own program
/// has groups of its own to end, and ten seconds later with SIGKILL.
const STRIKE: &str = r#"read -r ended && exit
kill -s TERM -- "-$1"
left=100
while [ "$left" -gt 0 ] && kill -s 0 -- "-$1"; do left=$((left - 1)); sleep 0.1; done
kill -s KILL -- "-$1""#;

/// Ends a group of processes when it is dropped without a word: at a time-out, and also when this
/// program itself is ended, because the pipe to the guard then closes.
struct Guard {
    process: Child,
    word: Option<ChildStdin>,
}

impl Running {
    /// Starts the first command of `task`, whose place among the tasks is `at`; `as_run` says how
    /// the command of that number is run.
    pub(super) fn start(
        at: usize,
        task: &Task,
        shell: &Shell,
        as_run: impl Fn(usize, &Command) -> Command,
        log: &Path,
    ) -> Result<Self> {
        let file =
            File::create(log).or_outside(|| format!("failed to write `{}`", log.display()))?;
        let row = task.commands.iter().enumerate();
        let commands: Vec<_> = row.map(|(number, it)| (it.clone(), as_run(number, it))).collect();
        let mut running = Self {
            at,
            commands: commands.into_iter(),
            last: None,
            shell: shell.clone(),
            log: file,
            current: None,
            began: Instant::now(),
            limit: task.limit,
        };
        running.advance()?;
        Ok(running)
    }

    /// Its place among the tasks.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// How long it took so far.
    pub(super) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// What it said, of which the log at `path` holds every byte.
    pub(super) fn output(&self, path: &Path) -> Result<TaskOutput> {
        let bytes =
            std::fs::read(path).or_outside(|| format!("failed to read `{}`", path.display()))?;
        let last = self.last.as_ref().map(|(command, begins)| {
            let begins = usize::try_from(*begins).unwrap_or(usize::MAX).min(bytes.len());
            (command.clone(), plain(&bytes[begins..]))
        });
        Ok(TaskOutput { whole: plain(&bytes), last })
    }

    /// How it ended, if it did; starts its next command when one ended well.
    pub(super) fn look(&mut self) -> Result<Option<Outcome>> {
        if self.current.as_ref().is_some_and(|(attended, _)| !attended.is_finished()) {
            return Ok(None);
        }
        let Some((attended, mut guard)) = self.current.take() else {
            return Ok(Some(Outcome::Failed));
        };
        let ended = runtime::wait(attended).expect("attending a program does not panic");
        let (ending, _) = ended.or_outside(|| "failed to wait for a task".to_owned())?;
        guard.release();
        match ending {
            Ending::Ended(status) => self.ended(status),
            Ending::OverTime(_) => {
                self.note(&format!("ended by us after {} s", self.limit.as_secs()))?;
                Ok(Some(Outcome::TimedOut))
            }
            Ending::Cancelled => Err(self.shell.cancel().failure()),
        }
    }

    /// What an end means; the next command is started after a good one.
    fn ended(&mut self, status: ExitStatus) -> Result<Option<Outcome>> {
        if status.code() == Some(NOT_CHECKED) {
            return Ok(Some(Outcome::NotChecked));
        }
        if !status.success() {
            self.note(&format!("ended with {status}"))?;
            return Ok(Some(Outcome::Failed));
        }
        Ok(if self.advance()? { None } else { Some(Outcome::Passed) })
    }

    /// Starts the next command; false if there is none. One that cannot be started fails the task
    /// and says why in its log, because a missing tool is a finding like any other.
    fn advance(&mut self) -> Result<bool> {
        let Some((row, command)) = self.commands.next() else { return Ok(false) };
        self.note(&format!("$ {command}"))?;
        let begins = self.log.stream_position().or_outside(|| "failed to ask a log".to_owned())?;
        self.last = Some((row, begins));
        self.current = match self.spawn(&command) {
            Ok(started) => Some(started),
            Err(failure) => {
                self.note(&failure.to_string())?;
                None
            }
        };
        Ok(true)
    }

    fn spawn(&self, command: &Command) -> Result<(Attended, Guard)> {
        let log = || self.log.try_clone().or_outside(|| "failed to share a log".to_owned());
        let (stdout, stderr) = (log()?.into(), log()?.into());
        let streams = Streams { stdin: Stdio::null(), stdout, stderr };
        let job = self.shell.start_as(command, streams, plainly)?;
        let guard = Guard::of(job.id())?;
        let left = self.limit.saturating_sub(self.took());
        let bounds = self.shell.bounds(command).limit(left).grace(LONG_GRACE);
        Ok((runtime::spawn(job.attend(Talk::default(), bounds)), guard))
    }

    fn note(&mut self, line: &str) -> Result<()> {
        writeln!(self.log, "{line}").or_outside(|| "failed to write a task's log".to_owned())
    }
}

/// Without what cargo told us, and without colours.
fn plainly(prepared: &mut std::process::Command) {
    for (name, _) in std::env::vars_os() {
        if OURS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            prepared.env_remove(name);
        }
    }
    prepared.env_remove("FORCE_COLOR").env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never");
}

impl Drop for Running {
    /// Ctrl-C has asked its group to end: that is waited for. Else the guard strikes.
    fn drop(&mut self) {
        let Some((attended, mut guard)) = self.current.take() else { return };
        if self.shell.cancel().is_cancelled() {
            let _ended = runtime::wait(attended);
            guard.release();
        }
    }
}

impl Guard {
    /// A guard of the group that the process `leader` leads.
    fn of(leader: u32) -> Result<Self> {
        // Not by our shell, which would end it with us: it is there for what we leave behind.
        let mut command = std::process::Command::new("sh");
        command.args(["-c", STRIKE, "guard", &leader.to_string()]);
        // In a group of its own, so that Ctrl-C does not reach it before it has done its work.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut process = command.spawn().or_outside(|| "failed to start `sh`".to_owned())?;
        let word = process.stdin.take();
        Ok(Self { process, word })
    }

    /// The group ended by itself.
    fn release(&mut self) {
        if let Some(mut word) = self.word.take() {
            let _guard_is_gone = writeln!(word, "ended");
        }
        let _reaped = self.process.wait();
    }

    /// Ends the whole group.
    fn strike(&mut self) {
        drop(self.word.take());
        let _reaped = self.process.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.strike();
    }
}

/// Programs named by a path are meant from the root, wherever they are run; so is `{root}`. What
/// waits more than it works may take `{twice-the-cores}` of this machine.
pub(super) fn placed(command: &Command, root: &Path) -> Command {
    let mut command = command.clone();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for (_, value) in &mut command.env {
        *value = value.replace("{root}", &root.display().to_string());
        *value = value.replace("{twice-the-cores}", &(2 * cores).to_string());
    }
    // Cargo would wait for the lock of another cargo, and put another program in our place.
    if command.program == "cargo" && command.args.first().is_some_and(|arg| arg == "xtask") {
        command.args.remove(0);
        OURSELVES.clone_into(&mut command.program);
    }
    if command.program.contains('/') {
        command.program = root.join(&command.program).display().to_string();
    }
    command
}

/// What a task printed, as plain text.
#[derive(Debug, Default)]
pub(super) struct TaskOutput {
    pub(super) whole: String,
    /// The command that ran last, as its row says it, and what that printed.
    pub(super) last: Option<(Command, String)>,
}

/// Bytes as plain text: without colours and what else moves a terminal; what is no text is shown
/// as such, and each state of a line that was written over and over is a line.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = console::strip_ansi_codes(&text).replace("\r\n", "\n").replace('\r', "\n");
    text.replace(|c: char| c.is_control() && c != '\n' && c != '\t', "")
}

#[cfg(test)]
mod tests;
