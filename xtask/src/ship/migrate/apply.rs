//! Applying what is pending, file by file, under the lock that every runner takes.

use super::super::lease::Lease;
use super::super::ledger::Ledger;
use super::super::site::Site;
use super::{assess, permit, plan, review, review_of};
use crate::edge::postgres::{Database, InvalidIndex, is_locked, is_pooled, is_unknown};
use crate::edge::{clock, tested};
use crate::error::{Failure, Result, code};
use std::time::{Duration, Instant};
use xtask_core::database::assess::{Consent, Users};
use xtask_core::database::migration::{MigrationFile, MigrationPlan, pause};
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Action, Outcome, Record};

/// How long another runner is waited for, as Prisma's does.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
/// How long a database is asked what became of a commit.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_millis(250);

/// How migrations are to be applied.
#[derive(Clone, Copy)]
pub struct Order<'o> {
    /// The plan that was reviewed; nothing else is applied then.
    pub reviewed: Option<&'o Digest>,
    /// What may be destroyed.
    pub consent: &'o Consent,
    /// Whether people use the environment; then that is needed.
    pub users: Users,
}

/// One file that was applied.
struct Done {
    name: String,
    ms: u64,
    attempts: u64,
}

/// Applies what is pending.
pub fn apply(
    site: &Site<'_>,
    lease: &Lease<'_>,
    files: &[MigrationFile],
    order: Order<'_>,
) -> Result<MigrationPlan> {
    let phase = site.world.report.phase("migrate");
    let mut database = open(site)?;
    let plan = plan(&database, files)?;
    let pending: Vec<&MigrationFile> =
        files.iter().filter(|file| plan.pending.contains(&file.name)).collect();
    review::hold(site.world, order.reviewed, &review_of(site, &plan, files))?;
    if !pending.is_empty() {
        let assessed = assess(site, &database, &pending)?;
        permit(site.name, &assessed, order.users, order.consent)?;
    }
    say_missing(site, &plan);
    let invalid = database.invalid_indexes()?;
    let mut done = Vec::new();
    let ended: Result<()> = pending.iter().try_for_each(|file| {
        phase.doing(&file.name);
        done.push(one(site, lease, &mut database, file)?);
        Ok(())
    });
    note(site, lease, &done, ended.as_ref().err());
    // Files before this one were applied and stay.
    ended.map_err(|failure| if done.is_empty() { failure } else { failure.partly() })?;
    say_invalid(site, &database.invalid_indexes()?, &invalid);
    database.unlock_migrations()?;
    phase.done(&match plan.pending.as_slice() {
        [] => format!("{} applied already", Count(plan.applied, "migration")),
        names => format!("applied {}", names.join(", ")),
    });
    Ok(plan)
}

/// A connection of our own, with the lock. A pooler that changes backends would keep that lock.
pub(super) fn open(site: &Site<'_>) -> Result<Database> {
    let address = site.database()?;
    if is_pooled(&address)? {
        let line =
            format!("cannot migrate through `{}`: it is a transaction pooler", address.place());
        return Err(Failure::refused(line)
            .code(&code::DATABASE_POOLED)
            .reason("one session was served by several backends, or two sessions by one")
            .hint("name the direct or the session address in `direct_url` (Supabase: port 5432)"));
    }
    let database = Database::connect(&address)?;
    // A run that is told to end waits no longer.
    clock::wait_for(LOCK_LIMIT, EVERY, || match site.world.cancel.check() {
        Err(ended) => Ok(Err(ended)),
        Ok(()) => database.lock_migrations().map(Ok),
    })??;
    Ok(database)
}

/// One file, tried again while somebody else holds what it locks.
fn one(
    site: &Site<'_>,
    lease: &Lease<'_>,
    database: &mut Database,
    file: &MigrationFile,
) -> Result<Done> {
    let (world, limits) = (site.world, &site.world.deploy.migrations);
    let began = Instant::now();
    let mut attempts = 1;
    loop {
        world.cancel.check().and_then(|()| lease.phase("migrate"))?;
        let applied = {
            let _whole = world.cancel.whole();
            tested::kill_at("in-migrate");
            database.apply_migration(file, limits, lease.fence())
        };
        match applied {
            Ok(()) => {
                let ms = clock::milliseconds(began);
                return Ok(Done { name: file.name.clone(), ms, attempts });
            }
            Err(failure) if is_locked(&failure) && attempts < limits.lock_attempts => {
                wait(site, database, file, attempts)?;
                attempts += 1;
            }
            Err(failure) if is_locked(&failure) => {
                return Err(failure.reason(format!("tried {} times", attempts)));
            }
            Err(failure) if is_unknown(&failure) => return Err(look_again(site, file, failure)),
            Err(failure) => return Err(failure),
        }
    }
}

