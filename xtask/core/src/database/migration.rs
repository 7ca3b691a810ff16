//! Migrations: which files are still to be applied, and why some may not be.
//!
//! Prisma's own runner compares no checksums; an edited, applied file would pass unseen.

use crate::digest::Digest;
use crate::ship::release::ReleasedMigration;
use serde::Serialize;

/// One folder of Prisma's layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationFile {
    /// The folder's name; migrations are applied in the order of their names.
    pub name: String,
    /// What `migration.sql` says.
    pub sql: String,
}

/// One row of `_prisma_migrations` that was not rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationRow {
    /// The folder's name.
    pub name: String,
    /// SHA-256 of the file that was applied, in hex.
    pub checksum: String,
    /// Whether it came to its end.
    pub finished: bool,
}

/// What is to be applied, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationPlan {
    /// Names of the files to apply.
    pub pending: Vec<String>,
    /// How many are applied already.
    pub applied: usize,
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
    /// SHA-256 of the file in hex, as Prisma writes it.
    pub fn checksum(&self) -> String {
        Digest::of(self.sql.as_bytes()).hex()
    }

    /// Whether its author says that older releases run on the schema it leaves.
    pub fn is_rollback_safe(&self) -> bool {
        self.sql.lines().any(|line| line.trim() == MARK)
    }

    /// As a release names it.
    pub fn released(&self) -> ReleasedMigration {
        ReleasedMigration { name: self.name.clone(), checksum: self.checksum() }
    }

    /// Prisma accepts a file whose line ends were rewritten by a checkout; so do we.
    pub(super) fn matches(&self, checksum: &str) -> bool {
        let unix = self.sql.replace("\r\n", "\n");
        let windows = unix.replace('\n', "\r\n");
        [&self.sql, &unix, &windows]
            .into_iter()
            .any(|text| Digest::of(text.as_bytes()).hex() == checksum)
    }
}

/// Compares the files with the rows.
pub fn plan(
    files: &[MigrationFile],
    rows: &[MigrationRow],
) -> Result<MigrationPlan, MigrationRefusal> {
    let row_of = |file: &MigrationFile| rows.iter().find(|row| row.name == file.name);
    let mut refusals: Vec<String> = rows.iter().filter_map(|row| refuse_row(files, row)).collect();
    let pending: Vec<&MigrationFile> = files.iter().filter(|file| row_of(file).is_none()).collect();
    let last = rows.iter().map(|row| row.name.as_str()).max();
    refusals.extend(pending.iter().filter(|file| Some(file.name.as_str()) < last).map(|file| {
        format!("`{}` comes before the last applied one; give it a later name", file.name)
    }));
    if !refusals.is_empty() {
        return Err(MigrationRefusal(refusals));
    }
    let names = pending.iter().map(|file| file.name.clone()).collect();
    Ok(MigrationPlan { pending: names, applied: rows.len() })
}

fn refuse_row(files: &[MigrationFile], row: &MigrationRow) -> Option<String> {
    let name = &row.name;
    if !row.finished {
        return Some(format!("`{name}` failed earlier and was left half-way; fix it by hand"));
    }
    match files.iter().find(|file| file.name == *name) {
        Some(file) if file.matches(&row.checksum) => None,
        Some(_) => Some(format!("`{name}` was edited after it was applied; restore the file")),
        // An older release's tree does not hold newer migrations; `check_rollback` judges that.
        None => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, sql: &str) -> MigrationFile {
        MigrationFile { name: name.into(), sql: sql.into() }
    }

    fn row(file: &MigrationFile, finished: bool) -> MigrationRow {
        MigrationRow { name: file.name.clone(), checksum: file.checksum(), finished }
    }

    #[test]
    fn what_has_no_row_is_pending_in_order() {
        let files = [file("1_a", "a"), file("2_b", "b"), file("3_c", "c")];
        let plan = plan(&files, &[row(&files[0], true)]).unwrap();
        assert_eq!((plan.pending, plan.applied), (vec!["2_b".into(), "3_c".into()], 1));
    }

    #[test]
    fn edited_failed_and_late_files_are_all_named() {
        let files = [file("1_a", "a"), file("2_b", "b"), file("3_c", "c"), file("4_d", "d")];
        let rows =
            [row(&file("1_a", "changed"), true), row(&files[1], false), row(&files[3], true)];
        let MigrationRefusal(lines) = plan(&files, &rows).unwrap_err();
        let words = ["edited", "failed", "comes before"];
        assert!(
            lines.len() == 3 && lines.iter().zip(words).all(|(l, w)| l.contains(w)),
            "{lines:?}"
        );
    }

    #[test]
    fn rewritten_line_ends_are_not_an_edit() {
        let applied = file("1_a", "a;\nb;\n");
        assert!(plan(&[file("1_a", "a;\r\nb;\r\n")], &[row(&applied, true)]).is_ok());
    }

    #[test]
    fn a_rollback_across_an_unmarked_migration_is_refused() {
        let old = file("1_a", "a");
        let known = [old.released()];
        let marked = file("2_b", "-- xtask:rollback-safe\nALTER TABLE t ADD c int;");
        let unmarked = file("2_b", "ALTER TABLE t DROP c;");
        assert!(check_rollback("r1", &known, &[old.clone(), marked]).is_ok());
        assert!(check_rollback("r1", &known, &[old, unmarked]).is_err());
    }
}
