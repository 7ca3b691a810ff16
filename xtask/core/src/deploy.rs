//! `deploy.toml` as types: what is shipped, and where to. Read once, whole, with every mistake.

pub mod drain;
mod environment;
mod rotation;
mod scan;
mod seed;
mod service;
pub mod setting;
mod signing;
#[cfg(test)]
mod tests;
pub mod trial;

pub use environment::{
    AgeName, Backing, BackingPart, Backup, BackupAccess, BackupRepository, Bucket, Cleanup,
    Coolify, Database, DatabasePooler, Demand, Entry, Environment, GitHub, Hetzner, KEPT,
    Notifications, Notify, NotifyGitHub, NotifySentry, Redis, SecretSource, Server, Storage,
    TargetKind,
};
pub use rotation::KeyRotation;
pub use seed::Seed;
pub use service::{Access, Health, Limits, Probe, Reported, Service};
pub use signing::Signing;

use crate::address::named;
use crate::finding::Findings;
use crate::image::definition;
use crate::reader::{Source, Table};
use crate::template::Template;
use crate::trust::scan::ScanPolicy;
use std::collections::{BTreeMap, BTreeSet};

/// The file's name, from the root of the repository.
pub const FILE: &str = "deploy.toml";

/// Everything that `deploy.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// The name that containers, volumes and networks start with.
    pub project: String,
    /// The services, in the order of the file.
    pub services: Vec<Service>,
    /// Where the migrations are and how long one may wait or run.
    pub migrations: Migrations,
    /// What fills a database that is new, if anything does.
    pub seed: Option<Seed>,
    /// The environments by name.
    pub environments: BTreeMap<String, Environment>,
    /// Keys that are exchanged without logging anybody out, by name.
    pub rotations: BTreeMap<String, KeyRotation>,
    /// What a scanner may find in what is shipped.
    pub scan: ScanPolicy,
    /// Who signs what is said about images, and who is believed.
    pub signing: Signing,
}

/// Where the migrations are, and the time-outs each of them runs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// The folder, in Prisma's layout.
    pub path: String,
    /// How long a statement waits for a table lock, in milliseconds.
    pub lock_timeout_ms: u64,
    /// How long a statement runs, in milliseconds.
    pub statement_timeout_ms: u64,
    /// How long a statement runs that no transaction holds, such as `CREATE INDEX CONCURRENTLY`,
    /// which keeps nobody from writing.
    pub alone_timeout_ms: u64,
    /// How often a file is tried whose lock is not to be had in time.
    pub lock_attempts: u64,
    /// The file with the sizes of tables, which `migrate stats` writes.
    pub statistics: Option<String>,
}

impl Migrations {
    /// A folder, the two time-outs that everybody has to name, and what goes without saying.
    pub fn new(path: impl Into<String>, lock_timeout_ms: u64, statement_timeout_ms: u64) -> Self {
        Self {
            path: path.into(),
            lock_timeout_ms,
            statement_timeout_ms,
            alone_timeout_ms: 3_600_000,
            lock_attempts: 5,
            statistics: None,
        }
    }
}

/// There is no environment of that name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown environment `{wanted}`; known: {known}")]
pub struct UnknownEnvironment {
    wanted: String,
    known: String,
}

impl Deploy {
    /// Reads `text`; the error holds every mistake.
    pub fn parse(text: &str) -> Result<Self, Findings> {
        Source::new(FILE, text).read(read)
    }

    /// The environment called `name`.
    pub fn environment(&self, name: &str) -> Result<&Environment, UnknownEnvironment> {
        let known = || self.environments.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>();
        let unknown =
            || UnknownEnvironment { wanted: named(name).to_owned(), known: known().join(", ") };
        self.environments.get(name).ok_or_else(unknown)
    }

    /// The service called `name`.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Marks the secrets that every setting that asks for them may go without.
    fn mark_optional(&mut self) {
        let templates = || self.services.iter().flat_map(|it| &it.settings).map(|(_, it)| it);
        let needed: BTreeSet<String> =
            templates().flat_map(Template::needed).map(ToOwned::to_owned).collect();
        let optional: BTreeSet<String> =
            templates().flat_map(Template::optional).map(ToOwned::to_owned).collect();
        for (name, source) in self.environments.values_mut().flat_map(|it| &mut it.secrets) {
            let reference = format!("secrets.{name}");
            if optional.contains(&reference) && !needed.contains(&reference) {
                *source = SecretSource::Optional(Box::new(source.clone()));
            }
        }
    }

