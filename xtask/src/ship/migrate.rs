//! migrate: the schema that a release expects, one transaction a file.

mod apply;
pub mod obstacles;
mod runner;
mod schema;
pub mod undo;

pub use apply::{Order, apply, open};
pub use schema::{Schema, toward};

use super::review;
use super::site::Site;
use crate::edge::postgres::Database;
use crate::edge::{clock, files as disk};
use crate::error::{Failure, Result, code};
use crate::world::World;
use std::collections::BTreeMap;
use std::path::Path;
use xtask_core::database::assess::{self as judge, Assessed, Consent, Users};
use xtask_core::database::migration::source::{self, Tree};
use xtask_core::database::migration::{self, MigrationFile, MigrationPlan, MigrationRow};
use xtask_core::database::statistics::{Statistics, Tables};
use xtask_core::ship::review::{Review, ReviewStep};

/// Every migration of the checkout, in the order of its name.
pub fn files(world: &World<'_>) -> Result<Vec<MigrationFile>> {
    let path = &world.deploy.migrations.path;
    let tree = tree(&world.places.file(path))?;
    source::read(&tree).map_err(|refusal| {
        let failure = Failure::refused(format!("cannot use the migrations in `{path}`"));
        failure.code(&code::MIGRATION_REFUSED).reason(refusal.to_string())
    })
}

/// A folder of migrations, two folders deep: deeper lies nobody's migration.
fn tree(root: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    for name in disk::names(root)? {
        if disk::is_folder(&root.join(&name))? {
            folder(root, &name, 2, &mut tree.files)?;
            tree.folders.push(name);
        } else if name.ends_with(".toml") {
            tree.files.insert(name.clone(), disk::read(&root.join(&name))?);
        }
    }
    Ok(tree)
}

/// The files of a folder by their path. What is no SQL is only known by its name.
fn folder(
    root: &Path,
    path: &str,
    depth: usize,
    files: &mut BTreeMap<String, String>,
) -> Result<()> {
    for name in disk::names(&root.join(path))? {
        let inside = format!("{path}/{name}");
        if disk::is_folder(&root.join(&inside))? {
            if depth > 1 {
                folder(root, &inside, depth - 1, files)?;
            }
        } else {
            let is_sql = name.ends_with(".sql");
            let text = if is_sql { disk::read(&root.join(&inside))? } else { String::new() };
            files.insert(inside, text);
        }
    }
    Ok(())
}

/// What `files` would change in the database of `site`.
pub fn plan(database: &Database, files: &[MigrationFile]) -> Result<MigrationPlan> {
    let rows = database.migration_rows()?;
    baseline(database, files, &rows)?;
    migration::plan(files, &rows).map_err(|refusal| {
        Failure::refused("cannot migrate")
            .code(&code::MIGRATION_REFUSED)
            .reason(refusal.to_string())
            .hint("`cargo xtask migrate doctor ENVIRONMENT` tells what to do about each")
    })
}

/// A database that somebody else has filled is not migrated into: Prisma refuses it as P3005.
fn baseline(database: &Database, files: &[MigrationFile], rows: &[MigrationRow]) -> Result<()> {
    let Some(first) = files.first().filter(|_| rows.is_empty()) else { return Ok(()) };
    if database.has_migrations()? {
        return Ok(());
    }
    let objects = database.objects()?;
    if objects.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = objects.iter().take(5).map(|name| format!("`{name}`")).collect();
    let schema = database.schema();
    let line = format!("cannot migrate: schema `{schema}` has tables and no `_prisma_migrations`");
    Err(Failure::refused(line)
        .code(&code::DATABASE_NOT_EMPTY)
        .reason(format!("{} there, such as {}", objects.len(), shown.join(", ")))
        .hint(format!(
            "if `{0}` made them: `cargo xtask migrate resolve ENVIRONMENT {0} --applied --apply`",
            first.name
        )))
}

/// What pending files would do, weighed by the sizes of this database.
pub fn assess(
    site: &Site<'_>,
    database: &Database,
    files: &[&MigrationFile],
) -> Result<Vec<Assessed>> {
    let statistics = statistics(site.name, database)?;
    let tables = Tables::new(Some(&statistics), database.schema());
    let tables = tables.with_types(database.column_types()?).with_reach(database.reach()?);
    Ok(judge::assess(files, tables))
}

/// How large the tables of an environment are now.
pub fn statistics(environment: &str, database: &Database) -> Result<Statistics> {
    let tables = database.table_sizes()?;
    Ok(Statistics { environment: environment.to_owned(), taken_at: clock::now(), tables })
}

/// Refuses what breaks the runner and, where people use the environment, what blocks them or
/// destroys what nobody has named.
pub fn permit(
    environment: &str,
    files: &[Assessed],
    users: Users,
    consent: &Consent,
) -> Result<()> {
    let lines = judge::refusals(files, users, consent);
    if lines.is_empty() {
        return Ok(());
    }
    let is_consent = judge::refusals(files, Users::Nobody, consent).is_empty();
    let (code, hint) = match is_consent {
        true => (
            &code::MIGRATION_DESTROYS,
            format!("`cargo xtask migrate plan {environment}` shows all of it"),
        ),
        false => (&code::MIGRATION_REFUSED, "mend the file, and run the same again".to_owned()),
    };
    let refused = Failure::refused("cannot migrate").code(code).hint(hint);
    Err(lines.into_iter().fold(refused, Failure::reason))
}

/// Whether other people use an environment.
pub fn users(site: &Site<'_>) -> Users {
    if site.environment.has_users() { Users::Somebody } else { Users::Nobody }
}

/// The plan as it is reviewed: each pending file with its checksum, and what it destroys.
pub fn review_of(site: &Site<'_>, plan: &MigrationPlan, files: &[MigrationFile]) -> Review {
    let pending = files.iter().filter(|file| plan.pending.contains(&file.name));
    let step = |file: &MigrationFile| {
        ReviewStep::new(format!("apply `{}`", file.name)).with(file.checksum())
    };
    let (verb, environment) = ("migrate".to_owned(), site.name.to_owned());
    Review { verb, environment, steps: pending.map(step).collect() }
}
