//! Taking applied migrations back, under the lock that every runner takes.

use super::super::lease::Lease;
use super::super::ledger;
use super::super::release;
use super::super::site::Site;
use super::runner::{Runner, Way};
use super::{assess, permit, users};
use crate::edge::postgres::Database;
use crate::error::{Failure, Result, code};
use xtask_core::database::assess::Consent;
use xtask_core::database::migration::{MigrationFile, MigrationRow};
use xtask_core::database::undo::{self, Step, Until};
use xtask_core::ship::ledger::Action;

/// What is to be taken back, and what may be lost by it.
#[derive(Clone, Copy)]
pub struct Wish<'w> {
    pub until: &'w Until,
    /// What may be destroyed.
    pub drops: &'w [String],
    /// Why a release that serves goes on without a migration that it expects.
    pub forced: Option<&'w str>,
}

/// What would be done.
pub fn plan(site: &Site<'_>, files: &[MigrationFile], wish: Wish<'_>) -> Result<Vec<Step>> {
    planned(site, &Database::connect(&site.database()?)?, files, wish)
}

/// Does it, each in a transaction of its own; `before` is done before the first.
pub fn apply(
    site: &Site<'_>,
    lease: &Lease<'_>,
    files: &[MigrationFile],
    wish: Wish<'_>,
    before: &dyn Fn(&[String]) -> Result<()>,
) -> Result<Vec<Step>> {
    let phase = site.world.report.phase("undo");
    let mut database = super::open(site)?;
    let steps = planned(site, &database, files, wish)?;
    let names: Vec<String> = steps.iter().map(|it| it.name.clone()).collect();
    before(&names)?;
    // A run that is killed half-way has left its record.
    if !names.is_empty() {
        let said = format!("undoes `{}`", names.join("`, `"));
        ledger::note(site, lease, Action::Migrate, &said)?;
    }
    let mut runner = Runner::new(site, lease, Way::Back);
    let ended: Result<()> = steps.iter().try_for_each(|step| {
        phase.doing(&step.name);
        runner.run(&mut database, &step.name, &mut |database, limits, fence| {
            database.undo_migration(step, limits, fence)
        })
    });
    runner.note(head(site), ended.as_ref().err());
    ended.map_err(|failure| if runner.is_idle() { failure } else { failure.partly() })?;
    database.unlock_migrations()?;
    phase.done(&match names.as_slice() {
        [] => "nothing to undo".to_owned(),
        names => format!("undid {}", names.join(", ")),
    });
    Ok(steps)
}

/// The last migration that is applied now; asked anew, because a connection may just have been cut.
fn head(site: &Site<'_>) -> Option<String> {
    let rows = Database::connect(&site.database().ok()?).ok()?.migration_rows().ok()?;
    let is_applied = |row: &MigrationRow| row.finished && !row.rolled_back;
    rows.into_iter().rfind(is_applied).map(|row| row.name)
}

fn planned(
    site: &Site<'_>,
    database: &Database,
    files: &[MigrationFile],
    wish: Wish<'_>,
) -> Result<Vec<Step>> {
    let expected = expected(site, wish)?;
    let rows = database.migration_rows()?;
    let refused = |refusal: String| {
        Failure::refused(format!("cannot undo a migration of `{}`", site.name))
            .code(&code::MIGRATION_REFUSED)
            .reason(refusal)
    };
    let steps = undo::plan(files, &rows, wish.until, &expected).map_err(|refusal| {
        refused(refusal.to_string())
            .hint(format!("`cargo xtask migrate status {}` tells what is applied", site.name))
    })?;
    // The way back is a script like any other: what may not be run is not run, and what is lost is
    // consented to.
    let downs: Vec<MigrationFile> =
        steps.iter().map(|it| MigrationFile::new(undo::called(&it.name), &it.down)).collect();
    let assessed = assess(site, database, &downs.iter().collect::<Vec<_>>())?;
    if let Some((name, what)) = assessed.iter().find_map(|it| Some((&it.name, it.alone.as_ref()?)))
    {
        let why = format!("`{what}` in `{name}` runs in no transaction");
        return Err(
            refused(why).hint("leave CONCURRENTLY out: it is run with its row or not at all")
        );
    }
    let consent = Consent::new(wish.drops.iter().cloned(), &undo::ways_back(files));
    permit(site.name, &assessed, users(site), &consent)?;
    Ok(steps)
}

/// What the release that serves expects; nothing where somebody says why that does not matter.
fn expected(site: &Site<'_>, wish: Wish<'_>) -> Result<Vec<String>> {
    let Some(version) = site.public_release()? else { return Ok(Vec::new()) };
    if let Some(reason) = wish.forced {
        let line = format!("release `{version}` serves, and goes on all the same ({reason})");
        site.world.report.warning(&line);
        return Ok(Vec::new());
    }
    let release = release::get(site, &version)?;
    Ok(release.migrations.into_iter().map(|it| it.name).collect())
}
