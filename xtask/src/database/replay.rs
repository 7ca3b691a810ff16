//! Migrations applied one after the other where nobody else is: a scratch database, or one's own.

use crate::cancel::Cancel;
use crate::edge::postgres::Database;
use crate::error::Result;
use xtask_core::database::migration::MigrationFile;
use xtask_core::deploy::Migrations;

/// Applies all of `files`, in their order; `begins` hears the name of each.
pub fn apply<'f>(
    database: &mut Database,
    files: impl IntoIterator<Item = &'f MigrationFile>,
    limits: &Migrations,
    cancel: &Cancel,
    begins: impl Fn(&str),
) -> Result<()> {
    files.into_iter().try_for_each(|file| {
        cancel.check()?;
        begins(&file.name);
        database.apply_migration(file, limits, None)
    })
}
