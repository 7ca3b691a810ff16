//! What a release does to the schema: what is pending for it, and what others would not know.

use super::super::release;
use super::super::site::Site;
use super::{assess, files};
use crate::edge::postgres::{Database, is_unreached};
use crate::error::{Failure, Result, code};
use crate::world::World;
use xtask_core::database::assess::Assessed;
use xtask_core::database::migration::{MigrationFile, MigrationRow, is_same};
use xtask_core::ship::ledger::Action;
use xtask_core::ship::machine::{self, Applied, Skew};
use xtask_core::ship::release::{Release, ReleasedMigration};

/// What a move to a release does to the schema.
#[derive(Debug, Default)]
pub struct Schema {
    /// The names of the files to apply, in order.
    pub pending: Vec<String>,
    /// The files that the release knows, and those that are applied.
    pub files: Vec<MigrationFile>,
    /// What the pending ones would do.
    pub assessed: Vec<Assessed>,
    /// Every file of the checkout.
    pub known: Vec<MigrationFile>,
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
    let read = |database: Database| database.migration_rows().map(|rows| (database, rows));
    let (database, mut rows) = match Database::connect(&site.database()?).and_then(read) {
        Err(failure) if is_unreached(&failure) && action == Action::Rollback => {
            return by_what_serves(site, release, serving, &failure);
        }
        found => found?,
    };
    rows.retain(|row| !row.rolled_back);
    let known = files(site.world)?;
    let pending = pending(site.name, release, &rows, &known)?;
    let assessed = match pending.is_empty() {
        true => Vec::new(),
        false => assess(site, &database, &pending.iter().collect::<Vec<_>>())?,
    };
    let is_kept = |file: &MigrationFile| {
        pending.contains(file) || rows.iter().any(|row| row.name == file.name)
    };
    let files = known.iter().filter(|file| is_kept(file)).cloned().collect();
    let skews = skews(site, release, serving, &applied_files(site.world, &rows)?, &pending);
    let pending = pending.into_iter().map(|it| it.name).collect();
    Ok(Schema { pending, files, assessed, known, skews })
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
    let row = |it: &ReleasedMigration| MigrationRow::applied(&it.name, &it.checksum);
    let expected = public.iter().flat_map(|it| &it.migrations);
    let rows: Vec<_> = expected.map(row).collect();
    let skews = skews(site, release, serving, &applied_files(site.world, &rows)?, &[]);
    Ok(Schema { skews, ..Schema::default() })
}

/// The files of what `release` expects and is not applied. Without its file it is refused.
fn pending(
    environment: &str,
    release: &Release,
    rows: &[MigrationRow],
    known: &[MigrationFile],
) -> Result<Vec<MigrationFile>> {
    let mut pending = Vec::new();
    for wanted in &release.migrations {
        let row = rows.iter().find(|row| row.name == wanted.name);
        let file = known.iter().find(|file| file.name == wanted.name);
        match (row, file.filter(|file| file.matches(&wanted.checksum))) {
            (Some(row), _) if row.is_failed() => return Err(half(environment, release, row)),
            (Some(row), _) if is_same(file, &row.checksum, &wanted.checksum) => {}
            (Some(_), _) => return Err(another(release, &wanted.name)),
            (None, Some(file)) => pending.push(file.clone()),
            (None, None) => return Err(behind(release, &wanted.name)),
        }
    }
    Ok(pending)
}

/// A migration that failed is neither applied nor pending until somebody says what became of it.
fn half(environment: &str, release: &Release, row: &MigrationRow) -> Failure {
    let name = &row.name;
    Failure::refused(format!("cannot roll out release `{}`", release.version))
        .code(&code::SCHEMA_BEHIND)
        .reason(format!("it expects migration `{name}`, which failed and may be half done"))
        .hint(format!(
            "`cargo xtask migrate doctor {environment}` tells what stands and what to type"
        ))
}

fn another(release: &Release, name: &str) -> Failure {
    Failure::refused(format!("cannot roll out release `{}`", release.version))
        .code(&code::SCHEMA_BEHIND)
        .reason(format!("another file was applied as migration `{name}` than it expects"))
        .hint("release a commit that holds the file as it was applied, or apply a new migration")
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
fn applied_files(world: &World<'_>, rows: &[MigrationRow]) -> Result<Vec<MigrationFile>> {
    let known = files(world)?;
    let file = |row: &MigrationRow| {
        let found = known.iter().find(|file| file.name == row.name).cloned();
        found.unwrap_or_else(|| MigrationFile::new(&row.name, ""))
    };
    Ok(rows.iter().map(file).collect())
}
