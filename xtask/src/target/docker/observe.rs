//! What runs on this machine of an environment.

use super::super::{Answers, Beside, BesideState, Logs, Serving};
use super::DockerTarget;
use crate::error::Result;
use std::collections::BTreeMap;
use xtask_core::ship::backing::{BackingService, Role, backing_services};
use xtask_core::ship::instance::Observed;

/// What the proxy sends requests to. Where no proxy runs nothing is sent any; a proxy that runs
/// and cannot be asked is an error.
pub(super) fn serving(target: &DockerTarget<'_>) -> Result<BTreeMap<String, Serving>> {
    let observed = target.docker().containers(&target.owner)?;
    if !observed.iter().any(|it| it.running && it.container == proxy_container(target)) {
        return Ok(BTreeMap::new());
    }
    let serving = target.proxy().routes()?.containers().into_iter();
    let found = serving.filter_map(|(service, container)| {
        let found = observed.iter().find(|it| it.container == container)?;
        Some((service, as_served(found)))
    });
    Ok(found.collect())
}

fn as_served(found: &Observed) -> Serving {
    let port = found.port.filter(|_| found.running);
    Serving {
        release: found.release.clone(),
        since: Some(found.started_at.clone()).filter(|_| found.running),
        address: port.map(|port| format!("http://127.0.0.1:{port}")),
        answers: if found.running { Answers::Untold } else { Answers::Stopped },
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
            Some(found) if found.running => BesideState::Running,
            Some(_) => BesideState::Stopped,
            None => BesideState::Absent,
        };
        let since = found.filter(|it| it.running).map(|it| it.started_at.clone());
        Beside { name: service.name().to_owned(), state, since }
    };
    Ok(backing_services(target.backing).into_iter().map(beside).collect())
}

/// What the container that serves wrote last.
pub(super) fn logs(target: &DockerTarget<'_>, service: &str, lines: usize) -> Result<Option<Logs>> {
    let serving = target.proxy().routes()?.containers();
    let Some(container) = serving.get(service) else { return Ok(None) };
    let text = target.docker().logs(container, lines)?;
    Ok(Some(Logs { instance: container.clone(), text }))
}
