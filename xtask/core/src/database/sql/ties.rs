//! Which tables hang on which.

use super::Name;

/// A table that hangs on another one, and may go or be emptied with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    pub kind: TieKind,
    pub child: Name,
    pub parent: Name,
}

/// How one table hangs on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TieKind {
    /// As a partition, which is dropped with it.
    Part,
    /// As an heir, which CASCADE drops with it.
    Inherits,
    /// By a foreign key, through which `TRUNCATE … CASCADE` empties it.
    References,
    /// By a foreign key with `ON DELETE CASCADE`: its rows go with those that they point at.
    Deletes,
}
