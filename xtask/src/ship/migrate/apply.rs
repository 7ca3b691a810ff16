//! Applying what is pending, file by file, under the lock that every runner takes.

use super::super::lease::Lease;
use super::super::site::Site;
use super::runner::{Runner, Way};
use super::{assess, permit, plan, review, review_of};
use crate::edge::clock;
use crate::edge::postgres::{Database, InvalidIndex, refuse_pooled};
use crate::error::Result;
use std::time::Duration;
use xtask_core::database::assess::{Consent, Users};
use xtask_core::database::migration::{MigrationFile, MigrationPlan};
use xtask_core::digest::Digest;
use xtask_core::plan::Count;

/// How long another runner is waited for, as Prisma's does.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
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
    /// What is done before the first of these changes anything, such as a back-up.
    pub before: &'o dyn Fn(&[String]) -> Result<()>,
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
        (order.before)(&plan.pending)?;
    }
    say_missing(site, &plan);
    let invalid = database.invalid_indexes()?;
    let mut runner = Runner::new(site, lease, Way::Forth);
    let ended: Result<()> = pending.iter().try_for_each(|file| {
        phase.doing(&file.name);
        runner.run(&mut database, &file.name, &mut |database, limits, fence| {
            database.apply_migration(file, limits, fence)
        })
    });
    let head = runner.last();
    runner.note(head, ended.as_ref().err());
    // Files before this one were applied and stay.
    ended.map_err(|failure| if runner.is_idle() { failure } else { failure.partly() })?;
    say_invalid(site, &database.invalid_indexes()?, &invalid);
    database.unlock_migrations()?;
    phase.done(&match plan.pending.as_slice() {
        [] => format!("{} applied already", Count(plan.applied, "migration")),
        names => format!("applied {}", names.join(", ")),
    });
    Ok(plan)
}

/// A connection of our own, with the lock. A pooler that changes backends would keep that lock.
pub fn open(site: &Site<'_>) -> Result<Database> {
    let address = site.database()?;
    refuse_pooled(&address, "migrate")?;
    let database = Database::connect(&address)?;
    // A run that is told to end waits no longer.
    clock::wait_for(LOCK_LIMIT, EVERY, || match site.world.cancel.check() {
        Err(ended) => Ok(Err(ended)),
        Ok(()) => database.lock_migrations().map(Ok),
    })??;
    Ok(database)
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
