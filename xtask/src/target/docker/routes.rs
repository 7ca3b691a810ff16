//! Which port of the proxy leads to which container.

use super::DockerTarget;
use crate::error::Result;
use std::collections::BTreeMap;
use xtask_core::deploy::{Access, Service};
use xtask_core::ship::proxy::{self, PUBLIC_PORT, Preview, Route};

/// The port inside the proxy's container on which `service` is asked for.
pub(super) fn proxy_port(service: &Service) -> u16 {
    match service.access {
        Access::Public => PUBLIC_PORT,
        Access::Internal => service.port,
    }
}

/// The proxy's routes, `upstream_of` telling where each service's requests go. A container that
/// stays keeps the port it was started with, whatever `deploy.toml` says by now.
pub(super) fn routes(
    target: &DockerTarget<'_>,
    upstream_of: impl Fn(&str) -> Option<String>,
) -> Vec<Route> {
    let route = |service: &Service| Route {
        service: service.name.clone(),
        listen: proxy_port(service),
        upstream: upstream_of(&service.name),
        preview: None,
    };
    target.world.deploy.services.iter().map(route).collect()
}

/// Sends each service's requests to its container and port in `serving`.
pub(super) fn send_to(target: &DockerTarget<'_>, serving: &BTreeMap<String, String>) -> Result<()> {
    let routes = routes(target, |service| serving.get(service).cloned());
    target.proxy().load(&proxy::config(&routes))
}

/// The same, and the containers at `addresses` reach the internal services at `previews`.
pub(super) fn preview(
    target: &DockerTarget<'_>,
    serving: &BTreeMap<String, String>,
    previews: &BTreeMap<String, String>,
    addresses: &[String],
) -> Result<()> {
    let mut routes = routes(target, |service| serving.get(service).cloned());
    for route in &mut routes {
        route.preview = previews
            .get(&route.service)
            .map(|upstream| Preview { of: addresses.to_vec(), upstream: upstream.clone() });
    }
    target.proxy().load(&proxy::config(&routes))
}
