//! One environment: a named place where releases live, with its own target and secrets.

mod backing;
mod backup;
mod check;
mod coolify;
mod github;
mod hetzner;
mod notify;
mod outside;
mod releases;
mod server;
mod source;
#[cfg(test)]
mod tests;

pub use backing::{Backing, BackingPart};
pub use backup::{Access as BackupAccess, Backup, Bucket, Repository as BackupRepository};
pub(super) use check::check;
pub use coolify::{Cleanup, Coolify, Notifications, Storage};
pub use github::GitHub;
pub use hetzner::Hetzner;
pub use notify::{Notify, NotifyGitHub, NotifySentry};
pub use outside::{Database, DatabasePooler, Redis};
pub use releases::{Demand, Entry};
pub use server::Server;
pub use source::{AgeName, KEPT, SecretSource};

use crate::reader::Table;
use crate::reference::Repository;
use std::collections::BTreeMap;
use std::str::FromStr;
use url::Url;

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
    /// The database that somebody else runs for us; only the Coolify target has one.
    pub database: Option<Database>,
    /// The cache that somebody else runs for us; only the Coolify target has one.
    pub redis: Option<Redis>,
    /// Where in a Coolify it is; only the Coolify target has it.
    pub coolify: Option<Coolify>,
    /// The server below that Coolify, if we make it ready.
    pub server: Option<Server>,
    /// What of that server is bought at Hetzner Cloud, if it is.
    pub hetzner: Option<Hetzner>,
    /// Where jobs on GitHub get its secrets, if they do.
    pub github: Option<GitHub>,
    /// Where each secret comes from.
    pub secrets: BTreeMap<String, SecretSource>,
    /// What it asks of a release.
    pub entry: Entry,
    /// Whom we tell of each change.
    pub notify: Notify,
    /// Where its back-ups are kept, if somewhere.
    pub backup: Option<Backup>,
    /// Why its schema may be changed where no back-ups are kept.
    pub without_backup: Option<String>,
}

/// What runs the containers of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Plain Docker on this machine.
    Docker,
    /// A Coolify server.
    Coolify,
}

/// The text names no target that we have.
#[derive(Debug, thiserror::Error)]
#[error("unknown target `{0}`; known: `docker`, `coolify`")]
pub struct UnknownTarget(String);

impl Environment {
    /// Whether others than who runs this program use it: this machine is one's own.
    pub fn has_users(&self) -> bool {
        self.target != TargetKind::Docker
    }
}

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

pub(super) fn read(name: &str, table: &Table<'_>) -> Option<Environment> {
    let target = table.parsed("target");
    let registry = table.parsed("registry");
    let url = read_url(table, "url");
    let parts = read_parts(name, table);
    let entry = releases::read(table);
    let github = part(table, "github", |table| github::read(name, table));
    let server = part(table, "server", server::read);
    let hetzner = part(table, "hetzner", hetzner::read);
    let secrets = table.optional_table("secrets").map(|it| read_secrets(&it)).unwrap_or_default();
    let notify = part(table, "notify", notify::read);
    let backup = part(table, "backup", backup::read);
    let without_backup = table.optional_text("without_backup");
    if let Some(target) = target {
        refuse_parts(name, table, target);
    }
    if target == Some(TargetKind::Coolify) {
        refuse_made(table, &secrets);
    }
    let (backing, database, redis, coolify) = parts?;
    let (target, registry, url, github) = (target?, registry?, url?, github?);
    let (notify, backup) = (notify?.unwrap_or_default(), backup?);
    let (server, hetzner) = (server?, hetzner?);
    Some(Environment {
        target,
        registry,
        url,
        backing,
        database,
        redis,
        coolify,
        server,
        hetzner,
        github,
        secrets,
        entry,
        notify,
        backup,
        without_backup,
    })
}

type Parts = (Option<Backing>, Option<Database>, Option<Redis>, Option<Coolify>);

/// The tables of one target or the other; `None` if one of them has a mistake.
fn read_parts(name: &str, table: &Table<'_>) -> Option<Parts> {
    let backing = part(table, "backing", backing::read);
    let database = part(table, "database", outside::read_database);
    let redis = part(table, "redis", outside::read_redis);
    let coolify = part(table, "coolify", |table| coolify::read(name, table));
    Some((backing?, database?, redis?, coolify?))
}

