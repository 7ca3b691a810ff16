//! What stands against every migration of an environment, whatever the files say. It only looks.

use super::super::site::Site;
use super::baseline;
use crate::edge::postgres::{Database, is_unreached, refuse_pooled};
use crate::error::{Failure, Result, code};
use xtask_core::database::migration::MigrationFile;
use xtask_core::ship::database::Address;

/// Refuses by the first thing that stands against it.
pub fn refuse(site: &Site<'_>, files: &[MigrationFile]) -> Result<()> {
    obstacles(site, files)?.into_iter().next().map_or(Ok(()), Err)
}

/// Refuses a database that somebody else has filled, before a lease and a ledger of ours are made in
/// it. One that is not reached says nothing of it.
pub fn refuse_foreign(site: &Site<'_>, files: &[MigrationFile]) -> Result<()> {
    let database = match Database::connect(&site.database()?) {
        Err(failure) if is_unreached(&failure) => return Ok(()),
        database => database?,
    };
    baseline(&database, files, &database.migration_rows()?)
}

/// All of them; a database that cannot be asked is a failure.
pub fn obstacles(site: &Site<'_>, files: &[MigrationFile]) -> Result<Vec<Failure>> {
    let address = site.database()?;
    // What a pooler says of the rest may be of another session.
    if let Some(refused) = pooled(&address)? {
        return Ok(vec![refused]);
    }
    let database = Database::connect(&address)?;
    let foreign = match baseline(&database, files, &database.migration_rows()?) {
        Err(failure) if failure.name() == code::DATABASE_NOT_EMPTY.name => Some(failure),
        found => found.map(|()| None)?,
    };
    Ok(unwritable(&address, &database)?.into_iter().chain(foreign).collect())
}

/// A pooler that changes backends would keep the lock of migrations.
fn pooled(address: &Address) -> Result<Option<Failure>> {
    match refuse_pooled(address, "migrate") {
        Err(failure) if failure.name() == code::DATABASE_POOLED.name => Ok(Some(failure)),
        found => found.map(|()| None),
    }
}

fn unwritable(address: &Address, database: &Database) -> Result<Option<Failure>> {
    let Some(why) = database.unwritable()? else { return Ok(None) };
    let failure = Failure::refused(format!("cannot migrate `{}`: {why}", address.place()));
    Ok(Some(failure.code(&code::DATABASE_FORBIDDEN).hint(why.hint())))
}
