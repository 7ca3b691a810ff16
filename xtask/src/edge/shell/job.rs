//! A program while it runs: heard and answered at once, and ended with its whole group.

use super::Output;
use crate::cancel::{Cancel, Listed, Whole};
use crate::edge::clock::milliseconds;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use xtask_core::command::Command;
use xtask_core::secret::Secret;

/// How often it is asked whether a group is gone that was told to go.
const LOOK: Duration = Duration::from_millis(10);
/// How long is waited for what a killed group left in its pipes: a process that went away from the
/// group may hold them for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The most that a program may say on one stream, in MiB: far beyond any answer that we read, and
/// far below what a machine has.
const MOST_MIB: usize = 64;

/// A program in a group of its own. Dropped before it has ended, the whole group is killed.
#[derive(Debug)]
pub struct Job {
    child: Child,
    group: Pid,
    ended: bool,
    /// Tells program and arguments; never input, output or variables.
    span: tracing::Span,
    began: std::time::Instant,
    _listed: Listed,
}

/// How a program came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Ended(ExitStatus),
    /// By us, after this long.
    OverTime(Duration),
    /// By us, because the run ends.
    Cancelled,
}

/// Where its streams lead.
#[derive(Debug)]
pub struct Streams {
    /// What it reads.
    pub stdin: Stdio,
    /// Where its output goes.
    pub stdout: Stdio,
    /// Where its errors go.
    pub stderr: Stdio,
}

/// How long it may take, and who else may end it.
#[derive(Debug)]
pub struct Bounds {
    pub(super) limit: Duration,
    pub(super) grace: Duration,
    /// None where it runs to its end whatever the person says.
    pub(super) cancel: Option<Cancel>,
    pub(super) _whole: Option<Whole>,
}

/// What is said to it, and who listens.
#[derive(Default)]
pub struct Talk<'a> {
    pub(super) input: Option<Secret>,
    pub(super) lines: Option<Lines<'a>>,
}

/// Who is told of every line of both streams.
pub(super) type Lines<'a> = &'a (dyn Fn(&str) + Sync);

impl Streams {
    /// Nothing to read, and we hear both.
    pub fn heard() -> Self {
        Self { stdin: Stdio::null(), stdout: Stdio::piped(), stderr: Stdio::piped() }
    }

    /// Nothing to read, and nobody hears it.
    pub fn unheard() -> Self {
        Self { stdin: Stdio::null(), stdout: Stdio::null(), stderr: Stdio::null() }
    }

    pub(super) fn give(self, command: &mut std::process::Command) {
        command.stdin(self.stdin).stdout(self.stdout).stderr(self.stderr);
    }
}

