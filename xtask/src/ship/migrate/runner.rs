//! Migrations run one by one, forth or back: each is tried again while somebody else holds what it
//! locks, and what was done is a record of the ledger.

use super::super::lease::Lease;
use super::super::ledger::Ledger;
use super::super::site::Site;
use crate::edge::postgres::{Database, is_locked, is_unknown};
use crate::edge::{clock, tested};
use crate::error::{Failure, Result};
use std::time::{Duration, Instant};
use xtask_core::database::migration::{MigrationRow, pause};
use xtask_core::deploy::Migrations;
use xtask_core::ship::ledger::{Action, Outcome, Record};

/// How long a database is asked what became of a commit.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_millis(250);

/// Which way migrations are run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    Back,
}

/// Runs one migration, with these limits and this fence.
pub(super) type Work<'w> = dyn FnMut(&mut Database, &Migrations, Option<u64>) -> Result<()> + 'w;

/// What runs them, and what it has done.
pub(super) struct Runner<'r, 'a> {
    site: &'r Site<'a>,
    lease: &'r Lease<'a>,
    way: Way,
    done: Vec<Done>,
}

/// One migration that was run.
struct Done {
    name: String,
    ms: u64,
    attempts: u64,
}

impl<'r, 'a> Runner<'r, 'a> {
    pub(super) fn new(site: &'r Site<'a>, lease: &'r Lease<'a>, way: Way) -> Self {
        Self { site, lease, way, done: Vec::new() }
    }

    /// Whether it has changed nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.done.is_empty()
    }

    /// The one that it ran last.
    pub(super) fn last(&self) -> Option<String> {
        self.done.last().map(|it| it.name.clone())
    }

    /// Runs one, again and again while a lock is not to be had.
    pub(super) fn run(
        &mut self,
        database: &mut Database,
        name: &str,
        work: &mut Work<'_>,
    ) -> Result<()> {
        let (world, limits) = (self.site.world, &self.site.world.deploy.migrations);
        let began = Instant::now();
        let mut attempts = 1;
        loop {
            world.cancel.check().and_then(|()| self.lease.phase(self.way.phase()))?;
            let ran = {
                let _whole = world.cancel.whole();
                tested::kill_at(&format!("in-{}", self.way.phase()));
                work(database, limits, self.lease.fence())
            };
            match ran {
                Ok(()) => break,
                Err(failure) if is_locked(&failure) && attempts < limits.lock_attempts => {
                    self.wait(database, name, attempts)?;
                    attempts += 1;
                }
                Err(failure) if is_locked(&failure) => {
                    return Err(failure.reason(format!("tried {attempts} times")));
                }
                Err(failure) if is_unknown(&failure) => return Err(self.look_again(name, failure)),
                Err(failure) => return Err(failure),
            }
        }
        let ms = clock::milliseconds(began);
        self.done.push(Done { name: name.to_owned(), ms, attempts });
        tested::kill_at(&format!("after-one-{}", self.way.phase()));
        Ok(())
    }

    /// Waits before the next attempt, and says who may hold the lock.
    fn wait(&self, database: &Database, name: &str, attempt: u64) -> Result<()> {
        let limits = &self.site.world.deploy.migrations;
        let pause = pause(u32::try_from(attempt).unwrap_or(u32::MAX));
        let blockers = database.blockers().unwrap_or_default();
        let held = blockers.first().map(|it| {
            format!(
                "; the oldest transaction is of `{}` (backend {}, {} s)",
                it.who, it.pid, it.seconds
            )
        });
        self.site.world.report.warning(&format!(
            "`{name}` got no lock within {} ms, attempt {attempt} of {}; again in {} s{}",
            limits.lock_timeout_ms,
            limits.lock_attempts,
            pause.as_secs(),
            held.unwrap_or_default()
        ));
        self.site.world.cancel.sleep(pause)
    }

    /// The server was told to commit, and the connection was cut: its table tells what it did.
    fn look_again(&self, name: &str, failure: Failure) -> Failure {
        let rows = clock::wait_for(UNKNOWN_LIMIT, EVERY, || {
            Database::connect(&self.site.database()?)?.migration_rows()
        });
        match rows {
            Ok(rows) if self.way.is_done(name, &rows) => {
                let kept = format!("it is {}: its row says so", self.way.word());
                failure.reason(kept).hint("run the same again").partly()
            }
            Ok(_) => failure.reason("nothing of it was kept").hint("run the same again"),
            Err(why) => failure
                .reason(format!("and the database cannot be asked: {}", why.first_line()))
                .hint(format!(
                    "`cargo xtask migrate status {}` tells, once it answers",
                    self.site.name
                ))
                .partly(),
        }
    }

    /// What was done stands in the ledger, also when a later one failed. `head` is the last that is
    /// applied now.
    pub(super) fn note(&self, head: Option<String>, failure: Option<&Failure>) {
        if self.done.is_empty() && failure.is_none() {
            return;
        }
        let word = self.way.word();
        let said = self.done.iter().map(|it| match it.attempts {
            1 => format!("{word} `{}`", it.name),
            count => format!("{word} `{}` at attempt {count}", it.name),
        });
        let failed = failure.map(|it| it.first_line().to_owned());
        let reason = said.chain(failed).collect::<Vec<_>>().join("; ");
        let lease = self.lease;
        let record = Record {
            phases: self.done.iter().map(|it| (it.name.clone(), it.ms)).collect(),
            schema_head: head,
            reason: Some(reason),
            ..Record::new(Action::Migrate, Outcome::Noted, lease.who(), &clock::now(), "")
        };
        let noted = Ledger::open(self.site).and_then(|mut it| it.append(&record, lease));
        if let Err(failure) = noted {
            let why = failure.first_line();
            let line = format!("the ledger does not hold what was migrated: {why}");
            self.site.world.report.warning(&line);
        }
    }
}

impl Way {
    const fn phase(self) -> &'static str {
        match self {
            Self::Forth => "migrate",
            Self::Back => "undo",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Forth => "applied",
            Self::Back => "undid",
        }
    }

    /// Whether the rows say that it was run.
    fn is_done(self, name: &str, rows: &[MigrationRow]) -> bool {
        let mut of_it = rows.iter().filter(|row| row.name == name);
        let is_applied = of_it.any(|row| row.finished && !row.rolled_back);
        is_applied == (self == Self::Forth)
    }
}
