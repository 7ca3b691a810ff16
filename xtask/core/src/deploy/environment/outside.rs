//! What an environment on a server uses and somebody else runs: database and cache.

use super::{Environment, SecretSource, read_optional_source, read_source};
use crate::reader::Table;
use std::collections::BTreeMap;

/// A database that somebody else runs. Its addresses hold passwords, so only their places stand
/// in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// What the services are given; a pooler is fine.
    pub url: SecretSource,
    /// What migrations and the ledger use, if the services are given a pooler.
    pub direct_url: Option<SecretSource>,
    /// How much the pooler at `url` lets through, if it is one: it cannot be asked.
    pub pooler: Option<DatabasePooler>,
}

/// The limits of a pooler between the services and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabasePooler {
    /// Connections that it takes from its clients.
    pub clients: u64,
    /// Connections that it opens to the server.
    pub size: u64,
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

impl Environment {
    /// Where every secret of it is kept, by the name that a reference or a key has in the file:
    /// `database.url`, `secrets.jwt`, `coolify.token`.
    pub fn sources(&self) -> BTreeMap<String, SecretSource> {
        let secrets = self.secrets.iter();
        let mut sources: BTreeMap<String, SecretSource> =
            secrets.map(|(name, source)| (format!("secrets.{name}"), source.clone())).collect();
        let mut add = |name: &str, source: Option<&SecretSource>| {
            sources.extend(source.map(|it| (name.to_owned(), it.clone())));
        };
        let database = self.database.as_ref();
        add("database.url", database.map(|it| &it.url));
        add("database.direct_url", database.and_then(|it| it.direct_url.as_ref()));
        add("redis.url", self.redis.as_ref().map(|it| &it.url));
        let coolify = self.coolify.as_ref();
        add("coolify.token", coolify.map(|it| &it.token));
        let storage = coolify.and_then(|it| it.storage.as_ref());
        add("coolify.storage.key", storage.map(|it| &it.key));
        add("coolify.storage.secret", storage.map(|it| &it.secret));
        let notifications = coolify.and_then(|it| it.notifications.as_ref());
        add("coolify.notifications.webhook", notifications.map(|it| &it.webhook));
        sources
    }
}

pub(super) fn read_database(table: &Table<'_>) -> Option<Database> {
    let url = read_source(table, "url");
    let is_direct = table.keys().iter().any(|key| key == "direct_url");
    let direct_url = read_optional_source(table, "direct_url");
    let pooler = table.optional_table("pooler").map_or(Some(None), |it| read_pooler(&it).map(Some));
    table.refuse_unknown();
    let database = Database { url: url?, direct_url, pooler: pooler? };
    (is_direct == database.direct_url.is_some()).then_some(database)
}

fn read_pooler(table: &Table<'_>) -> Option<DatabasePooler> {
    let clients = table.number("clients", 1..=100_000);
    let size = table.number("size", 1..=10_000);
    table.refuse_unknown();
    Some(DatabasePooler { clients: clients?, size: size? })
}

pub(super) fn read_redis(table: &Table<'_>) -> Option<Redis> {
    let url = read_source(table, "url");
    table.refuse_unknown();
    Some(Redis { url: url? })
}
