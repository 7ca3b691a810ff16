//! What a database holds at one moment, as far as a restore is judged by it. Of the source it is
//! read in the very snapshot that the dump is made of, of the copy after the restore.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which cluster it is: of two that are not copies of each other's files, no two are alike.
    pub system_identifier: String,
    pub database: String,
    /// Such as `150014`.
    pub server_version: u32,
    /// Every table of the schemas that are backed up, as `schema.table`.
    pub tables: BTreeMap<String, TableFacts>,
    /// The last migration that is applied.
    pub migration_head: Option<String>,
    /// How many migrations are applied.
    pub migrations: u64,
    pub ledger: Option<LedgerHead>,
    /// The digest of bytes of every value that were written before the dump.
    pub canary: Option<String>,
    /// Extensions by name, each with its schema.
    pub extensions: BTreeMap<String, String>,
    /// Roles that something is granted to, or whose objects have rights of their own.
    pub roles: Vec<String>,
    /// Who owns what, such as `view public.mine`, without what an extension brought. An older back-up
    /// does not tell.
    #[serde(default)]
    pub owners: Option<BTreeMap<String, String>>,
    /// Indexes that a query would not use, and constraints that were never checked against all
    /// rows.
    pub invalid: Vec<String>,
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFacts {
    pub rows: u64,
    /// On disk, without indexes.
    pub bytes: u64,
    /// A checksum over all rows, whatever their order; `None` for a table that is too large to read
    /// once more while it is dumped.
    pub checksum: Option<String>,
}

/// The last link of the ledger's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerHead {
    pub number: u64,
    pub digest: String,
}

/// Tables up to this size are read whole for a checksum.
pub const CHECKSUM_MAX: u64 = 64 << 20;

impl Facts {
    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|it| it.rows).sum()
    }

    /// The roles that own something, without those that every server has.
    pub fn owning(&self) -> Vec<String> {
        let owners = self.owners.iter().flat_map(BTreeMap::values);
        let owners: BTreeSet<&String> = owners.filter(|it| !it.starts_with("pg_")).collect();
        owners.into_iter().cloned().collect()
    }

    /// How much they take on disk, without indexes.
    pub fn bytes(&self) -> u64 {
        self.tables.values().map(|it| it.bytes).sum()
    }
}

/// The bytes of the canary: every value there is, in a changing order, so that nothing that
/// translates bytes on their way leaves them as they were.
pub fn canary(seed: &str) -> Vec<u8> {
    let digest = crate::digest::Digest::of(seed.as_bytes()).hex();
    let blocks = digest
        .bytes()
        .map(|shift| (0..=255_u8).map(move |byte| byte.wrapping_mul(167).wrapping_add(shift)));
    blocks.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_has_every_byte_and_each_run_its_own() {
        let bytes = canary("a");
        assert_eq!(bytes.len(), 64 * 256);
        assert!((0..=255_u8).all(|byte| bytes.contains(&byte)));
        assert_ne!(bytes, canary("b"));
        assert_eq!(bytes, canary("a"));
    }
}
