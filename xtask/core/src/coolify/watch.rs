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
    /// It runs.
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
    /// It serves.
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

    fn is_over(&self) -> bool {
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
            return Next::Serves(Proof::AnsweredDespiteFailure);
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
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        appear: Duration::from_secs(5),
        queue: Duration::from_secs(100),
        run: Duration::from_secs(200),
        settle: Duration::from_secs(30),
        leave: Duration::from_secs(10),
        blind: Duration::from_secs(60),
    };

    fn release(name: &str) -> Answer {
        Answer::Release(name.to_owned())
    }

    fn away() -> Answer {
        Answer::Nothing("connection refused".to_owned())
    }

    /// Looks once a second, the last look again and again, until there is more to do than to wait.
    fn end(before: Option<&str>, looks: &[(Row, Answer)]) -> (u64, Next) {
        let mut watch = Watch::new("r2", before, LIMITS);
        for second in 0..1_000 {
            let (row, answer) = &looks[looks.len().min(second + 1) - 1];
            let next = watch.look(Duration::from_secs(second as u64), row, answer);
            if !matches!(next, Next::Wait(_)) {
                return (second as u64, next);
            }
        }
        panic!("it waits for ever");
    }

    #[test]
    fn it_serves_once_it_answers_so_three_times_after_the_end() {
        let looks = [
            (Row::Queued, release("r1")),
            (Row::InProgress, release("r2")),
            (Row::InProgress, release("r2")),
            (Row::InProgress, release("r2")),
            (Row::Finished, release("r2")),
        ];
        assert_eq!(end(Some("r1"), &looks), (6, Next::Serves(Proof::Answered)));
    }

    #[test]
    fn finished_is_no_proof() {
        let (second, next) = end(Some("r1"), &[(Row::Finished, release("r1"))]);
        assert_eq!(second, 30);
        assert_eq!(
            next,
            Next::Repair("Coolify says `finished`, and release `r1` answers".to_owned())
        );
        let (_, next) = end(Some("r1"), &[(Row::Finished, away())]);
        assert!(matches!(next, Next::Repair(why) if why.contains("connection refused")));
    }

    #[test]
    fn failed_is_no_proof_either() {
        assert_eq!(
            end(Some("r1"), &[(Row::Failed, release("r2"))]),
            (10, Next::Serves(Proof::AnsweredDespiteFailure))
        );
        let back = Next::Back("Coolify says `failed`".to_owned());
        assert_eq!(end(Some("r1"), &[(Row::Failed, release("r1"))]), (10, back.clone()));
        let (second, next) = end(Some("r1"), &[(Row::Failed, away())]);
        assert_eq!(second, 40);
        assert!(matches!(next, Next::Repair(_)));
        assert_eq!(end(None, &[(Row::Failed, away())]), (40, back));
    }

    #[test]
    fn answers_that_change_are_no_proof() {
        let mut watch = Watch::new("r2", Some("r1"), LIMITS);
        for second in 0..30 {
            let name = if second % 2 == 0 { "r1" } else { "r2" };
            let next = watch.look(Duration::from_secs(second), &Row::Finished, &release(name));
            assert!(matches!(next, Next::Wait(_)), "{next:?}");
        }
        let next = watch.look(Duration::from_secs(30), &Row::Finished, &release("r1"));
        assert!(matches!(next, Next::Repair(_)));
    }

    #[test]
    fn a_service_that_cannot_be_asked_is_judged_by_its_row_and_that_is_said() {
        let looks = |row| [(row, Answer::Unasked)];
        assert_eq!(end(Some("r1"), &looks(Row::Finished)), (0, Next::Serves(Proof::RowOnly)));
        assert!(matches!(end(Some("r1"), &looks(Row::Failed)), (10, Next::Back(_))));
    }

    #[test]
    fn a_phantom_is_told_from_a_deployment_whose_application_was_deleted() {
        let (second, next) = end(Some("r1"), &[(Row::Absent, release("r1"))]);
        assert_eq!(second, 5);
        assert!(matches!(next, Next::Back(why) if why.contains("did not make")));
        let looks = [(Row::InProgress, release("r1")), (Row::Absent, release("r1"))];
        assert!(matches!(end(Some("r1"), &looks), (1, Next::Repair(why)) if why.contains("gone")));
    }

    #[test]
    fn a_cancelled_one_leaves_two_containers_and_is_repaired() {
        let looks = [(Row::InProgress, release("r1")), (Row::Cancelled, release("r2"))];
        assert!(matches!(end(Some("r1"), &looks), (11, Next::Repair(why)) if why.contains("two")));
    }

    #[test]
    fn a_row_that_never_ends_is_stuck() {
        assert!(matches!(end(Some("r1"), &[(Row::Queued, away())]), (100, Next::Stuck(_))));
        assert!(matches!(end(Some("r1"), &[(Row::InProgress, away())]), (200, Next::Stuck(_))));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_not_an_absent_one() {
        let unknown = || (Row::Unknown("it answered 502".to_owned()), release("r1"));
        let (second, next) = end(Some("r1"), &[unknown()]);
        assert_eq!(second, 60);
        assert!(matches!(next, Next::Repair(why) if why.contains("502")));
        let looks = [(Row::InProgress, release("r1")), unknown(), (Row::Finished, release("r2"))];
        assert_eq!(end(Some("r1"), &looks), (4, Next::Serves(Proof::Answered)));
    }

    #[test]
    fn what_ended_stays_ended() {
        let looks = [
            (Row::Finished, release("r1")),
            (Row::Absent, release("r2")),
            (Row::Unknown("it answered 500".to_owned()), release("r2")),
            (Row::InProgress, release("r2")),
        ];
        assert_eq!(end(Some("r1"), &looks), (3, Next::Serves(Proof::Answered)));
    }

    #[test]
    fn a_word_that_no_version_uses_is_waited_for_and_then_said() {
        let (second, next) = end(None, &[(Row::Other("paused".to_owned()), away())]);
        assert_eq!(second, 60);
        assert!(matches!(next, Next::Repair(why) if why.contains("paused")));
    }
}