    /// The services, each after those it needs.
    pub fn rollout_order(&self) -> Vec<&Service> {
        let mut ordered: Vec<&Service> = Vec::new();
        while let Some(next) = self.services.iter().find(|service| {
            let placed = |name: &String| ordered.iter().any(|before| before.name == *name);
            !placed(&service.name) && service.needs.iter().all(placed)
        }) {
            ordered.push(next);
        }
        ordered
    }
}

fn read(root: &Table<'_>) -> Option<Deploy> {
    let project = read_name(root, "project");
    let services = service::read_all(root);
    let migrations = read_migrations(root);
    let environments = root.table("environments").map(|table| {
        let read = |name: &str, table: &Table<'_>| environment::read(name, table);
        table.each(read).into_iter().collect::<BTreeMap<_, _>>()
    });
    let rotations = root.optional_table("rotations").map(|table| rotation::read(&table));
    let seed = root.optional_table("seed").map_or(Some(None), |it| seed::read(&it).map(Some));
    let scan = scan::read(root);
    let signing = root.optional_table("signing").map(|table| signing::read(&table));
    let mut deploy = Deploy {
        project: project?,
        services: services?,
        migrations: migrations?,
        seed: seed?,
        environments: environments?,
        rotations: rotations.unwrap_or_default(),
        scan,
        signing: signing.unwrap_or_default(),
    };
    check_across(root, &deploy);
    deploy.mark_optional();
    Some(deploy)
}

fn read_migrations(root: &Table<'_>) -> Option<Migrations> {
    let table = root.table("migrations")?;
    let path = read_path(&table, "path");
    let lock_timeout_ms = table.number("lock_timeout_ms", 1..=600_000);
    let statement_timeout_ms = table.number("statement_timeout_ms", 1..=86_400_000);
    let alone_timeout_ms = table.optional_number("alone_timeout_ms", 1..=86_400_000);
    let lock_attempts = table.optional_number("lock_attempts", 1..=100);
    let statistics =
        table.optional_text("statistics").and_then(|_| read_path(&table, "statistics"));
    table.refuse_unknown();
    let said = Migrations::new(path?, lock_timeout_ms?, statement_timeout_ms?);
    Some(Migrations {
        alone_timeout_ms: alone_timeout_ms.unwrap_or(said.alone_timeout_ms),
        lock_attempts: lock_attempts.unwrap_or(said.lock_attempts),
        statistics,
        ..said
    })
}

/// A name that fits a DNS label, because containers are found by it.
fn read_name(table: &Table<'_>, key: &str) -> Option<String> {
    let name = table.text(key)?;
    if !is_name(&name) {
        table.refuse(key, format!("`{name}` is not a name: {WANTED_NAME}"));
        return None;
    }
    Some(name)
}

/// What [`is_name`] asks for.
const WANTED_NAME: &str =
    "wanted at most 40 lowercase letters, digits and `-`, a letter first and no `-` last";

fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    starts && name.len() <= 40 && !name.ends_with('-') && name.bytes().all(legal)
}

/// A path inside the repository: relative, and never up.
fn read_path(table: &Table<'_>, key: &str) -> Option<String> {
    let path = table.text(key)?;
    let escapes = path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if escapes {
        table.refuse(
            key,
            format!("`{path}` leaves the repository or is not plain: no `..`, no `/` at its start"),
        );
        return None;
    }
    Some(path)
}

/// The file of a definition. Images are built and pushed by its name alone.
fn read_image(table: &Table<'_>) -> Option<String> {
    let path = read_path(table, "image")?;
    let name = path.strip_prefix("images/").and_then(|file| file.strip_suffix(".toml"));
    let Some(name) = name.filter(|name| !name.contains('/')) else {
        let message = format!("`{path}` is not a definition; wanted `images/NAME.toml`");
        table.refuse("image", message);
        return None;
    };
    if let Some(why) = definition::name_flaw(name) {
        table.refuse("image", format!("`{name}` {why}; choose another name for the file"));
        return None;
    }
    Some(path)
}

