//! Migrations: which files are still to be applied, and why some may not be.
//!
//! Prisma's own runner compares no checksums; an edited, applied file would pass unseen.

mod checksum;
mod history;
mod name;
mod resolve;
mod retry;
pub mod source;
#[cfg(test)]
mod tests;

pub use checksum::is_same;
pub use history::{History, compare};
pub use resolve::{Resolution, resolve};
pub use retry::pause;

use crate::database::assess::{self, Mark};
use crate::database::sql::Script;
use crate::digest::Digest;
use crate::ship::release::ReleasedMigration;
use serde::Serialize;

/// One folder of Prisma's layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationFile {
    /// The folder's name; migrations are applied in the order of their names.
    pub name: String,
    /// What `migration.sql` says.
    pub sql: String,
    /// What `down.sql` says, if there is one: how it is undone.
    pub down: Option<String>,
}

/// One row of `_prisma_migrations`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationRow {
    /// The folder's name.
    pub name: String,
    /// SHA-256 of the file that was applied, in hex.
    pub checksum: String,
    /// Whether it came to its end.
    pub finished: bool,
    /// Whether it counts no more: it was undone, or never done.
    pub rolled_back: bool,
    /// What the server said when it failed.
    pub logs: Option<String>,
    /// When it began, as the server writes it.
    pub started_at: String,
}

/// What is to be applied, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationPlan {
    /// Names of the files to apply.
    pub pending: Vec<String>,
    /// How many are applied already.
    pub applied: usize,
    /// Names of what is applied and has no file here.
    pub missing: Vec<String>,
    /// Names of pending files that were applied or tried before, and rolled back.
    pub rolled_back: Vec<String>,
}

/// Why nothing may be applied. All reasons are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct MigrationRefusal(pub Vec<String>);

/// A rollback that the schema forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "release `{release}` does not know the applied migration `{migration}`, \
     which is not marked `{MARK}`"
)]
pub struct SchemaAhead {
    release: String,
    migration: String,
}

/// The comment by which an author says that older releases run on the changed schema.
pub const MARK: &str = "-- xtask:rollback-safe";

impl MigrationFile {
    /// A file without a way back.
    pub fn new(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { name: name.into(), sql: sql.into(), down: None }
    }

    /// SHA-256 of the file in hex, as Prisma writes it.
    pub fn checksum(&self) -> String {
        Digest::of(self.sql.as_bytes()).hex()
    }

    /// Whether nothing but space and comments of a line stand in it, as in files that a tool begins.
    pub fn is_empty(&self) -> bool {
        let mut lines = self.sql.lines().map(str::trim);
        lines.all(|line| line.is_empty() || line.starts_with("--"))
    }

    /// Whether its author says that older releases run on the schema it leaves.
    pub fn is_marked(&self) -> bool {
        // A line in a text is no comment; what cannot be read is run by nobody.
        let is_there = self.sql.lines().any(|line| line.trim() == MARK);
        is_there && Script::comments(&self.sql).iter().any(|it| it.trim() == MARK)
    }

    /// Whether older releases run on the schema it leaves: its author says so, and nothing in it
    /// speaks against it.
    pub fn is_rollback_safe(&self) -> bool {
        self.is_marked() && assess::mark(self, &Script::parse(&self.sql)) == Mark::Safe
    }

    /// As a release names it.
    pub fn released(&self) -> ReleasedMigration {
        ReleasedMigration { name: self.name.clone(), checksum: self.checksum() }
    }
}

impl MigrationRow {
    /// A row of what was applied and stands.
    pub fn applied(name: impl Into<String>, checksum: impl Into<String>) -> Self {
        let (name, checksum) = (name.into(), checksum.into());
        Self { name, checksum, finished: true, ..Self::default() }
    }

    /// Whether it failed, or was killed, and nobody has said what became of it.
    pub fn is_failed(&self) -> bool {
        !self.finished && !self.rolled_back
    }
}

/// Compares the files with the rows; what must not go on is refused, all of it at once.
pub fn plan(
    files: &[MigrationFile],
    rows: &[MigrationRow],
) -> Result<MigrationPlan, MigrationRefusal> {
    let history = compare(files, rows);
    let refusals = history.refusals();
    if !refusals.is_empty() {
        return Err(MigrationRefusal(refusals));
    }
    let History { pending, missing, rolled_back, applied, .. } = history;
    Ok(MigrationPlan { pending, applied: applied.len(), missing, rolled_back })
}

/// Whether `release`, which expects `known`, runs on a database where `applied` are applied.
pub fn check_rollback(
    release: &str,
    known: &[ReleasedMigration],
    applied: &[MigrationFile],
) -> Result<(), SchemaAhead> {
    let is_known = |file: &MigrationFile| known.iter().any(|it| it.name == file.name);
    let ahead = applied.iter().find(|file| !is_known(file) && !file.is_rollback_safe());
    ahead.map_or(Ok(()), |file| {
        Err(SchemaAhead { release: release.to_owned(), migration: file.name.clone() })
    })
}
