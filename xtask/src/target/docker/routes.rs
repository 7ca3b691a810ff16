//! Which port of the proxy leads to which container.

use super::DockerTarget;
use crate::error::Result;
use std::collections::BTreeMap;
use xtask_core::deploy::{Access, Service};
use xtask_core::ship::proxy::{self, ADMIN, Listener, PUBLIC_PORT, Preview, ROUTES, Routes};

/// The port inside the proxy's container on which `service` is asked for.
pub(super) fn proxy_port(service: &Service) -> u16 {
    match service.access {
        Access::Public => PUBLIC_PORT,
        Access::Internal => service.port,
    }
}

/// What the proxy listens on. A service that `deploy.toml` has no more, and that still serves, may
/// be asked by others until they are replaced: it keeps its own port, unless another has it now.
fn listeners(target: &DockerTarget<'_>, serving: &BTreeMap<String, String>) -> Vec<Listener> {
    let listener = |service: &Service| Listener {
        service: service.name.clone(),
        listen: format!(":{}", proxy_port(service)),
        is_public: service.access == Access::Public,
    };
    let mut listeners: Vec<Listener> = target.world.deploy.services.iter().map(listener).collect();
    let strangers = serving.iter().filter(|(it, _)| target.world.deploy.service(it).is_none());
    for (service, upstream) in strangers {
        let listen = upstream.rsplit_once(':').map(|(_, port)| format!(":{port}"));
        let is_free = |listen: &String| listeners.iter().all(|it| it.listen != *listen);
        if let Some(listen) = listen.filter(is_free) {
            listeners.push(Listener { service: service.clone(), listen, is_public: false });
        }
    }
    listeners
}

/// Has the proxy listen for every service; nothing changes where it does so already.
pub(super) fn listen(target: &DockerTarget<'_>) -> Result<()> {
    let proxy = target.proxy();
    let listeners = listeners(target, &proxy.routes()?.all);
    proxy.configure(&proxy::config(&listeners, ROUTES, ADMIN))
}

/// Sends each service's requests to its container and port in `serving`. Nothing is told to a proxy
/// that does so already.
pub(super) fn send_to(target: &DockerTarget<'_>, serving: &BTreeMap<String, String>) -> Result<()> {
    follow(target, &Routes { all: serving.clone(), preview: None })
}

/// The same, and the containers at `addresses` reach the internal services at `previews`.
pub(super) fn preview(
    target: &DockerTarget<'_>,
    serving: &BTreeMap<String, String>,
    previews: &BTreeMap<String, String>,
    addresses: &[String],
) -> Result<()> {
    let preview = Preview { of: addresses.to_vec(), upstreams: previews.clone() };
    follow(target, &Routes { all: serving.clone(), preview: Some(preview) })
}

fn follow(target: &DockerTarget<'_>, routes: &Routes) -> Result<()> {
    let proxy = target.proxy();
    if proxy.routes()? == *routes { Ok(()) } else { proxy.switch(routes) }
}
