//! A deployment under way: what it says, and where it looks whether it was cancelled.

use super::failure::Failure;
use super::{Containers, Delays, Job, Journal, LogLine, Status, Stream, compose};
use std::cell::Cell;

/// A line of hyphens, as the log has it.
const DIVIDER: &str = "----------------------------------------";

pub(super) struct Run<'a> {
    pub(super) job: &'a Job,
    pub(super) containers: &'a dyn Containers,
    pub(super) journal: &'a dyn Journal,
    pub(super) delays: &'a Delays,
    /// The new container.
    pub(super) name: String,
    batch: Cell<u32>,
}

/// Why a deployment does not go on.
pub(super) enum End {
    /// The row was cancelled.
    Cancelled,
    Failed(Box<Failure>),
}

impl<'a> Run<'a> {
    pub(super) fn new(
        job: &'a Job,
        containers: &'a dyn Containers,
        journal: &'a dyn Journal,
        delays: &'a Delays,
    ) -> Self {
        let name = compose::container_name(job);
        Self { job, containers, journal, delays, name, batch: Cell::new(1) }
    }

    /// Tells something that everybody sees.
    pub(super) fn say(&self, output: &str) {
        self.line(None, output, Stream::Stdout, false);
    }

    pub(super) fn say_error(&self, output: &str) {
        self.line(None, output, Stream::Stderr, false);
    }

    pub(super) fn hide(&self, output: &str, stream: Stream) {
        self.line(None, output, stream, true);
    }

    pub(super) fn divide(&self) {
        self.say(DIVIDER);
    }

    /// What a command wrote.
    pub(super) fn wrote(&self, command: &str, output: &str, stream: Stream) {
        self.line(Some(command), output, stream, true);
    }

    /// What a command wrote that everybody sees.
    pub(super) fn showed(&self, command: &str, output: &str, stream: Stream) {
        self.line(Some(command), output, stream, false);
    }

    fn line(&self, command: Option<&str>, output: &str, stream: Stream, hidden: bool) {
        let batch = if command.is_some() { self.batch.get() } else { 1 };
        let (command, output) = (command.map(str::to_owned), output.to_owned());
        self.journal.say(LogLine { command, output, stream, hidden, batch });
    }

    /// Before commands are run on the server: looks whether the row was cancelled, and works for
    /// so long.
    pub(super) fn remote(&self, milliseconds: u64) -> Result<(), End> {
        self.look()?;
        self.batch.set(self.batch.get() + 1);
        self.delays.work(milliseconds);
        self.look()
    }

    fn look(&self) -> Result<(), End> {
        if self.journal.is_cancelled() { Err(End::Cancelled) } else { Ok(()) }
    }

    /// Writes the status, unless the row has its last one already.
    pub(super) fn end(&self, status: Status) {
        if !self.journal.is_cancelled() && !self.journal.is_ended() {
            self.journal.status(status);
        }
    }

    /// `docker compose` in the helper container, as the log has it.
    pub(super) fn compose_command(&self, arguments: &str) -> String {
        let (deployment, app) = (&self.job.deployment, &self.job.app.uuid);
        format!(
            "docker exec {deployment} bash -c '{arguments}'",
            arguments = arguments.replace(
                "COMPOSE",
                &format!(
                    "docker compose --project-name {app} --project-directory /artifacts/{deployment}"
                )
            )
        )
    }

    pub(super) fn grace_seconds(&self) -> i64 {
        i64::try_from(self.job.app.grace().as_secs()).unwrap_or(i64::MAX)
    }

    /// Stops and removes a container, and says so. Nothing that fails here ends the deployment.
    pub(super) fn retire(&self, name: &str) -> Result<(), End> {
        let grace = self.grace_seconds();
        self.remote(600)?;
        let stopped = self.containers.stop(name, self.delays.configured(grace));
        let (output, stream) = said(stopped, name);
        self.wrote(&format!("docker stop --time={grace} {name}"), &output, stream);
        self.discard(name)
    }

    /// Removes a container by force.
    pub(super) fn discard(&self, name: &str) -> Result<(), End> {
        self.remote(500)?;
        let (output, stream) = said(self.containers.remove(name), name);
        self.wrote(&format!("docker rm -f '{name}'"), &output, stream);
        Ok(())
    }
}

/// What Docker prints for a container that is there, and for one that is not.
fn said(found: bool, name: &str) -> (String, Stream) {
    if found {
        (name.to_owned(), Stream::Stdout)
    } else {
        (format!("Error response from daemon: No such container: {name}"), Stream::Stderr)
    }
}
