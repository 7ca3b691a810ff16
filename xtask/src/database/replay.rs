//! Migrations from the first to the last, in a database that is nobody's.

use crate::cancel::Cancel;
use crate::edge::postgres::Database;
use crate::error::Result;
use xtask_core::database::migration::MigrationFile;
use xtask_core::deploy::Migrations;
use xtask_core::ship::database::Address;

/// Applies all of `files`, in their order.
pub fn apply(
    address: &Address,
    files: &[MigrationFile],
    limits: &Migrations,
    cancel: &Cancel,
) -> Result<()> {
    let mut database = Database::connect(address)?;
    for file in files {
        cancel.check()?;
        database.apply_migration(file, limits, None)?;
    }
    Ok(())
}
