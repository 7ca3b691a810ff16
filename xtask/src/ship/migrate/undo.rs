//! Taking applied migrations back, under the lock that every runner takes.

use super::super::lease::Lease;
use super::super::release;
use super::super::site::Site;
use super::{assess, permit, users};
use crate::edge::postgres::Database;
use crate::error::{Failure, Result, code};
use xtask_core::database::assess::Consent;
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::undo::{self, Step, Until};

/// What is to be taken back, and what may be lost by it.
#[derive(Clone, Copy)]
pub struct Wish<'w> {
    pub until: &'w Until,
    /// What may be destroyed.
    pub consent: &'w Consent,
    /// Why a release that serves goes on without a migration that it expects.
    pub forced: Option<&'w str>,
}

/// What would be done.
pub fn plan(site: &Site<'_>, files: &[MigrationFile], wish: Wish<'_>) -> Result<Vec<Step>> {
    planned(site, &Database::connect(&site.database()?)?, files, wish)
}

/// Does it, each in a transaction of its own.
pub fn apply(
    site: &Site<'_>,
    lease: &Lease<'_>,
    files: &[MigrationFile],
    wish: Wish<'_>,
) -> Result<Vec<Step>> {
    let phase = site.world.report.phase("undo");
    let mut database = super::apply::open(site)?;
    let steps = planned(site, &database, files, wish)?;
    for (position, step) in steps.iter().enumerate() {
        let partly = |it: Failure| if position == 0 { it } else { it.partly() };
        site.world.cancel.check().and_then(|()| lease.phase("undo")).map_err(partly)?;
        let _whole = site.world.cancel.whole();
        phase.doing(&step.name);
        let limits = &site.world.deploy.migrations;
        database.undo_migration(step, limits, lease.fence()).map_err(partly)?;
    }
    database.unlock_migrations()?;
    phase.done(&match steps.as_slice() {
        [] => "nothing to undo".to_owned(),
        steps => format!(
            "undid {}",
            steps.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
        ),
    });
    Ok(steps)
}

fn planned(
    site: &Site<'_>,
    database: &Database,
    files: &[MigrationFile],
    wish: Wish<'_>,
) -> Result<Vec<Step>> {
    let expected = expected(site, wish)?;
    let rows = database.migration_rows()?;
    let steps = undo::plan(files, &rows, wish.until, &expected).map_err(|refusal| {
        Failure::refused(format!("cannot undo a migration of `{}`", site.name))
            .code(&code::MIGRATION_REFUSED)
            .reason(refusal.to_string())
            .hint("`cargo xtask migrate status ENVIRONMENT` tells what is applied")
    })?;
    // The way back is a script like any other: what may not be run is not run, and what is lost is
    // consented to.
    let downs: Vec<MigrationFile> =
        steps.iter().map(|it| MigrationFile::new(&it.name, &it.down)).collect();
    let assessed = assess(site, database, &downs.iter().collect::<Vec<_>>())?;
    permit(site.name, &assessed, users(site), wish.consent)?;
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
