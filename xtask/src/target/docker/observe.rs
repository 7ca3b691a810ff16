//! What runs on this machine of an environment.

use super::super::{Answers, Beside, BesideState, Logs, Serving};
use super::DockerTarget;
use crate::error::{Failure, Result, code};
use std::collections::BTreeMap;
use xtask_core::ship::backing::{BackingService, Role, backing_services};
use xtask_core::ship::instance::Observed;

/// What the proxy sends requests to. Where neither a proxy nor a service runs nothing is sent any. A
/// proxy that does not run, or cannot be asked, is an error while there are services: some serve.
pub(super) fn serving(target: &DockerTarget<'_>) -> Result<BTreeMap<String, Serving>> {
    let observed = target.docker().containers(&target.owner)?;
    if !observed.iter().any(|it| it.running && it.container == proxy_container(target)) {
        return match observed.iter().any(|it| it.running && !it.service.is_empty()) {
            true => Err(no_proxy()),
            false => Ok(BTreeMap::new()),
        };
    }
    let serving = target.proxy().routes()?.containers().into_iter();
    let found = serving.filter_map(|(service, container)| {
        let found = observed.iter().find(|it| it.container == container)?;
        Some((service, as_served(found)))
    });
    Ok(found.collect())
}

fn no_proxy() -> Failure {
    Failure::refused("cannot tell which release serves: the proxy does not run, and services do")
        .code(&code::NOT_UP)
        .hint("./x up")
}

fn as_served(found: &Observed) -> Serving {
    let port = found.port.filter(|_| found.running);
    Serving {
        release: found.release.clone(),
        since: Some(found.started_at.clone()).filter(|_| found.running),
        address: port
            .filter(|_| found.crashing.is_none())
            .map(|port| format!("http://127.0.0.1:{port}")),
        answers: match (found.crashing, found.running) {
            (Some(times), _) => Answers::Crashing(times),
            (None, true) => Answers::Untold,
            (None, false) => Answers::Stopped,
        },
        restarts: found.restarts,
    }
}

fn proxy_container(target: &DockerTarget<'_>) -> String {
    let backing_services = backing_services(target.backing);
    let proxy = backing_services
        .iter()
        .find(|service| service.role == Role::Proxy)
        .expect("it is always there");
    proxy.container(target.project())
}

/// How each backing service is.
pub(super) fn beside(target: &DockerTarget<'_>) -> Result<Vec<Beside>> {
    let observed = target.docker().containers(&target.owner)?;
    let beside = |service: BackingService| {
        let container = service.container(target.project());
        let found = observed.iter().find(|it| it.container == container);
        let state = match found {
            Some(found) if found.crashing.is_some() => BesideState::Crashing,
            Some(found) if found.running => BesideState::Running,
            Some(_) => BesideState::Stopped,
            None => BesideState::Absent,
        };
        let since = found.filter(|it| it.running).map(|it| it.started_at.clone());
        Beside { name: service.name().to_owned(), state, since }
    };
    let known = backing_services(target.backing).into_iter().map(beside);
    Ok(known.chain(strangers(target, &observed)).collect())
}

/// Containers of services that `deploy.toml` has no more: the next `up` ends them.
fn strangers(target: &DockerTarget<'_>, observed: &[Observed]) -> Vec<Beside> {
    let is_known = |it: &&Observed| target.world.deploy.service(&it.service).is_some();
    let strangers = observed.iter().filter(|it| it.running && !it.service.is_empty());
    let beside = |it: &Observed| Beside {
        name: it.service.clone(),
        state: BesideState::Unwanted,
        since: Some(it.started_at.clone()),
    };
    strangers.filter(|it| !is_known(it)).map(beside).collect()
}

/// What the container that serves wrote last, or that of a backing service of this name. Where the
/// proxy does not run nobody serves, and what a service wrote last matters all the more.
pub(super) fn logs(target: &DockerTarget<'_>, service: &str, lines: usize) -> Result<Option<Logs>> {
    let observed = target.docker().containers(&target.owner)?;
    let proxy_runs =
        observed.iter().any(|it| it.running && it.container == proxy_container(target));
    let backing = backing_services(target.backing);
    let container = match backing.iter().find(|it| it.name() == service) {
        Some(it) => Some(it.container(target.project())),
        None if proxy_runs => target.proxy().routes()?.containers().remove(service),
        None => newest(&observed, service),
    };
    let is_there = |it: &String| observed.iter().any(|found| found.container == *it);
    let Some(container) = container.filter(is_there) else { return Ok(None) };
    let text = target.docker().logs(&container, lines)?;
    Ok(Some(Logs { instance: container, text }))
}

fn newest(observed: &[Observed], service: &str) -> Option<String> {
    let of_service = observed.iter().filter(|it| it.service == service);
    of_service.max_by_key(|it| (it.running, it.started_at.clone())).map(|it| it.container.clone())
}
