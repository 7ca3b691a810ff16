//! The locks of Postgres, from the weakest to the strongest.

use super::Name;
use serde::Serialize;
use std::fmt;

/// A lock that a statement takes on what is there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// A table, a view or an index.
    pub on: Name,
    /// Whether `on` is an index, and the lock is on its table as well.
    pub of_index: bool,
    pub mode: LockMode,
    /// What is done while it is held.
    pub work: Work,
}

/// The modes of Postgres, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

/// What is done while a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Only the catalogue changes.
    Catalogue,
    /// Every row is read.
    Scan,
    /// Every row is written anew.
    Rewrite,
}

impl LockMode {
    /// All modes, the weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// As the manual writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// As `pg_locks` writes it: `AccessExclusiveLock`.
    pub fn of_catalogue(name: &str) -> Option<Self> {
        let known = |mode: &Self| {
            let words = mode.name().split(' ').map(|word| {
                let (first, rest) = word.split_at(1);
                format!("{first}{}", rest.to_lowercase())
            });
            format!("{}Lock", words.collect::<String>()) == name
        };
        Self::ALL.into_iter().find(known)
    }

    /// Whom it keeps waiting.
    pub fn blocks(self) -> &'static str {
        match self {
            Self::AccessShare | Self::RowShare | Self::RowExclusive => "nobody",
            Self::ShareUpdateExclusive => "other schema changes",
            Self::Share | Self::ShareRowExclusive | Self::Exclusive => "writes",
            Self::AccessExclusive => "reads and writes",
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
