//! Everything that Coolify remembers.

use super::row::{Row, now, set, text};
use super::version::Version;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The database and the settings of one instance.
#[derive(Debug)]
pub(super) struct State {
    pub(super) version: Version,
    pub(super) api_enabled: bool,
    pub(super) allowed_ips: String,
    pub(super) limit: u32,
    pub(super) internal_targets: bool,
    pub(super) users: Vec<User>,
    pub(super) teams: Vec<Row>,
    pub(super) tokens: Vec<Token>,
    pub(super) servers: Vec<Server>,
    pub(super) destinations: Vec<Row>,
    pub(super) projects: Vec<Row>,
    pub(super) environments: Vec<Row>,
    pub(super) apps: Vec<App>,
    pub(super) variables: Vec<Row>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) storages: Vec<Row>,
    pub(super) files: Vec<Row>,
    pub(super) tasks: Vec<Row>,
    pub(super) executions: Vec<Row>,
    pub(super) tags: Vec<Row>,
    pub(super) s3: Vec<Row>,
    pub(super) notifications: BTreeMap<(i64, String), Row>,
    pub(super) cleanups: Vec<Row>,
    seed: String,
    ids: BTreeMap<&'static str, i64>,
    uuids: u64,
    clock: u64,
}

/// A person, and the teams with the role in each.
#[derive(Debug)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) roles: Vec<(i64, &'static str)>,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) id: i64,
    pub(super) label: &'static str,
    pub(super) secret: String,
    pub(super) user: i64,
    pub(super) team: i64,
    pub(super) abilities: &'static [&'static str],
    pub(super) expired: bool,
}

/// A server and its settings.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) row: Row,
    pub(super) settings: Row,
}

/// An application, its settings, and the tags that it carries.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) row: Row,
    pub(super) settings: Row,
    pub(super) tags: Vec<String>,
    pub(super) previews: Vec<(i64, String)>,
    pub(super) is_deleting: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) row: Row,
    pub(super) app: String,
    pub(super) log: Vec<Value>,
    /// A rollback's tag, where the version honours it.
    pub(super) tag: Option<String>,
    /// The tag of a preview.
    pub(super) preview: Option<String>,
    /// Its worker is gone; nobody will end the row.
    pub(super) is_orphan: bool,
    /// When the row was last written: the order in which the database returns it.
    pub(super) written: u64,
}

impl State {
    /// An instance in which nothing is.
    pub(super) fn empty(version: Version) -> Self {
        let seed = format!("{}-{:?}", std::process::id(), std::time::SystemTime::now());
        Self {
            version,
            api_enabled: true,
            allowed_ips: String::new(),
            limit: 200,
            internal_targets: false,
            users: Vec::new(),
            teams: Vec::new(),
            tokens: Vec::new(),
            servers: Vec::new(),
            destinations: Vec::new(),
            projects: Vec::new(),
            environments: Vec::new(),
            apps: Vec::new(),
            variables: Vec::new(),
            deployments: Vec::new(),
            storages: Vec::new(),
            files: Vec::new(),
            tasks: Vec::new(),
            executions: Vec::new(),
            tags: Vec::new(),
            s3: Vec::new(),
            notifications: BTreeMap::new(),
            cleanups: Vec::new(),
            seed,
            ids: BTreeMap::new(),
            uuids: 0,
            clock: 0,
        }
    }

    /// The next number of a table.
    pub(super) fn id(&mut self, table: &'static str) -> i64 {
        let id = self.ids.entry(table).or_insert(0);
        *id += 1;
        *id
    }

    /// 24 letters and digits that nobody else has.
    pub(super) fn uuid(&mut self) -> String {
        self.uuids += 1;
        let hash = Sha256::digest(format!("{}-{}", self.seed, self.uuids));
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let at = |byte: u8, of: usize| char::from(letters[usize::from(byte) % of]);
        let first = at(hash[24], 26);
        std::iter::once(first).chain(hash.iter().take(23).map(|byte| at(*byte, 36))).collect()
    }

    /// A row of its own number and uuid, at this time.
    pub(super) fn new_row(&mut self, table: &'static str) -> Row {
        let mut row = Row::new();
        set(&mut row, "id", self.id(table));
        set(&mut row, "uuid", self.uuid());
        set(&mut row, "created_at", now());
        set(&mut row, "updated_at", now());
        row
    }

    /// The next moment of the database.
    pub(super) fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// An application by its uuid.
    pub(super) fn app(&self, uuid: &str) -> Option<&App> {
        self.apps.iter().find(|app| text(&app.row, "uuid") == uuid)
    }

    /// The same, to be changed.
    pub(super) fn app_mut(&mut self, uuid: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| text(&app.row, "uuid") == uuid)
    }

    /// A deployment by its uuid, whose row is written now.
    pub(super) fn deployment_mut(&mut self, uuid: &str) -> Option<&mut Deployment> {
        let written = self.tick();
        let found =
            self.deployments.iter_mut().find(|own| text(&own.row, "deployment_uuid") == uuid);
        let own = found?;
        own.written = written;
        super::row::touch(&mut own.row);
        Some(own)
    }

    /// A deployment by its uuid.
    pub(super) fn deployment(&self, uuid: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|own| text(&own.row, "deployment_uuid") == uuid)
    }
}

/// The row of a table with this number.
pub(super) fn by_id(rows: &[Row], id: i64) -> Option<&Row> {
    rows.iter().find(|row| super::row::number(row, "id") == id)
}
