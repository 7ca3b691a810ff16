//! The smoke test: the new containers of a release meet each other before anybody is sent to them.
//!
//! A new container reaches other services by the proxy, as it will later. For its address alone the
//! proxy leads to the new ones; everybody else is served as before. A new one meets an old one that
//! stays as well. An old one is never sent to a new one here: people ask it meanwhile.

use super::{DockerTarget, routes};
use crate::edge::{clock, http, tested};
use crate::error::{Failure, Result, code};
use std::collections::BTreeMap;
use std::time::Duration;
use xtask_core::deploy::{Access, Reported, Service};
use xtask_core::ship::ledger::Versions;

const EVERY: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Asks each new container that tells of another service whether it meets that one as it will be:
/// `versions` says what each answers as then. Gives what was tested.
pub(super) fn test(
    target: &DockerTarget<'_>,
    versions: &Versions,
    serving: &BTreeMap<String, String>,
    candidates: &BTreeMap<String, String>,
) -> Result<Vec<String>> {
    let services = target.world.deploy.services.iter();
    let pairs: Vec<(&Service, &Reported, &String)> = services
        .filter_map(|it| Some((it, it.health.reported.as_ref()?, versions.get(&it.name)?)))
        .filter(|(_, reported, _)| candidates.contains_key(&reported.by))
        .collect();
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let addresses = addresses(target, candidates)?;
    routes::preview(target, serving, &previews(target, candidates), &addresses)?;
    tested::kill_at("in-smoke");
    let mut passed = Vec::new();
    for (service, reported, version) in pairs {
        meets(target, &candidates[&reported.by], service, reported, version)?;
        passed.push(format!("`{}` works with `{}`", reported.by, service.name));
    }
    Ok(passed)
}

/// Where the internal services come up, by name: container and port.
fn previews(
    target: &DockerTarget<'_>,
    candidates: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let internal = target.world.deploy.services.iter().filter(|it| it.access == Access::Internal);
    let place = |it: &Service| {
        let container = candidates.get(&it.name)?;
        Some((it.name.clone(), format!("{container}:{}", it.port)))
    };
    internal.filter_map(place).collect()
}

fn addresses(
    target: &DockerTarget<'_>,
    candidates: &BTreeMap<String, String>,
) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for container in candidates.values() {
        all.extend(target.docker().address(container)?);
    }
    Ok(all)
}

/// Waits until the container called `by` tells that the service answers it as `release`.
fn meets(
    target: &DockerTarget<'_>,
    by: &str,
    service: &Service,
    reported: &Reported,
    release: &str,
) -> Result<()> {
    let path = &target.world.service(&reported.by)?.health.status;
    let mut last = "it was never asked".to_owned();
    let met = clock::wait_for(LIMIT, EVERY, || {
        if let Err(ended) = target.world.cancel.check() {
            return Ok(Err(ended));
        }
        match told(target, by, path, &reported.at) {
            Ok(Some(told)) if told == release => Ok(Ok(())),
            Ok(told) => {
                last = format!("`{path}` tells of {}", told.as_deref().unwrap_or("nothing"));
                Err(())
            }
            Err(failure) => Ok(Err(failure)),
        }
    });
    met.unwrap_or_else(|()| {
        let (tester, name) = (&reported.by, &service.name);
        Err(Failure::outside(format!("failed to test the new `{tester}` with the new `{name}`"))
            .code(&code::ROLLOUT_NOT_READY)
            .reason(format!("wanted release `{release}`; {last}"))
            .hint(format!("fix how `{tester}` reaches `{name}`, then ship again")))
    })
}

fn told(
    target: &DockerTarget<'_>,
    container: &str,
    path: &str,
    pointer: &str,
) -> Result<Option<String>> {
    let found = target.docker().container(container)?;
    let Some(port) = found.and_then(|it| it.port) else { return Ok(None) };
    let answer = http::get(&format!("http://127.0.0.1:{port}{path}"), ANSWER_LIMIT);
    Ok(answer.ok().and_then(|answer| answer.text_at(pointer)))
}
