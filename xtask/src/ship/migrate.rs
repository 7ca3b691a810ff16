//! migrate: the schema that a release expects, one transaction a file.

use super::lease::Lease;
use super::review;
use super::site::Site;
use crate::edge::files;
use crate::edge::postgres::Database;
use crate::error::{Failure, Result, code};
use crate::world::World;
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_core::ship::migration::{self, MigrationFile, MigrationPlan};
use xtask_core::ship::release::Release;
use xtask_core::ship::review::{Review, ReviewStep};

/// Every migration of the checkout, in the order of its name.
pub fn files(world: &World<'_>) -> Result<Vec<MigrationFile>> {
    let folder = world.places.file(&world.deploy.migrations.path);
    let mut found = Vec::new();
    for name in files::names(&folder)? {
        if files::is_folder(&folder.join(&name))? {
            let sql = files::read(&folder.join(&name).join("migration.sql"))?;
            found.push(MigrationFile { name, sql });
        }
    }
    Ok(found)
}

/// What `files` would change in the database of `site`.
pub fn plan(database: &Database, files: &[MigrationFile]) -> Result<MigrationPlan> {
    let rows = database.migration_rows()?;
    migration::plan(files, &rows).map_err(|refusal| {
        Failure::refused("cannot migrate")
            .code(&code::MIGRATION_REFUSED)
            .reason(refusal.to_string())
            .hint("`cargo xtask migrate ENVIRONMENT` shows the state again after it is fixed")
    })
}

/// The plan as it is reviewed: each pending file with its checksum.
pub fn review_of(site: &Site<'_>, plan: &MigrationPlan, files: &[MigrationFile]) -> Review {
    let pending = files.iter().filter(|file| plan.pending.contains(&file.name));
    let step = |file: &MigrationFile| {
        ReviewStep::new(format!("apply `{}`", file.name)).with(file.checksum())
    };
    let (verb, environment) = ("migrate".to_owned(), site.name.to_owned());
    Review { verb, environment, steps: pending.map(step).collect() }
}

/// Applies what is pending; if a plan was reviewed, only if this is it.
pub fn apply(
    site: &Site<'_>,
    lease: &Lease<'_>,
    files: &[MigrationFile],
    reviewed: Option<&Digest>,
) -> Result<MigrationPlan> {
    let phase = site.world.report.phase("migrate");
    let mut database = Database::connect(&site.database()?)?;
    database.lock_migrations()?;
    let plan = plan(&database, files)?;
    review::hold(site.world, reviewed, &review_of(site, &plan, files))?;
    let pending = files.iter().filter(|file| plan.pending.contains(&file.name));
    for (position, file) in pending.enumerate() {
        let goes_on = site.world.cancel.check().and_then(|()| lease.phase("migrate"));
        // Files before this one were applied and stay.
        goes_on.map_err(|ended| if position == 0 { ended } else { ended.partly() })?;
        let _whole = site.world.cancel.whole();
        phase.doing(&file.name);
        let applied = database.apply_migration(file, &site.world.deploy.migrations, lease.fence());
        applied.map_err(|failure| if position == 0 { failure } else { failure.partly() })?;
    }
    phase.done(&match plan.pending.as_slice() {
        [] => format!("{} applied already", Count(plan.applied, "migration")),
        names => format!("applied {}", names.join(", ")),
    });
    Ok(plan)
}

/// Whether the schema is what `release` expects: nothing missing, and nothing that it does not
/// know and that is not marked as safe.
pub fn check_schema(site: &Site<'_>, release: &Release) -> Result<()> {
    let rows = Database::connect(&site.database()?)?.migration_rows()?;
    let missing = |it: &&xtask_core::ship::release::ReleasedMigration| {
        !rows.iter().any(|row| row.finished && row.name == it.name && row.checksum == it.checksum)
    };
    if let Some(absent) = release.migrations.iter().find(missing) {
        return Err(Failure::refused(format!("cannot roll out release `{}`", release.version))
            .code(&code::SCHEMA_BEHIND)
            .reason(format!("it expects migration `{}`, which is not applied", absent.name))
            .hint("check out its commit and run `./x up`: it applies the migration first"));
    }
    check_not_below(site, release)
}

/// Whether the schema, as it is, is not ahead of what `release` knows.
pub fn check_not_below(site: &Site<'_>, release: &Release) -> Result<()> {
    let rows = Database::connect(&site.database()?)?.migration_rows()?;
    let applied = applied_files(site.world, &rows)?;
    migration::check_rollback(&release.version, &release.migrations, &applied).map_err(|ahead| {
        Failure::refused(format!(
            "cannot roll out release `{}`: the schema forbids it",
            release.version
        ))
        .code(&code::SCHEMA_AHEAD)
        .reason(ahead.to_string())
        .hint("roll forward instead: fix the code, commit, `./x up`")
    })
}

/// The applied migrations with what the checkout knows of them; an unknown one is not safe.
fn applied_files(
    world: &World<'_>,
    rows: &[migration::MigrationRow],
) -> Result<Vec<MigrationFile>> {
    let known = files(world)?;
    let file = |row: &migration::MigrationRow| {
        let found = known.iter().find(|file| file.name == row.name).cloned();
        found.unwrap_or_else(|| MigrationFile { name: row.name.clone(), sql: String::new() })
    };
    Ok(rows.iter().map(file).collect())
}
