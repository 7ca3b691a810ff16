//! Runs a command that the core described, and nothing else. Every program that this one starts is
//! started here: in a group of its own, with a limit, and ended as a whole group.

pub(crate) mod build;
mod job;
mod output;

pub(crate) use build::command;
pub use job::{Bounds, Ending, Job, Streams, Talk, interrupt};
pub use output::{Output, last_lines};

use crate::cancel::Cancel;
use crate::edge::files;
use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use job::Lines;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use xtask_core::command::Command;

/// The variable that gives every command another limit, in seconds.
pub const LIMIT_VARIABLE: &str = "XTASK_COMMAND_LIMIT";

/// How long a group has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
/// The same where the program is our own, which ends groups itself before it ends.
pub const LONG_GRACE: Duration = Duration::from_secs(15);

/// Runs commands from one folder.
#[derive(Clone, Debug)]
pub struct Shell {
    root: PathBuf,
    /// Where programs are looked for: our own pinned tools first, then the `PATH`.
    path: OsString,
    cancel: Cancel,
    grace: Duration,
    /// The limit of every command, where somebody asked for another one.
    limit: Option<Duration>,
}

impl Shell {
    /// Runs commands from `root` unless they say where; `tools` come before the `PATH`.
    pub fn new(root: &Path, tools: &Path, cancel: &Cancel) -> Result<Self> {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = [tools.to_owned()].into_iter().chain(std::env::split_paths(&inherited));
        let path = std::env::join_paths(folders).unwrap_or(inherited);
        let (root, cancel, limit) = (root.to_owned(), cancel.clone(), limit_of_environment()?);
        Ok(Self { root, path, cancel, grace: GRACE, limit })
    }

    /// The folder that commands are run from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What ends its commands.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Runs `command` and gives back what it said, however it ended by itself.
    pub fn observe(&self, command: &Command) -> Result<Output> {
        runtime::wait(self.attend(command, self.prepare(command)?, None))
    }

    /// The same, with `line` told of every line of both streams as it comes.
    pub fn observe_lines(&self, command: &Command, line: &(dyn Fn(&str) + Sync)) -> Result<Output> {
        runtime::wait(self.attend(command, self.prepare(command)?, Some(line)))
    }

    /// The same; ending badly is a failure that holds its last lines.
    pub fn follow(&self, command: &Command, line: &(dyn Fn(&str) + Sync)) -> Result<Output> {
        self.observe_lines(command, line)?.succeeds(command)
    }

    /// Runs `command` after `change` had its way with what the standard library will start.
    pub fn observe_as(
        &self,
        command: &Command,
        change: impl FnOnce(&mut std::process::Command),
    ) -> Result<Output> {
        let mut prepared = self.prepare(command)?;
        change(&mut prepared);
        runtime::wait(self.attend(command, prepared, None))
    }

    /// Runs `command`; ending badly is a failure that holds its last lines.
    pub fn run(&self, command: &Command) -> Result<Output> {
        self.observe(command)?.succeeds(command)
    }

    /// Runs `command` with what `write` makes for its standard input, while it is made.
    pub fn feed(
        &self,
        command: &Command,
        write: impl FnOnce(&mut dyn std::io::Write) -> Result<()>,
    ) -> Result<Output> {
        let pipe = std::io::pipe();
        let (reader, mut writer) = pipe.or_outside(|| "failed to make a pipe".to_owned())?;
        let streams = Streams { stdin: reader.into(), ..Streams::heard() };
        let job = self.start(command, streams)?;
        let (bounds, talk) = (self.bounds(command), Talk::default());
        let attended = runtime::spawn(job.attend(talk, bounds));
        // One that ends before it has read everything says why by its exit code.
        let written = write(&mut writer);
        drop(writer);
        let ended = runtime::wait(attended).expect("attending a program does not panic");
        let output = self.ended(command, ended)?.succeeds(command)?;
        written.map(|()| output)
    }

    /// Starts `command` and leaves attending it to the caller; when the value is dropped the whole
    /// group is killed.
    pub fn start(&self, command: &Command, streams: Streams) -> Result<Job> {
        self.start_as(command, streams, |_| ())
    }

    /// The same, after `change` had its way.
    pub fn start_as(
        &self,
        command: &Command,
        streams: Streams,
        change: impl FnOnce(&mut std::process::Command),
    ) -> Result<Job> {
        let mut prepared = self.prepare(command)?;
        change(&mut prepared);
        streams.give(&mut prepared);
        runtime::wait(async { self.spawn(command, prepared) })
    }

