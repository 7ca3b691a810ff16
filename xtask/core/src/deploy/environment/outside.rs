//! What an environment on a server uses and somebody else runs: database and cache.

use super::{SecretSource, read_optional_source, read_source};
use crate::reader::Table;

/// A database that somebody else runs. Its addresses hold passwords, so only their places stand
/// in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// What the services are given; a pooler is fine.
    pub url: SecretSource,
    /// What migrations and the ledger use, if the services are given a pooler.
    pub direct_url: Option<SecretSource>,
}

/// A cache that somebody else runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redis {
    /// What the services are given.
    pub url: SecretSource,
}

impl Database {
    /// What migrations and the ledger use.
    pub fn direct(&self) -> &SecretSource {
        self.direct_url.as_ref().unwrap_or(&self.url)
    }
}

pub(super) fn read_database(table: &Table<'_>) -> Option<Database> {
    let url = read_source(table, "url");
    let is_direct = table.keys().iter().any(|key| key == "direct_url");
    let direct_url = read_optional_source(table, "direct_url");
    table.refuse_unknown();
    let database = Database { url: url?, direct_url };
    (is_direct == database.direct_url.is_some()).then_some(database)
}

pub(super) fn read_redis(table: &Table<'_>) -> Option<Redis> {
    let url = read_source(table, "url");
    table.refuse_unknown();
    Some(Redis { url: url? })
}
