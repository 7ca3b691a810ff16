//! What can only be judged with the whole file in hand: ports apart, references answered.

use super::{Backing, Environment, TargetKind, releases};
use crate::coolify::alias;
use crate::deploy::{Deploy, WANTED_NAME, is_name, setting};
use crate::reader::Table;

/// The longest label of DNS.
const LABEL: usize = 63;

/// Judges the environment called `name`.
pub(in crate::deploy) fn check(
    root: &Table<'_>,
    deploy: &Deploy,
    name: &str,
    environment: &Environment,
) {
    let Some(table) = root.optional_table("environments").and_then(|it| it.optional_table(name))
    else {
        return;
    };
    if let Some(backing) = &environment.backing {
        check_ports(&table, backing);
        check_doors(&table, environment, backing);
    }
    if environment.target == TargetKind::Coolify {
        check_names(&table, deploy, name);
    }
    check_references(&table, deploy, environment);
    releases::check(&table, &environment.entry, &deploy.signing);
}

/// What services ask for must have an answer here. What has none anywhere is said where it stands.
fn check_references(table: &Table<'_>, deploy: &Deploy, environment: &Environment) {
    let templates = deploy.services.iter().flat_map(|service| &service.settings);
    let mut absent: Vec<&str> = Vec::new();
    for reference in templates.flat_map(|(_, template)| template.needed()) {
        let key = match reference {
            "database.url" => "database",
            "redis.url" => "redis",
            _ => "secrets",
        };
        let is_elsewhere = !setting::is_known(deploy, reference) || absent.contains(&key);
        if is_elsewhere || is_answered(deploy, environment, reference) {
            continue;
        }
        if key != "secrets" {
            absent.push(key);
        }
        let said = format!("no answer to `${{{reference}}}`, which a service asks for");
        table.refuse(key, said);
    }
}

/// Inside the network a service is found by a name of its own, which is a label of DNS.
fn check_names(table: &Table<'_>, deploy: &Deploy, name: &str) {
    if !is_name(name) {
        let said = format!("`{name}` is not a name: {WANTED_NAME}");
        table.refuse("target", said);
    }
    for service in &deploy.services {
        let alias = alias(&deploy.project, name, &service.name);
        if alias.len() > LABEL {
            table.refuse("target", format!("`{alias}` is too long to be a name in the network"));
        }
    }
}

/// What the addresses name must be what the backing listens on, and the database has a password.
fn check_doors(table: &Table<'_>, environment: &Environment, backing: &Backing) {
    let ends_in = |address: &str, port: u16| address.ends_with(&format!(":{port}"));
    if !ends_in(&environment.url, backing.proxy.port) {
        let port = backing.proxy.port;
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
    let mut ports =
        [backing.postgres.port, backing.redis.port, backing.registry.port, backing.proxy.port];
    ports.sort_unstable();
    for pair in ports.windows(2).filter(|pair| pair[0] == pair[1]) {
        table.refuse("backing", format!("port {} is given twice", pair[0]));
    }
}

fn is_answered(deploy: &Deploy, environment: &Environment, reference: &str) -> bool {
    let parts: Vec<&str> = reference.split('.').collect();
    match parts.as_slice() {
        ["release", "version"] => true,
        ["database", "url"] => environment.backing.is_some() || environment.database.is_some(),
        ["redis", "url"] => environment.backing.is_some() || environment.redis.is_some(),
        ["services", service, "url"] => deploy.service(service).is_some(),
        ["secrets", name] => environment.secrets.contains_key(*name),
        _ => false,
    }
}