    /// Starts what is to outlive this run, such as an engine: nothing of it is ended here. What it
    /// says goes into `log`.
    pub fn leave_running(&self, command: &Command, log: &Path) -> Result<std::process::Child> {
        let failed = || format!("failed to write `{}`", log.display());
        let file = File::create(log).or_outside(failed)?;
        let copy = file.try_clone().or_outside(failed)?;
        let mut prepared = self.prepare(command)?;
        prepared.stdin(Stdio::null()).stdout(file).stderr(copy).process_group(0);
        prepared.spawn().map_err(|error| cannot_start(command, &error))
    }

    /// Where a program is, if it is anywhere.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        if program.contains('/') {
            return Some(PathBuf::from(program)).filter(|path| files::is_seen(path));
        }
        let folders = std::env::split_paths(&self.path);
        folders.map(|folder| folder.join(program)).find(|path| files::is_seen(path))
    }

    /// How long `command` may take, and who else may end it.
    pub fn bounds(&self, command: &Command) -> Bounds {
        let limit = self.limit.unwrap_or(command.limit);
        let cancel = (!self.cancel.is_whole() && !command.finishes).then(|| self.cancel.clone());
        let whole = command.finishes.then(|| self.cancel.whole());
        Bounds { limit, grace: self.grace, cancel, _whole: whole }
    }

    async fn attend(
        &self,
        command: &Command,
        mut prepared: std::process::Command,
        lines: Option<Lines<'_>>,
    ) -> Result<Output> {
        let mut streams = Streams::heard();
        if command.input.is_some() {
            streams.stdin = Stdio::piped();
        }
        streams.give(&mut prepared);
        let bounds = self.bounds(command);
        let job = self.spawn(command, prepared)?;
        let talk = Talk { input: command.input.clone(), lines };
        self.ended(command, job.attend(talk, bounds).await)
    }

    /// Wants the runtime around it.
    fn spawn(&self, command: &Command, prepared: std::process::Command) -> Result<Job> {
        self.cancel.check()?;
        Job::spawn(command, prepared, &self.cancel).map_err(|error| cannot_start(command, &error))
    }

    /// What came of a program: failing to let it come to its end by itself is a failure.
    pub fn ended(
        &self,
        command: &Command,
        ended: std::io::Result<(Ending, Output)>,
    ) -> Result<Output> {
        let (ending, output) = ended.or_outside(|| format!("failed to wait for `{command}`"))?;
        match ending {
            Ending::Ended(_) => Ok(output),
            Ending::Cancelled => {
                Err(self.cancel.failure().reason(format!("`{command}` was ended")))
            }
            Ending::OverTime(limit) => Err(over_time(command, limit, &output)),
        }
    }

    /// The command as the standard library takes it, with no stream decided: by way of xshell,
    /// whose shell is made here because it cannot be shared between threads.
    fn prepare(&self, command: &Command) -> Result<std::process::Command> {
        let failed = || format!("failed to start `{}`", command.program);
        let shell = xshell::Shell::new().or_outside(failed)?;
        shell.change_dir(&self.root);
        if let Some(folder) = &command.folder {
            shell.change_dir(folder);
        }
        let program = self.find(&command.program).unwrap_or_else(|| command.program.clone().into());
        let args = &command.args;
        let prepared = xshell::cmd!(shell, "{program} {args...}").env("PATH", &self.path);
        let prepared = command.without.iter().fold(prepared, xshell::Cmd::env_remove);
        Ok(prepared.envs(command.env.iter().cloned()).into())
    }
}

/// The limit that this run was told for every command.
fn limit_of_environment() -> Result<Option<Duration>> {
    let Some(text) = std::env::var_os(LIMIT_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let seconds = text.to_str().and_then(|text| text.parse::<f64>().ok());
    let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    limit.filter(|limit| !limit.is_zero()).map(Some).ok_or_else(|| {
        let text = text.to_string_lossy();
        Failure::usage(format!("cannot use `{LIMIT_VARIABLE}`: `{text}` is no number of seconds"))
    })
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    let failure = Failure::outside(format!("failed to start `{}`", command.program))
        .code(&code::TOOL_MISSING)
        .because(error);
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.hint("`./x doctor` lists every tool and how to get it")
        }
        _ => failure,
    }
}

fn over_time(command: &Command, limit: Duration, output: &Output) -> Failure {
    let limit = limit.as_secs_f64();
    let line = format!("it did not end within {limit} s, and was ended with all that it started");
    let failure =
        Failure::outside(format!("failed to run `{command}`")).code(&code::TIME_LIMIT).reason(line);
    let printed = output.last_words();
    let failure =
        if printed.is_empty() { failure } else { failure.reason(format!("last: {printed}")) };
    failure.hint(format!("run it again; `{LIMIT_VARIABLE}` gives commands more seconds"))
}

#[cfg(test)]
mod tests;