/// What can only be judged with the whole file in hand.
fn check_across(root: &Table<'_>, deploy: &Deploy) {
    check_needs(root, deploy);
    check_reported(root, deploy);
    check_probed(root, deploy);
    check_inner_ports(root, deploy);
    check_lengths(root, deploy);
    setting::check_across(root, deploy);
    rotation::check(root, deploy);
    seed::check(root, deploy);
    for (name, environment) in &deploy.environments {
        environment::check(root, deploy, name, environment);
    }
}

/// A container is found by its name, which is one label of DNS: the project, the service, the release
/// with what a tree adds to it, and a digest of settings.
fn check_lengths(root: &Table<'_>, deploy: &Deploy) {
    const LABEL: usize = 63;
    let rest = "--123456789012-12345678-123456".len();
    let Some(services) = root.optional_table("services") else { return };
    for service in &deploy.services {
        let length = deploy.project.len() + service.name.len();
        if length + rest > LABEL {
            let most = LABEL - rest;
            services.refuse(
                &service.name,
                format!(
                    "the name and that of the project have {length} letters; at most {most} fit"
                ),
            );
        }
    }
}

/// Inside the proxy each internal service listens on its own port, beside the proxy's two.
fn check_inner_ports(root: &Table<'_>, deploy: &Deploy) {
    let mut taken = vec![crate::ship::proxy::PUBLIC_PORT, crate::ship::proxy::ADMIN_PORT];
    let Some(services) = root.optional_table("services") else { return };
    for service in deploy.services.iter().filter(|it| it.access == Access::Internal) {
        if taken.contains(&service.port)
            && let Some(table) = services.optional_table(&service.name)
        {
            table.refuse(
                "port",
                format!("port {} is taken inside the proxy; choose another", service.port),
            );
        }
        taken.push(service.port);
    }
}

/// Only what is reached from outside can tell of others, and nobody tells of itself.
fn check_reported(root: &Table<'_>, deploy: &Deploy) {
    let Some(services) = root.optional_table("services") else { return };
    for service in &deploy.services {
        let Some(reported) = &service.health.reported else { continue };
        let table = services.optional_table(&service.name);
        let Some(table) = table.and_then(|it| it.optional_table("health")) else { continue };
        let by = &reported.by;
        if service.access == Access::Public {
            table.refuse("reported", "it is public and is asked itself");
        } else if !is_faulty(&services, deploy, by)
            && !deploy.service(by).is_some_and(|it| it.access == Access::Public)
        {
            table.refuse("reported", format!("`{by}` is no public service"));
        }
    }
}

/// A probe asks from outside.
fn check_probed(root: &Table<'_>, deploy: &Deploy) {
    let Some(services) = root.optional_table("services") else { return };
    let internal = deploy.services.iter().filter(|it| it.access == Access::Internal);
    for service in internal.filter(|it| it.probe != Probe::default()) {
        if let Some(table) = services.optional_table(&service.name) {
            table.refuse("probe", "it is internal; a probe asks from outside");
        }
    }
}

/// Whether a service is described, and so wrongly that its own mistakes were told already.
fn is_faulty(services: &Table<'_>, deploy: &Deploy, name: &str) -> bool {
    deploy.service(name).is_none() && services.optional_table(name).is_some()
}

fn check_needs(root: &Table<'_>, deploy: &Deploy) {
    let Some(services) = root.optional_table("services") else {
        return;
    };
    for service in &deploy.services {
        let Some(table) = services.optional_table(&service.name) else {
            continue;
        };
        let absent: Vec<&String> =
            service.needs.iter().filter(|need| deploy.service(need).is_none()).collect();
        for need in absent.iter().filter(|need| !is_faulty(&services, deploy, need)) {
            let known: Vec<&str> = deploy.services.iter().map(|it| it.name.as_str()).collect();
            table.refuse("needs", format!("unknown service `{need}`; known: {}", known.join(", ")));
        }
        if absent.is_empty()
            && !deploy.rollout_order().iter().any(|placed| placed.name == service.name)
        {
            table.refuse("needs", "goes round in a circle, or needs what does");
        }
    }
}
