//! From the labels of containers to routes, as Traefik's provider for Docker makes them.

use crate::coolify::update::{Container, Health};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What the proxy knows at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// The most special first.
    routes: Vec<Route>,
    services: BTreeMap<String, BTreeSet<SocketAddr>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    /// Those for `https` are asked first: one port stands for both entry points.
    entry: Entry,
    /// The longest rule wins.
    length: usize,
    hosts: Vec<String>,
    prefix: String,
    service: String,
    strip: Option<String>,
    to_https: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Https,
    Http,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It goes to one of these.
    Service { name: String, servers: Vec<SocketAddr>, strip: Option<String>, scheme: &'static str },
    /// The client is sent to `https`.
    ToHttps,
    /// No route has that host and path.
    Nothing,
}

/// The labels of one container about routers, services and middlewares, by name and then key.
type Named<'a> = BTreeMap<&'a str, BTreeMap<String, &'a str>>;

impl Table {
    /// Containers that Traefik sees: enabled, running, and healthy where they have a check.
    pub(super) fn of(containers: &[Container]) -> Self {
        let seen: Vec<_> = containers.iter().filter(|it| is_seen(it)).collect();
        let mut services: BTreeMap<String, BTreeSet<SocketAddr>> = BTreeMap::new();
        for container in &seen {
            for (name, server) in servers(container) {
                services.entry(name).or_default().extend(server);
            }
        }
        let mut routes = agreed(&seen);
        routes.sort_by_key(|route| (route.entry, std::cmp::Reverse(route.length)));
        Self { routes, services }
    }

    pub(super) fn find(&self, host: &str, path: &str) -> Found {
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        let fits = |it: &&Route| it.hosts.contains(&host) && path.starts_with(&it.prefix);
        let Some(route) = self.routes.iter().find(fits) else { return Found::Nothing };
        if route.to_https {
            return Found::ToHttps;
        }
        let servers = self.services.get(&route.service).into_iter().flatten().copied().collect();
        Found::Service {
            name: route.service.clone(),
            servers,
            strip: route.strip.clone(),
            scheme: if route.entry == Entry::Https { "https" } else { "http" },
        }
    }
}

fn is_seen(container: &Container) -> bool {
    let enabled = container.labels.get("traefik.enable").is_some_and(|it| it == "true");
    let healthy = container.health.is_none_or(|it| it == Health::Healthy);
    enabled && healthy && container.state == "running"
}

/// The labels below a prefix; names are compared as Traefik does, without regard to case.
fn named<'a>(container: &'a Container, kind: &str) -> Named<'a> {
    let prefix = format!("traefik.http.{kind}.");
    let mut of: Named<'a> = BTreeMap::new();
    for (key, value) in &container.labels {
        let rest = key.get(prefix.len()..).filter(|_| key.starts_with(&prefix));
        if let Some((name, key)) = rest.and_then(|rest| rest.split_once('.')) {
            of.entry(name).or_default().insert(key.to_ascii_lowercase(), value);
        }
    }
    of
}

fn servers(container: &Container) -> Vec<(String, Option<SocketAddr>)> {
    let port = |keys: &BTreeMap<String, &str>| keys.get("loadbalancer.server.port")?.parse().ok();
    let server = |port: u16| {
        let at = container.address.map(|address| SocketAddr::new(address, port));
        container.served.or(at)
    };
    let services = named(container, "services").into_iter();
    services.map(|(name, keys)| (name.to_owned(), port(&keys).and_then(server))).collect()
}

/// The routers on which all containers agree. One that two containers define differently, as
/// after a change of the domain, is dropped as long as both run.
fn agreed(containers: &[&Container]) -> Vec<Route> {
    let mut routes: BTreeMap<String, Option<Route>> = BTreeMap::new();
    for container in containers {
        for (name, route) in routers(container) {
            let known = routes.entry(name).or_insert_with(|| Some(route.clone()));
            if known.as_ref() != Some(&route) {
                *known = None;
            }
        }
    }
    routes.into_values().flatten().collect()
}

fn routers(container: &Container) -> Vec<(String, Route)> {
    let middlewares = named(container, "middlewares");
    let routers = named(container, "routers").into_iter();
    let made = routers.filter_map(|(name, keys)| {
        let rule = keys.get("rule")?;
        let (hosts, prefix) = read_rule(rule)?;
        let used = || keys.get("middlewares").into_iter().flat_map(|it| it.split(','));
        let setting = |key: &str| {
            let of = |name: &str| middlewares.get(name).and_then(|keys| keys.get(key).copied());
            used().find_map(|name| of(name.trim()))
        };
        let entries = keys.get("entrypoints").copied().unwrap_or_default();
        let route = Route {
            entry: if entries == "https" { Entry::Https } else { Entry::Http },
            length: rule.len(),
            hosts,
            prefix,
            service: keys.get("service").copied().unwrap_or(name).to_owned(),
            strip: setting("stripprefix.prefixes").map(str::to_owned),
            to_https: setting("redirectscheme.scheme") == Some("https"),
        };
        Some((name.to_owned(), route))
    });
    made.collect()
}

/// ``Host(`a`) && PathPrefix(`/b`)``; a rule with anything else in it is not for us.
fn read_rule(rule: &str) -> Option<(Vec<String>, String)> {
    let (mut hosts, mut prefix) = (Vec::new(), "/".to_owned());
    for part in rule.split("&&") {
        let (matcher, arguments) = part.trim().strip_suffix(')')?.split_once('(')?;
        let mut arguments = arguments.split(',').map(|it| it.trim().trim_matches('`').to_owned());
        match matcher {
            "Host" => hosts = arguments.map(|it| it.to_ascii_lowercase()).collect(),
            "PathPrefix" => prefix = arguments.next_back()?,
            _ => return None,
        }
    }
    Some((hosts, prefix))
}

#[cfg(test)]
mod tests;
