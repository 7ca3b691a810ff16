//! Statements that no transaction holds.

use super::Name;

/// Why a statement cannot run inside a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// In a few words of its own: `CREATE INDEX CONCURRENTLY`.
    pub what: String,
    /// The index that it makes, and that a failure leaves there without being valid.
    pub index: Option<Name>,
}

impl Alone {
    /// Whether it waits for others without keeping them waiting: `CONCURRENTLY` on an index.
    pub fn blocks_nobody(&self) -> bool {
        let kind = self.what.strip_suffix(" CONCURRENTLY").unwrap_or_default();
        kind.ends_with(" INDEX") || kind == "REINDEX"
    }
}
