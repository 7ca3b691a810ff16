//! One service: where its source is, how it listens, how it says that it is well.

use super::{WANTED_NAME, drain, is_name, read_image, read_path, setting};
use crate::reader::Table;
use crate::ship::backing::Role;
use crate::ship::release::RELEASES_REPOSITORY;
use crate::template::Template;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// One thing that is rolled out by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, also the last part of its repository.
    pub name: String,
    /// The folder of its source.
    pub path: String,
    /// The file that defines its image.
    pub image: String,
    /// The port it listens on inside its container.
    pub port: u16,
    /// Who may reach it.
    pub access: Access,
    /// The services that must be rolled out before it.
    pub needs: Vec<String>,
    /// How long it goes on serving after SIGTERM, in seconds.
    pub drain_seconds: u64,
    /// Where it says how it is.
    pub health: Health,
    /// What a probe streams to it and from it, beside asking whether it lives.
    pub probe: Probe,
    /// What it may use.
    pub limits: Limits,
    /// What it is told by environment variables, in the order of the file.
    pub settings: Vec<(String, Template)>,
}

/// Who may reach a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, through the proxy's public port.
    Public,
    /// Other services only, through the proxy's inner ports.
    Internal,
}

/// The three health paths, and how long a start may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The process is alive.
    pub live: String,
    /// It may be sent requests.
    pub ready: String,
    /// Every dependency, one by one.
    pub status: String,
    /// How long it may take from its start to being ready, in seconds.
    pub start_seconds: u64,
    /// Who tells from outside which release of it answers. It shapes no container.
    #[serde(skip)]
    pub reported: Option<Reported>,
}

/// Where a public service tells the release of one that nobody reaches from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The service that tells.
    pub by: String,
    /// Where in its status it does: a JSON pointer.
    pub at: String,
}

/// What a probe streams while a release is rolled out. It shapes no container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// What is read slowly: an answer that nobody needs to log in for.
    pub download: Option<String>,
    /// Where a body is sent slowly: JSON that is read whole, and then refused for what it lacks.
    pub upload: Option<String>,
    /// A stream of events (SSE) that stays open, and that nobody needs to log in for.
    pub events: Option<String>,
    /// A WebSocket that nobody needs to log in for.
    pub websocket: Option<String>,
    /// Where it tells what it counts of its requests, in the format of Prometheus.
    pub metrics: Option<String>,
}

/// What a container may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Whole processor cores; Docker's `--cpus`.
    pub cpus: u64,
    /// Memory, in MiB.
    pub memory_mb: u64,
}

/// The text is neither `public` nor `internal`.
#[derive(Debug, thiserror::Error)]
#[error("unknown access `{0}`; known: `public`, `internal`")]
pub struct UnknownAccess(String);

impl FromStr for Access {
    type Err = UnknownAccess;

    fn from_str(text: &str) -> Result<Self, UnknownAccess> {
        match text {
            "public" => Ok(Self::Public),
            "internal" => Ok(Self::Internal),
            other => Err(UnknownAccess(other.to_owned())),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Public => "public",
            Self::Internal => "internal",
        })
    }
}

pub(super) fn read_all(root: &Table<'_>) -> Option<Vec<Service>> {
    let table = root.table("services")?;
    refuse_reserved(&table);
    let services: Vec<Service> = table.each(read).into_iter().map(|(_, service)| service).collect();
    let public = services.iter().filter(|service| service.access == Access::Public).count();
    if public > 1 {
        root.refuse("services", "more than one is public; the public port leads to one service");
    }
    if public == 0 && services.len() == table.keys().len() {
        root.refuse("services", "none is public; the public port must lead to one");
    }
    Some(services)
}

/// Containers and repositories are found by name: one of ours would be taken for a service's.
fn refuse_reserved(table: &Table<'_>) {
    let reserved: Vec<&str> =
        Role::ALL.map(Role::name).into_iter().chain([RELEASES_REPOSITORY]).collect();
    for name in table.keys().iter().filter(|name| reserved.contains(&name.as_str())) {
        let all = reserved.join("`, `");
        table.refuse(
            name,
            format!(
                "the name `{name}` is reserved for what runs beside the services; reserved: `{all}`"
            ),
        );
    }
}