impl Bounds {
    /// The same with another limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The same with more time between SIGTERM and SIGKILL: for what has groups of its own to end.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    async fn cancelled(&self) {
        match &self.cancel {
            Some(cancel) => cancel.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

impl Job {
    /// Starts it as the first of its group. Wants the runtime around it.
    pub(super) fn spawn(
        command: &Command,
        mut prepared: std::process::Command,
        cancel: &Cancel,
    ) -> io::Result<Self> {
        let span = tracing::info_span!("command", line = command.line());
        let began = std::time::Instant::now();
        prepared.process_group(0);
        let started = tokio::process::Command::from(prepared).spawn();
        let child = started.inspect_err(|error| {
            tracing::info!(parent: &span, %error, "not started");
        })?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let group = id.ok_or_else(|| io::Error::other("a program has no number"))?;
        let listed = cancel.list(group.as_raw_nonzero().get());
        tracing::debug!(parent: &span, process = group.as_raw_nonzero().get(), "started");
        Ok(Self { child, group, ended: false, span, began, _listed: listed })
    }

    fn trace(&self, ending: Ending) {
        let ms = milliseconds(self.began);
        match ending {
            Ending::Ended(status) => {
                tracing::info!(parent: &self.span, exit = status.code(), ms, "ended");
            }
            Ending::OverTime(_) => tracing::warn!(parent: &self.span, ms, "ended at its limit"),
            Ending::Cancelled => tracing::warn!(parent: &self.span, ms, "ended with the run"),
        }
    }

    /// Its number, which is its group's too.
    pub fn id(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Talks with it until it ends, by itself or by us.
    pub async fn attend(mut self, talk: Talk<'_>, bounds: Bounds) -> io::Result<(Ending, Output)> {
        let (group, mut output, mut stderr) = (self.group, Output::default(), Vec::new());
        let mut status = None;
        let ending = {
            let talked = talked(&mut self.child, talk, &mut output.stdout, &mut stderr);
            let mut talked = std::pin::pin!(talked);
            let ending = tokio::select! {
                biased;
                ended = talked.as_mut() => Ending::Ended(*status.insert(ended?)),
                () = bounds.cancelled() => Ending::Cancelled,
                () = sleep(bounds.limit) => Ending::OverTime(bounds.limit),
            };
            if status.is_none() {
                end(group, talked, bounds.grace).await;
            }
            ending
        };
        self.ended = true;
        self.trace(ending);
        output.stderr = String::from_utf8_lossy(&stderr).into_owned();
        output.code = status.and_then(|status| status.code());
        Ok((ending, output))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.ended {
            signal(self.group, Signal::KILL);
        }
    }
}

/// Writes, reads and waits at once, so that neither side waits for the other.
async fn talked(
    child: &mut Child,
    talk: Talk<'_>,
    stdout: &mut Vec<u8>,
    stderr: &mut Vec<u8>,
) -> io::Result<ExitStatus> {
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let written = async {
        write(stdin, talk.input).await;
        Ok(())
    };
    let (out, err) = (read(out, stdout, talk.lines), read(err, stderr, talk.lines));
    let ((), (), (), status) = tokio::try_join!(written, out, err, child.wait())?;
    Ok(status)
}

/// A program that ends without reading says why by its exit code.
async fn write(stdin: Option<ChildStdin>, input: Option<Secret>) {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        let _unread = stdin.write_all(input.expose().as_bytes()).await;
    }
}

async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    into: &mut Vec<u8>,
    lines: Option<Lines<'_>>,
) -> io::Result<()> {
    let Some(mut stream) = stream else { return Ok(()) };
    let mut done = 0;
    while stream.read_buf(into).await? > 0 {
        if into.len() > MOST_MIB << 20 {
            let why = format!("it wrote more than {MOST_MIB} MiB, and was ended");
            return Err(io::Error::other(why));
        }
        let Some(lines) = lines else { continue };
        while let Some(length) = into[done..].iter().position(|byte| b"\n\r".contains(byte)) {
            tell(lines, &into[done..done + length]);
            done += length + 1;
        }
    }
    if let Some(lines) = lines {
        tell(lines, &into[done..]);
    }
    Ok(())
}

fn tell(lines: Lines<'_>, line: &[u8]) {
    let line = String::from_utf8_lossy(line);
    if !line.trim().is_empty() {
        lines(line.trim_end());
    }
}

/// Asks the whole group to end, and after `grace` does not ask any more.
async fn end<T>(
    group: Pid,
    mut talked: std::pin::Pin<&mut impl Future<Output = T>>,
    grace: Duration,
) {
    signal(group, Signal::TERM);
    let deadline = Instant::now() + grace;
    let is_over = timeout_at(deadline, talked.as_mut()).await.is_ok();
    let gone = async {
        while test_kill_process_group(group).is_ok() {
            sleep(LOOK).await;
        }
    };
    if timeout_at(deadline, gone).await.is_err() {
        signal(group, Signal::KILL);
    }
    if !is_over {
        let _held_elsewhere = timeout(LAST_WORDS, talked).await;
    }
}

/// Asks a group to end as Ctrl-C does, by the number that its job has told.
pub fn interrupt(id: u32) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        signal(group, Signal::INT);
    }
}

/// A group that is gone already is what was wanted.
fn signal(group: Pid, signal: Signal) {
    let _gone = kill_process_group(group, signal);
}
