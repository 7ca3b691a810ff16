//! Whether a person may say what became of a migration, as Prisma's `migrate resolve` decides it.

use super::{MigrationFile, MigrationRow};

/// What a person says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// All of it stands.
    Applied,
    /// Nothing of it stands.
    RolledBack,
}

impl Resolution {
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RolledBack => "rolled back",
        }
    }
}

/// Why it may not be said. Prisma's codes: P3008, P3011, P3012, P3017.
pub fn resolve(
    name: &str,
    resolution: Resolution,
    files: &[MigrationFile],
    rows: &[MigrationRow],
) -> Result<(), String> {
    let standing = rows.iter().find(|row| row.name == name && !row.rolled_back);
    match resolution {
        Resolution::Applied if standing.is_some_and(|row| row.finished) => {
            Err("it is applied already".to_owned())
        }
        Resolution::Applied if !files.iter().any(|file| file.name == name) => {
            Err("there is no such migration in this checkout".to_owned())
        }
        Resolution::Applied => Ok(()),
        Resolution::RolledBack => match standing {
            None => Err("it was never applied, so there is nothing to roll back".to_owned()),
            Some(row) if row.finished => {
                Err("it did not fail; `migrate undo` runs its `down.sql`, if it has one".to_owned())
            }
            Some(_) => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice::from_ref;

    #[test]
    fn what_may_be_said_is_what_prisma_lets_be_said() {
        let file = MigrationFile::new("a", "");
        let done = MigrationRow::applied("a", file.checksum());
        let failed = MigrationRow { finished: false, ..done.clone() };
        let back = MigrationRow { rolled_back: true, ..failed.clone() };
        let files = [file];
        let ok = |how, rows: &[MigrationRow]| resolve("a", how, &files, rows).is_ok();
        use Resolution::{Applied, RolledBack};
        assert!(ok(Applied, &[]) && ok(Applied, from_ref(&failed)) && ok(Applied, from_ref(&back)));
        assert!(!ok(Applied, from_ref(&done)) && resolve("b", Applied, &files, &[]).is_err());
        assert!(ok(RolledBack, &[failed]));
        assert!(!ok(RolledBack, &[]) && !ok(RolledBack, &[done]) && !ok(RolledBack, &[back]));
    }
}