/// A table that may be missing; the outer `None` is a mistake in it.
fn part<T>(
    table: &Table<'_>,
    key: &str,
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> Option<Option<T>> {
    table.optional_table(key).map_or(Some(None), |it| read(&it).map(Some))
}

/// What a target needs, and what only the other one has.
fn refuse_parts(name: &str, table: &Table<'_>, target: TargetKind) {
    let (kind, needed, foreign): (_, _, &[&str]) = match target {
        TargetKind::Docker => {
            ("Docker", "backing", &["coolify", "database", "redis", "server", "hetzner"])
        }
        TargetKind::Coolify => ("Coolify", "coolify", &["backing"]),
    };
    let is_there = |key: &str| table.keys().iter().any(|it| it == key);
    if !is_there(needed) {
        table.refuse(needed, format!("missing; `{name}` is a {kind} target and needs one"));
    }
    if is_there("backup") && is_there("without_backup") {
        table.refuse("without_backup", "it has `backup` as well; say one of the two".to_owned());
    }
    if is_there("hetzner") && !is_there("server") {
        table.refuse("hetzner", "it needs `server` beside it, which names the keys that log in");
    }
    for key in foreign.iter().filter(|key| is_there(key)) {
        table.refuse(key, format!("`{name}` is a {kind} target, which has no `{key}`"));
    }
}

/// What one machine makes for itself is on no other one, and the next would bring its own.
fn refuse_made(table: &Table<'_>, secrets: &BTreeMap<String, SecretSource>) {
    let Some(table) = table.optional_table("secrets") else { return };
    let generated = |(_, source): &(&String, &SecretSource)| **source == SecretSource::Generate;
    for (name, _) in secrets.iter().filter(generated) {
        let why = "it is shipped to from several machines, so it is not `generate`d on one";
        table.refuse(name, format!("wanted {KEPT}; {why}"));
    }
}

/// Where a secret is kept that nobody makes here: another machine would make another one.
fn read_source(table: &Table<'_>, key: &str) -> Option<SecretSource> {
    let source = table.parsed(key)?;
    refuse_generated(table, key, source)
}

/// The same, if it is there.
fn read_optional_source(table: &Table<'_>, key: &str) -> Option<SecretSource> {
    let source = table.optional_parsed(key)?;
    refuse_generated(table, key, source)
}

fn refuse_generated(table: &Table<'_>, key: &str, source: SecretSource) -> Option<SecretSource> {
    if source == SecretSource::Generate {
        let why = "somebody else gives it, so it is not `generate`d";
        table.refuse(key, format!("wanted {KEPT}; {why}"));
        return None;
    }
    Some(source)
}

fn read_url(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let Some(url) = parsed(&text).filter(|it| it.path() == "/" && !text.ends_with('/')) else {
        table.refuse(
            key,
            format!("`{text}` is not a base URL: `http(s)://host[:port]`, no `/` at its end"),
        );
        return None;
    };
    read_plain(table, key, text, &url)
}

/// The same with a path, as some storages have one.
fn read_url_with_path(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let Some(url) = parsed(&text).filter(|_| !text.ends_with('/')) else {
        table.refuse(key, format!("`{text}` is not a URL: `http(s)://host[:port][/path]`"));
        return None;
    };
    read_plain(table, key, text, &url)
}

fn parsed(text: &str) -> Option<Url> {
    let is_bare = |it: &Url| {
        let has_user = !it.username().is_empty() || it.password().is_some();
        !has_user && it.query().is_none() && it.fragment().is_none()
    };
    let url = Url::parse(text).ok()?;
    Some(url).filter(|it| ["http", "https"].contains(&it.scheme()) && is_bare(it))
}

/// A host is sent, stored and compared in one form: small letters, and no others than ASCII's.
fn read_plain(table: &Table<'_>, key: &str, text: String, url: &Url) -> Option<String> {
    let sent = url.as_str().trim_end_matches('/');
    if sent != text {
        table.refuse(key, format!("`{text}` is not how it is sent; wanted `{sent}`"));
        return None;
    }
    Some(text)
}

fn read_secrets(table: &Table<'_>) -> BTreeMap<String, SecretSource> {
    let keys = table.keys().into_iter();
    let secrets =
        keys.filter_map(|key| Some((key.clone(), table.optional_parsed(&key)?))).collect();
    table.refuse_unknown();
    secrets
}
