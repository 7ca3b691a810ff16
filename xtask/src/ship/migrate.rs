//! migrate: the schema that a release expects, one transaction a file.

use super::lease::Lease;
use super::site::Site;
use super::{release, review};
use crate::edge::postgres::{Database, is_unreached};
use crate::edge::{files, tested};
use crate::error::{Failure, Result, code};
use crate::world::World;
use xtask_core::database::migration::{self, MigrationFile, MigrationPlan};
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::machine::{self, Applied, Skew};
use xtask_core::ship::release::{Release, ReleasedMigration};
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
        tested::kill_at("in-migrate");
        let applied = database.apply_migration(file, &site.world.deploy.migrations, lease.fence());
        applied.map_err(|failure| if position == 0 { failure } else { failure.partly() })?;
    }
    phase.done(&match plan.pending.as_slice() {
        [] => format!("{} applied already", Count(plan.applied, "migration")),
        names => format!("applied {}", names.join(", ")),
    });
    Ok(plan)
}

/// What a move to a release does to the schema.
#[derive(Debug, Default)]
pub struct Schema {
    /// The names of the files to apply, in order.
    pub pending: Vec<String>,
    /// The files that the release knows, and those that are applied.
    pub files: Vec<MigrationFile>,
    /// What some release would not know, and whose author did not say that this is safe.
    pub skews: Vec<Skew>,
}

/// What brings the schema to what `release` expects while `serving` serve. A database that cannot
/// be reached does not forbid a rollback, whose schema is there already.
pub fn toward(
    site: &Site<'_>,
    release: &Release,
    action: Action,
    serving: &[String],
) -> Result<Schema> {
    let rows = match Database::connect(&site.database()?).and_then(|it| it.migration_rows()) {
        Err(failure) if is_unreached(&failure) && action == Action::Rollback => {
            return by_what_serves(site, release, serving, &failure);
        }
        rows => rows?,
    };
    let known = files(site.world)?;
    let pending = pending(release, &rows, &known)?;
    let is_kept = |file: &MigrationFile| {
        pending.contains(file) || rows.iter().any(|row| row.name == file.name)
    };
    let files = known.into_iter().filter(is_kept).collect();
    let skews = skews(site, release, serving, &applied_files(site.world, &rows)?, &pending);
    Ok(Schema { pending: pending.into_iter().map(|it| it.name).collect(), files, skews })
}

/// Without the database, the migrations of the release that serves are taken for the schema.
fn by_what_serves(
    site: &Site<'_>,
    release: &Release,
    serving: &[String],
    unreached: &Failure,
) -> Result<Schema> {
    let public = site.public_release()?;
    let public = public.map(|version| release::find(site, &version)).transpose()?.flatten();
    let said = match &public {
        Some(public) => format!("by what release `{}` expects", public.version),
        None => "by nothing, because nothing tells which release serves".to_owned(),
    };
    let why = unreached.first_line();
    site.world.report.warning(&format!("the schema is judged {said}: {why}"));
    let row = |it: &ReleasedMigration| migration::MigrationRow {
        name: it.name.clone(),
        checksum: it.checksum.clone(),
        finished: true,
    };
    let expected = public.iter().flat_map(|it| &it.migrations);
    let rows: Vec<_> = expected.map(row).collect();
    let skews = skews(site, release, serving, &applied_files(site.world, &rows)?, &[]);
    Ok(Schema { skews, ..Schema::default() })
}

/// The files of what `release` expects and is not applied. Without its file it is refused.
fn pending(
    release: &Release,
    rows: &[migration::MigrationRow],
    known: &[MigrationFile],
) -> Result<Vec<MigrationFile>> {
    let mut pending = Vec::new();
    for wanted in &release.migrations {
        let is_it = |row: &&migration::MigrationRow| row.name == wanted.name;
        let row = rows.iter().find(is_it);
        if row.is_some_and(|row| row.finished && row.checksum == wanted.checksum) {
            continue;
        }
        let is_file =
            |file: &&MigrationFile| file.name == wanted.name && file.checksum() == wanted.checksum;
        match known.iter().find(is_file).filter(|_| row.is_none()) {
            Some(file) => pending.push(file.clone()),
            None => return Err(behind(release, &wanted.name)),
        }
    }
    Ok(pending)
}

fn behind(release: &Release, name: &str) -> Failure {
    Failure::refused(format!("cannot roll out release `{}`", release.version))
        .code(&code::SCHEMA_BEHIND)
        .reason(format!("it expects migration `{name}`, which is not applied"))
        .hint("check out its commit and run the same again: it applies the migration first")
}

/// On one's own machine, what serves while the schema moves on is one's own business.
fn skews(
    site: &Site<'_>,
    release: &Release,
    serving: &[String],
    applied: &[MigrationFile],
    pending: &[MigrationFile],
) -> Vec<Skew> {
    let one = |file: &MigrationFile| Applied {
        name: file.name.clone(),
        is_safe: file.is_rollback_safe(),
    };
    let all = |files: &[MigrationFile]| files.iter().map(one).collect::<Vec<_>>();
    let knows: Vec<String> = release.migrations.iter().map(|it| it.name.clone()).collect();
    let serving = if site.environment.has_users() { serving } else { &[] };
    machine::judge(&release.version, &knows, serving, &all(applied), &all(pending))
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
