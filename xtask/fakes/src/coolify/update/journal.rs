//! What a deployment says while it runs, and what it is told from outside.

/// The row of the deployment, as its job sees it.
pub trait Journal: Sync {
    /// Adds a line to the log; the journal numbers and dates it.
    fn say(&self, line: LogLine);
    /// Writes the status. A row that is terminal already keeps its own.
    fn status(&self, status: Status);
    /// Dates the end of the row: later than the status, and never where the server was unusable.
    fn finished_at(&self) {}
    /// Whether the row was cancelled: the job ends at its next step.
    fn is_cancelled(&self) -> bool;
    /// Whether the row was ended from outside, as a restart of Coolify does. The job goes on.
    fn is_ended(&self) -> bool;
}

/// What a job makes of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `finished`.
    Finished,
    /// `failed`.
    Failed,
}

/// One entry of `logs`, without its number and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// What was run; none for a line that only tells.
    pub command: Option<String>,
    pub output: String,
    /// Where it came out.
    pub stream: Stream,
    /// Shown only as debug log.
    pub hidden: bool,
    /// Which run of commands it belongs to; 1 for a line that only tells.
    pub batch: u32,
}

/// The `type` of a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// `stdout`.
    Stdout,
    /// `stderr`.
    Stderr,
}

impl Stream {
    /// As the log writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Something that would have happened to the whole server, and is put on record instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Unused images, tags and caches of the whole host were removed.
    HostPruned,
}
