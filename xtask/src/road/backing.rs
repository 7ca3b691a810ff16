//! Brings up what runs beside the services, from images of our own, and waits until it answers.

mod image;
mod ready;

use super::site::Site;
use crate::edge::ports;
use crate::error::{Failure, Result};
use crate::report::Phase;
use xtask_core::backing::{CUT, Part, WHOLE, parts};
use xtask_core::instance::{self, Observed};
use xtask_core::proxy;

/// Refuses, before anything else is done, ports that somebody else has.
pub fn preflight(site: &Site<'_>) -> Result<()> {
    let observed = site.docker().containers(site.project())?;
    refuse_taken_ports(site, &parts(site.backing), &observed)
}

/// Brings every part up. What runs as it is wanted is left alone.
pub fn ensure(site: &Site<'_>) -> Result<()> {
    let phase = site.world.report.phase("backing");
    let docker = site.docker();
    docker.ensure_network(site.project())?;
    let observed = docker.containers(site.project())?;
    let parts = parts(site.backing);
    refuse_taken_ports(site, &parts, &observed)?;
    let mut started = Vec::new();
    for part in &parts {
        phase.doing(part.name);
        if ensure_part(site, part, &observed, &phase)? {
            started.push(part.name);
        }
    }
    parts.iter().try_for_each(|part| ready::wait(site, part, &phase))?;
    ready::ensure_database(site)?;
    ensure_routes(site)?;
    phase.done(&match started.as_slice() {
        [] => "runs already".to_owned(),
        started => format!("started {}", started.join(", ")),
    });
    Ok(())
}

/// Every port that is taken by somebody else, said at once and before anything is started.
fn refuse_taken_ports(site: &Site<'_>, parts: &[Part], observed: &[Observed]) -> Result<()> {
    let runs = |part: &&Part| {
        let name = part.container(site.project());
        observed.iter().any(|it| it.container == name && it.running)
    };
    let absent = parts.iter().filter(|part| !runs(part));
    let wanted = absent.flat_map(|part| part.ports.iter().map(|(port, _)| (part.name, *port)));
    let taken: Vec<String> = wanted
        .filter_map(|(name, port)| {
            Some(format!("port {port}, wanted for {name}, is held by {}", ports::holder(port)?))
        })
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    let refusal = Failure::refused(format!("cannot start `{}`: {}", site.name, taken.join("; ")));
    Err(refusal.hint("end that process, or choose other ports in `deploy.toml`"))
}

/// Starts `part` unless it runs as it is wanted; tells whether it was started.
fn ensure_part(
    site: &Site<'_>,
    part: &Part,
    observed: &[Observed],
    phase: &Phase<'_>,
) -> Result<bool> {
    let image = image::ensure(site, part, phase)?;
    let docker = site.docker();
    let project = site.project();
    let (start, digest) = part.start(project, &image, site.engine.grants);
    let container = part.container(project);
    let found = observed.iter().find(|it| it.container == container);
    if found.is_some_and(|it| it.running && it.settings == digest.to_string()) {
        return Ok(false);
    }
    if found.is_some_and(|it| it.running) {
        docker.run(&instance::stop(&container, 0))?;
    }
    docker.remove(&container)?;
    part.volume_names(project)
        .iter()
        .try_for_each(|volume| docker.ensure_volume(project, volume))?;
    if part.name == "postgres" {
        initialise(site, part, &image)?;
    }
    docker
        .run(&start)
        .map_err(|failure| failure.during(format!("failed to start {}", part.name)))?;
    Ok(true)
}

/// Makes the database cluster, once. The server is only ever started on a cluster that is marked
/// as whole, so a volume without the mark is the debris of an `initdb` that was cut off.
fn initialise(site: &Site<'_>, part: &Part, image: &str) -> Result<()> {
    let (docker, project) = (site.docker(), site.project());
    let grants = site.engine.grants;
    match docker.run(&part.examine(project, image, grants))?.as_str() {
        WHOLE => return Ok(()),
        CUT => {}
        other => {
            return Err(Failure::outside(format!("failed to examine the database: `{other}`")));
        }
    }
    for volume in part.volume_names(project) {
        docker.remove_volume(&volume)?;
        docker.ensure_volume(project, &volume)?;
    }
    let command = part.initialise(project, image, grants);
    let run = docker.run(&command.input(site.secrets["database"].clone()));
    run.map(drop).map_err(|failure| failure.during("failed to make the database cluster"))
}

/// Gives the proxy its routes, without changing what serves. It remembers its routes over a
/// restart; one that leads to a container that is gone leads nowhere, and is taken away.
fn ensure_routes(site: &Site<'_>) -> Result<()> {
    let proxy = site.proxy();
    let config = proxy.config()?;
    let observed = site.docker().containers(site.project())?;
    let runs = |upstream: &String| {
        let name = proxy::container_of(upstream);
        observed.iter().any(|it| it.container == name && it.running)
    };
    let upstreams = proxy::upstreams(&config);
    let kept = |service: &str| upstreams.get(service).filter(|it| runs(it)).cloned();
    let wanted = proxy::config(&site.routes(kept));
    if config == wanted { Ok(()) } else { proxy.load(&wanted) }
}
