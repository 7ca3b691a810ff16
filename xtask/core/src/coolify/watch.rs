//! Whether a deployment came to serve: Coolify's row of it and what the service itself answers,
//! look by look.
//!
//! A row is a claim. `finished` may be said while old code serves, and `failed` while new code
//! does, so the answers decide wherever the service can be asked. A row that cannot be read is
//! no outcome either: it is waited for, and then said to be unknown.

use std::time::Duration;

/// This many answers in a row, all the same, tell which release serves.
pub const STEADY: u32 = 3;

/// What Coolify's row of the deployment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// There is none of that name.
    Absent,
    /// It waits for its turn.
    Queued,
    InProgress,
    /// It ended well, as Coolify says.
    Finished,
    /// It ended badly, as Coolify says. The container it started may still be there.
    Failed,
    /// Somebody cancelled it. Two containers may run, and share the requests.
    Cancelled,
    /// A word that no tested version uses.
    Other(String),
    /// It could not be read: why.
    Unknown(String),
}

/// What the service answers where it is asked for its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is this release.
    Release(String),
    /// Nothing that tells a release: why.
    Nothing(String),
    /// There is no place where it can be asked.
    Unasked,
}

/// How long each part of a deployment may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a row that was claimed can be read.
    pub appear: Duration,
    /// In Coolify's queue.
    pub queue: Duration,
    /// From the start of the row to its end.
    pub run: Duration,
    /// From `finished` until the service answers as the new release.
    pub settle: Duration,
    /// From `failed` or `cancelled` until what it started is gone.
    pub leave: Duration,
    /// Without any reading of the row.
    pub blind: Duration,
}

/// What is to be done after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again; what is waited for.
    Wait(String),
    Serves(Proof),
    /// The release before serves, and nothing of this one is left.
    Back(String),
    /// What serves is not what is wanted, or not all of it: deploy the release before again.
    Repair(String),
    /// The row does not end, and blocks the application: cancel it, then repair.
    Stuck(String),
}

/// What shows that the new release serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It answered so itself.
    Answered,
    /// It answered so itself, although Coolify calls the deployment failed.
    AnsweredDespiteFailure,
    /// Only Coolify says so, because the service cannot be asked.
    RowOnly,
}

/// A deployment that is watched.
#[derive(Clone, Debug)]
pub struct Watch {
    wanted: String,
    before: Option<String>,
    limits: Limits,
    phase: Phase,
    /// Since when the row is in this phase.
    since: Duration,
    /// When the row was read last.
    read: Duration,
    streak: Streak,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Claimed,
    Queued,
    Running,
    Finished,
    Failed,
    Cancelled,
}

/// The same answer again and again.
#[derive(Clone, Debug, Default)]
struct Streak {
    release: Option<String>,
    times: u32,
}

impl Watch {
    /// Watches for `wanted` where `before` served. Times given to `look` count from now.
    pub fn new(wanted: &str, before: Option<&str>, limits: Limits) -> Self {
        Self {
            wanted: wanted.to_owned(),
            before: before.map(ToOwned::to_owned),
            limits,
            phase: Phase::Claimed,
            since: Duration::ZERO,
            read: Duration::ZERO,
            streak: Streak::default(),
        }
    }

    /// What one look at `at` found, and what follows from it. The answer is asked for after the
    /// row is read: it counts for what the row says.
    pub fn look(&mut self, at: Duration, row: &Row, answer: &Answer) -> Next {
        if let Err(next) = self.read(at, row) {
            return next;
        }
        self.streak.count(answer);
        match self.phase {
            Phase::Claimed => self.claimed(at),
            Phase::Queued => self.waits(at, self.limits.queue, "in Coolify's queue"),
            Phase::Running => self.waits(at, self.limits.run, "running"),
            Phase::Finished => self.finished(at, answer),
            Phase::Failed => self.failed(at, answer),
            Phase::Cancelled => self.cancelled(at),
        }
    }

    /// Follows the row. What ended stays ended, whatever is read of it later.
    fn read(&mut self, at: Duration, row: &Row) -> Result<(), Next> {
        let phase = match row {
            Row::Queued => Phase::Queued,
            Row::InProgress => Phase::Running,
            Row::Finished => Phase::Finished,
            Row::Failed => Phase::Failed,
            Row::Cancelled => Phase::Cancelled,
            Row::Absent => return self.absent(at),
            Row::Unknown(why) => return self.blind(at, why),
            Row::Other(word) => return self.blind(at, &format!("its status is `{word}`")),
        };
        self.read = at;
        if !self.is_over() && phase != self.phase {
            (self.phase, self.since) = (phase, at);
            self.streak = Streak::default();
        }
        Ok(())
    }