fn read(name: &str, table: &Table<'_>) -> Option<Service> {
    if !is_name(name) {
        table.refuse("path", format!("`{name}` is not a name: {WANTED_NAME}"));
    }
    let path = read_path(table, "path");
    let image = read_image(table);
    let port = table.port("port");
    let access = table.parsed("access");
    let needs = table.texts("needs");
    let drain_seconds = table.number("drain_seconds", 0..=300);
    let health = read_health(table);
    let probe = read_probe(table);
    let limits = read_limits(table);
    let settings = read_settings(table);
    if let Some(seconds) = drain_seconds {
        drain::refuse_another_time(table, seconds, &settings);
    }
    Some(Service {
        name: name.to_owned(),
        path: path?,
        image: image?,
        port: port?,
        access: access?,
        needs,
        drain_seconds: drain_seconds?,
        health: health?,
        probe,
        limits: limits?,
        settings,
    })
}

fn read_health(table: &Table<'_>) -> Option<Health> {
    let table = table.table("health")?;
    let live = read_url_path(&table, "live");
    let ready = read_url_path(&table, "ready");
    let status = read_url_path(&table, "status");
    let start_seconds = table.number("start_seconds", 1..=600);
    let reported = table.optional_table("reported").map(|it| read_reported(&it));
    table.refuse_unknown();
    let (live, ready, status, start_seconds) = (live?, ready?, status?, start_seconds?);
    let reported = reported.map_or(Some(None), |it| it.map(Some))?;
    Some(Health { live, ready, status, start_seconds, reported })
}

fn read_reported(table: &Table<'_>) -> Option<Reported> {
    let (by, at) = (table.text("by"), table.text("at"));
    table.refuse_unknown();
    let at = at?;
    if !at.starts_with('/') {
        table.refuse("at", format!("`{at}` is no JSON pointer: wanted `/` before each part"));
        return None;
    }
    Some(Reported { by: by?, at })
}

fn read_probe(table: &Table<'_>) -> Probe {
    let Some(table) = table.optional_table("probe") else { return Probe::default() };
    let path =
        |key: &str| table.keys().iter().any(|it| it == key).then(|| read_url_path(&table, key));
    let [download, upload, events, websocket, metrics] =
        ["download", "upload", "events", "websocket", "metrics"].map(|it| path(it).flatten());
    table.refuse_unknown();
    Probe { download, upload, events, websocket, metrics }
}

fn read_url_path(table: &Table<'_>, key: &str) -> Option<String> {
    let path = table.text(key)?;
    if !path.starts_with('/') || path.contains([' ', '?', '#']) {
        table.refuse(key, format!("`{path}` is not a path: wanted `/` and no query"));
        return None;
    }
    Some(path)
}

fn read_limits(table: &Table<'_>) -> Option<Limits> {
    let table = table.table("limits")?;
    let cpus = table.number("cpus", 1..=256);
    let memory_mb = table.number("memory_mb", 32..=1_048_576);
    table.refuse_unknown();
    Some(Limits { cpus: cpus?, memory_mb: memory_mb? })
}

fn read_settings(table: &Table<'_>) -> Vec<(String, Template)> {
    let Some(settings) = table.optional_table("settings") else {
        return Vec::new();
    };
    let keys = settings.keys().into_iter();
    let read = keys.filter_map(|key| {
        let value: Template = settings.optional_parsed(&key)?;
        refuse_open_secret(&settings, &key, &value);
        refuse_doubt(&settings, &key, &value);
        setting::check(&settings, &key, &value);
        Some((key, value))
    });
    read.collect()
}

/// Only a secret may be absent; of all else it is known whether it is there.
fn refuse_doubt(table: &Table<'_>, key: &str, value: &Template) {
    for reference in value.optional().filter(|it| !it.starts_with("secrets.")) {
        table.refuse(key, format!("`${{{reference}?}}` is always there; wanted no `?`"));
    }
}

/// A secret never stands in a file that is committed: only a reference to it does.
fn refuse_open_secret(table: &Table<'_>, key: &str, value: &Template) {
    let upper = key.to_ascii_uppercase();
    let named = ["SECRET", "PASSWORD", "TOKEN", "API_KEY", "PRIVATE_KEY"];
    let is_secret = named.iter().any(|word| upper.contains(word));
    let text = value.to_string();
    let has_password = text.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split('/').next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    if value.is_literal() && (is_secret || has_password) {
        table.refuse(key, "holds a secret in the open; wanted a reference: `${secrets.NAME}`");
    }
}
