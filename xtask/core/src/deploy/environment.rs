//! One environment: a named place where releases live, with its own target and secrets.

use super::{Deploy, read_image};
use crate::reader::Table;
use crate::reference::Repository;
use crate::ship::backing::Role;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A named place where releases live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// What runs the containers there.
    pub target: TargetKind,
    /// Where its images are, one repository a service below it.
    pub registry: Repository,
    /// Where it is reached from outside.
    pub url: String,
    /// What we run beside the services; only the Docker target has one.
    pub backing: Option<Backing>,
    /// Where each secret comes from.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// What runs the containers of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Plain Docker on this machine.
    Docker,
    /// A Coolify server.
    Coolify,
}

/// What the local environment runs beside the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backing {
    /// The database; its port is for loopback only.
    pub postgres: BackingPart,
    /// The cache.
    pub redis: BackingPart,
    /// The registry that `registry` of the environment names.
    pub registry: BackingPart,
    /// The reverse proxy.
    pub proxy: Proxy,
}

/// One container of the backing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingPart {
    /// The file that defines its image.
    pub image: String,
    /// Its port on the loopback address of this machine.
    pub port: u16,
}

/// The reverse proxy, which has a second port for changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The container and its public port.
    pub part: BackingPart,
    /// The port of its admin API, on the loopback address of this machine.
    pub admin_port: u16,
}

/// Where a secret comes from. The secret itself is never in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Made once, kept in a private file of this machine.
    Generate,
    /// The environment variable of that name.
    Variable(String),
    /// The file of that path, outside the repository.
    File(String),
}

/// The text names no target that we have.
#[derive(Debug, thiserror::Error)]
#[error("unknown target `{0}`; known: `docker`, `coolify`")]
pub struct UnknownTarget(String);

/// The text is no source of a secret.
#[derive(Debug, thiserror::Error)]
#[error("wanted `generate`, `env:VARIABLE` or `file:PATH`; a secret itself never stands here")]
pub struct UnknownSecretSource;

impl FromStr for TargetKind {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        match text {
            "docker" => Ok(Self::Docker),
            "coolify" => Ok(Self::Coolify),
            other => Err(UnknownTarget(other.to_owned())),
        }
    }
}

impl FromStr for SecretSource {
    type Err = UnknownSecretSource;

    fn from_str(text: &str) -> Result<Self, UnknownSecretSource> {
        match text.split_once(':') {
            None if text == "generate" => Ok(Self::Generate),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            _ => Err(UnknownSecretSource),
        }
    }
}

pub(super) fn read(name: &str, table: &Table<'_>) -> Option<Environment> {
    let target = table.parsed("target");
    let registry = table.parsed("registry");
    let url = read_url(table);
    let backing = table.optional_table("backing").map(|it| read_backing(&it));
    let secrets = table.optional_table("secrets").map(|it| read_secrets(&it)).unwrap_or_default();
    if target == Some(TargetKind::Docker) && backing.is_none() {
        table.refuse("backing", format!("missing; `{name}` is a Docker target and needs one"));
    }
    let backing = backing.map_or(Some(None), |read| read.map(Some));
    Some(Environment {
        target: target?,
        registry: registry?,
        url: url?,
        backing: backing?,
        secrets,
    })
}

fn read_url(table: &Table<'_>) -> Option<String> {
    let url = table.text("url")?;
    let scheme = url.starts_with("http://") || url.starts_with("https://");
    if !scheme || url.ends_with('/') || url.contains('@') {
        table.refuse(
            "url",
            format!("`{url}` is not a base URL: `http(s)://host[:port]`, no `/` at its end"),
        );
        return None;
    }
    Some(url)
}

fn read_backing(table: &Table<'_>) -> Option<Backing> {
    let part = |role: Role| table.table(role.name()).map(|it| read_part(&it));
    let postgres = part(Role::Postgres);
    let redis = part(Role::Redis);
    let registry = part(Role::Registry);
    let proxy = table.table(Role::Proxy.name()).map(|it| read_proxy(&it));
    table.refuse_unknown();
    Some(Backing { postgres: postgres??, redis: redis??, registry: registry??, proxy: proxy?? })
}

fn read_part(table: &Table<'_>) -> Option<BackingPart> {
    let part = read_open_part(table);
    table.refuse_unknown();
    part
}

fn read_open_part(table: &Table<'_>) -> Option<BackingPart> {
    let image = read_image(table);
    let port = table.port("port");
    Some(BackingPart { image: image?, port: port? })
}

fn read_proxy(table: &Table<'_>) -> Option<Proxy> {
    let part = read_open_part(table);
    let admin_port = table.port("admin_port");
    table.refuse_unknown();
    Some(Proxy { part: part?, admin_port: admin_port? })
}

fn read_secrets(table: &Table<'_>) -> BTreeMap<String, SecretSource> {
    let keys = table.keys().into_iter();
    let secrets =
        keys.filter_map(|key| Some((key.clone(), table.optional_parsed(&key)?))).collect();
    table.refuse_unknown();
    secrets
}

/// What can only be judged with the whole file in hand: ports apart, references answered.
pub(super) fn check(root: &Table<'_>, deploy: &Deploy, name: &str, environment: &Environment) {
    let Some(table) = root.optional_table("environments").and_then(|it| it.optional_table(name))
    else {
        return;
    };
    if let Some(backing) = &environment.backing {
        check_ports(&table, backing);
        check_doors(&table, environment, backing);
    }
    let templates = deploy.services.iter().flat_map(|service| &service.settings);
    for reference in templates.flat_map(|(_, template)| template.references()) {
        if !is_answered(deploy, environment, reference) {
            table.refuse(
                "secrets",
                format!("no answer to `${{{reference}}}`, which a service asks for"),
            );
        }
    }
}

/// What the addresses name must be what the backing listens on, and the database has a password.
fn check_doors(table: &Table<'_>, environment: &Environment, backing: &Backing) {
    let ends_in = |address: &str, port: u16| address.ends_with(&format!(":{port}"));
    if !ends_in(&environment.url, backing.proxy.part.port) {
        let port = backing.proxy.part.port;
        table.refuse("url", format!("does not lead to the proxy, which listens on port {port}"));
    }
    if !ends_in(environment.registry.registry(), backing.registry.port) {
        let port = backing.registry.port;
        table.refuse(
            "registry",
            format!("is not the one of the backing, which listens on port {port}"),
        );
    }
    if !environment.secrets.contains_key("database") {
        table.refuse("secrets", "`database` is missing; it is the password of the database");
    }
}

fn check_ports(table: &Table<'_>, backing: &Backing) {
    let mut ports = [
        backing.postgres.port,
        backing.redis.port,
        backing.registry.port,
        backing.proxy.part.port,
        backing.proxy.admin_port,
    ];
    ports.sort_unstable();
    for pair in ports.windows(2).filter(|pair| pair[0] == pair[1]) {
        table.refuse("backing", format!("port {} is given twice", pair[0]));
    }
}

fn is_answered(deploy: &Deploy, environment: &Environment, reference: &str) -> bool {
    let parts: Vec<&str> = reference.split('.').collect();
    match parts.as_slice() {
        ["release", "version"] | ["database", "url"] | ["redis", "url"] => true,
        ["services", service, "url"] => deploy.service(service).is_some(),
        ["secrets", name] => environment.secrets.contains_key(*name),
        _ => false,
    }
}