/// Waits before the next attempt, and says who may hold the lock.
fn wait(site: &Site<'_>, database: &Database, file: &MigrationFile, attempt: u64) -> Result<()> {
    let limits = &site.world.deploy.migrations;
    let pause = pause(u32::try_from(attempt).unwrap_or(u32::MAX));
    let blockers = database.blockers().unwrap_or_default();
    let held = blockers.first().map(|it| {
        format!(
            "; the oldest transaction is of `{}` (backend {}, {} s)",
            it.who, it.pid, it.seconds
        )
    });
    site.world.report.warning(&format!(
        "`{}` got no lock within {} ms, attempt {attempt} of {}; again in {} s{}",
        file.name,
        limits.lock_timeout_ms,
        limits.lock_attempts,
        pause.as_secs(),
        held.unwrap_or_default()
    ));
    site.world.cancel.sleep(pause)
}

/// The server was told to commit, and the connection was cut: its table tells what it did.
fn look_again(site: &Site<'_>, file: &MigrationFile, failure: Failure) -> Failure {
    let rows = clock::wait_for(UNKNOWN_LIMIT, EVERY, || {
        Database::connect(&site.database()?)?.migration_rows()
    });
    let is_it = |rows: &[xtask_core::database::migration::MigrationRow]| {
        rows.iter().any(|row| row.name == file.name && row.finished && !row.rolled_back)
    };
    match rows {
        Ok(rows) if is_it(&rows) => {
            failure.reason("it is applied: its row is there").hint("run the same again").partly()
        }
        Ok(_) => failure.reason("nothing of it was kept").hint("run the same again"),
        Err(why) => failure
            .reason(format!("and the database cannot be asked: {}", why.first_line()))
            .hint(format!("`cargo xtask migrate status {}` tells, once it answers", site.name))
            .partly(),
    }
}

/// What was applied stands in the ledger, also when a later file failed.
fn note(site: &Site<'_>, lease: &Lease<'_>, done: &[Done], failure: Option<&Failure>) {
    if done.is_empty() && failure.is_none() {
        return;
    }
    let said = done.iter().map(|it| match it.attempts {
        1 => format!("applied `{}`", it.name),
        count => format!("applied `{}` at attempt {count}", it.name),
    });
    let failed = failure.map(|it| it.first_line().to_owned());
    let reason = said.chain(failed).collect::<Vec<_>>().join("; ");
    let record = Record {
        phases: done.iter().map(|it| (it.name.clone(), it.ms)).collect(),
        schema_head: done.last().map(|it| it.name.clone()),
        reason: Some(reason),
        ..Record::new(Action::Migrate, Outcome::Noted, lease.who(), &clock::now(), "")
    };
    let noted = Ledger::open(site).and_then(|mut ledger| ledger.append(&record, lease));
    if let Err(failure) = noted {
        let line = format!("the ledger does not hold what was migrated: {}", failure.first_line());
        site.world.report.warning(&line);
    }
}

fn say_missing(site: &Site<'_>, plan: &MigrationPlan) {
    if !plan.missing.is_empty() {
        let names = plan.missing.join("`, `");
        let line = format!("applied, and not in this checkout: `{names}`");
        site.world.report.warning(&line);
    }
}

fn say_invalid(site: &Site<'_>, now: &[InvalidIndex], before: &[InvalidIndex]) {
    for index in now.iter().filter(|index| !before.contains(index)) {
        let InvalidIndex { name, table } = index;
        let line = format!(
            "index `{name}` of `{table}` is not valid: `DROP INDEX CONCURRENTLY {name};` and make it again"
        );
        site.world.report.warning(&line);
    }
}