    /// Whether the deployment has ended, and only who serves is not known yet.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Finished | Phase::Failed | Phase::Cancelled)
    }

    /// Before it was ever read it may be a phantom; afterwards the application was deleted.
    fn absent(&mut self, at: Duration) -> Result<(), Next> {
        self.read = at;
        match self.phase {
            Phase::Claimed => Ok(()),
            _ if self.is_over() => Ok(()),
            _ => Err(Next::Repair("its deployment is gone from Coolify".to_owned())),
        }
    }

    fn blind(&self, at: Duration, why: &str) -> Result<(), Next> {
        if self.is_over() {
            return Ok(());
        }
        let blind = at.saturating_sub(self.read);
        Err(match blind >= self.limits.blind {
            true => Next::Repair(format!(
                "its deployment could not be followed for {} s: {why}",
                blind.as_secs()
            )),
            false => Next::Wait(format!("its deployment cannot be read now: {why}")),
        })
    }

    fn claimed(&self, at: Duration) -> Next {
        match at >= self.limits.appear {
            true => Next::Back("Coolify gave the name of a deployment that it did not make".into()),
            false => Next::Wait("its deployment is not in Coolify's list yet".into()),
        }
    }

    fn waits(&self, at: Duration, limit: Duration, what: &str) -> Next {
        let waited = at.saturating_sub(self.since);
        match waited >= limit {
            true => Next::Stuck(format!("it was {what} for {} s", waited.as_secs())),
            false => Next::Wait(what.to_owned()),
        }
    }

    fn finished(&self, at: Duration, answer: &Answer) -> Next {
        if *answer == Answer::Unasked {
            return Next::Serves(Proof::RowOnly);
        }
        if self.streak.is(&self.wanted) {
            return Next::Serves(Proof::Answered);
        }
        if at.saturating_sub(self.since) < self.limits.settle {
            return Next::Wait("finished, as Coolify says; waiting for its own answer".into());
        }
        Next::Repair(format!("Coolify says `finished`, and {}", said(answer)))
    }

    /// The row is called failed before the container is stopped: until that is gone, nothing that
    /// answers tells who will serve.
    fn failed(&self, at: Duration, answer: &Answer) -> Next {
        if at.saturating_sub(self.since) < self.limits.leave {
            return Next::Wait("failed, as Coolify says; waiting for its container to go".into());
        }
        let failed = "Coolify says `failed`";
        if *answer == Answer::Unasked {
            return Next::Back(failed.into());
        }
        if self.streak.is(&self.wanted) {
            // Deployed for its settings, it answered so before: that tells no new container.
            return match self.before.as_ref() == Some(&self.wanted) {
                true => Next::Repair(format!("{failed}, and {} as before", said(answer))),
                false => Next::Serves(Proof::AnsweredDespiteFailure),
            };
        }
        if self.before.as_ref().is_some_and(|before| self.streak.is(before)) {
            return Next::Back(failed.into());
        }
        if at.saturating_sub(self.since) < self.limits.leave + self.limits.settle {
            return Next::Wait("failed, as Coolify says; waiting to see who serves".into());
        }
        match self.before {
            None => Next::Back(failed.into()),
            Some(_) => Next::Repair(format!("{failed}, and {}", said(answer))),
        }
    }

    fn cancelled(&self, at: Duration) -> Next {
        match at.saturating_sub(self.since) < self.limits.leave {
            true => Next::Wait("cancelled by somebody; waiting for it to end".into()),
            false => Next::Repair("somebody cancelled it, so two containers may run".into()),
        }
    }
}

impl Streak {
    fn count(&mut self, answer: &Answer) {
        let release = match answer {
            Answer::Release(release) => Some(release.clone()),
            Answer::Nothing(_) | Answer::Unasked => None,
        };
        if release != self.release {
            *self = Self { release, times: 0 };
        }
        self.times += 1;
    }

    fn is(&self, release: &str) -> bool {
        self.times >= STEADY && self.release.as_deref() == Some(release)
    }
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Release(release) => format!("release `{release}` answers"),
        Answer::Nothing(why) => format!("nothing answers: {why}"),
        Answer::Unasked => "it cannot be asked".to_owned(),
    }
}

#[cfg(test)]
mod tests;
