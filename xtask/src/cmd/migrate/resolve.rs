//! `migrate resolve`: what became of a migration is said by a person. No SQL of it is run.

use super::changing;
use crate::edge::postgres::Database;
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::MigrateResolve;
use crate::ship::ledger;
use crate::ship::migrate;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::migration::{MigrationFile, Resolution, resolve};
use xtask_core::ship::ledger::Action;

pub(super) fn run(flags: &MigrateResolve, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    if !flags.apply {
        let site = Site::look_at_records(world, name)?;
        let database = Database::connect(&site.database()?)?;
        let (resolution, _) = check(flags, &database, &migrate::files(world)?)?;
        say(flags, world, resolution, false);
        return Ok(Exit::Planned);
    }
    let resolution = changing(world, name, "migrate resolve", &flags.wait, |site, lease| {
        let mut database = migrate::open(site)?;
        let (resolution, file) = check(flags, &database, &migrate::files(world)?)?;
        lease.phase("migrate")?;
        match (resolution, file) {
            (Resolution::Applied, Some(file)) => {
                database.ensure_migrations()?;
                database.mark_applied(&file.name, &file.checksum())?;
            }
            _ => database.mark_rolled_back(&flags.migration)?,
        }
        let reason = format!("`{}` is said to be {}", flags.migration, resolution.word());
        ledger::note(site, lease, Action::Migrate, &reason)?;
        database.unlock_migrations()?;
        Ok(resolution)
    })?;
    say(flags, world, resolution, true);
    Ok(Exit::Done)
}

/// Whether it may be said, as Prisma decides it.
fn check(
    flags: &MigrateResolve,
    database: &Database,
    files: &[MigrationFile],
) -> Result<(Resolution, Option<MigrationFile>)> {
    let wanted = if flags.applied { Resolution::Applied } else { Resolution::RolledBack };
    let rows = database.migration_rows()?;
    resolve(&flags.migration, wanted, files, &rows).map_err(|why| {
        Failure::refused(format!("cannot resolve `{}`", flags.migration))
            .code(&code::MIGRATION_REFUSED)
            .reason(why)
            .hint(format!("`cargo xtask migrate status {}` tells what it is", flags.environment))
    })?;
    let file = files.iter().find(|file| file.name == flags.migration).cloned();
    Ok((wanted, file))
}

fn say(flags: &MigrateResolve, world: &World<'_>, resolution: Resolution, done: bool) {
    let (name, word) = (&flags.migration, resolution.word());
    let value = json!({ "migration": name, "resolution": word, "applied": done });
    let text = match done {
        true => format!("`{name}` counts as {word}"),
        false => format!("would say that `{name}` is {word}; no SQL of it is run (--apply)"),
    };
    world.report.data(&value, &text);
}
