//! Brings up what runs beside the services, from images of our own, and waits until it answers.

mod image;
pub mod password;
mod ready;

use super::site::Site;
use crate::edge::docker::Kind;
use crate::edge::ports;
use crate::error::{Failure, Result};
use crate::report::Phase;
use xtask_core::backing::{Cluster, POSTGRES_MAJOR, Part, Role, parts};
use xtask_core::instance::{self, Observed};
use xtask_core::proxy;

/// Refuses, before anything else is done, what has our names and is not ours, and ports that
/// somebody else has.
pub fn preflight(site: &Site<'_>) -> Result<()> {
    let project = site.project();
    let parts = parts(site.backing);
    let mut names = vec![(Kind::Network, project.to_owned())];
    for part in &parts {
        names.push((Kind::Container, part.container(project)));
        names.extend(part.volume_names(project).into_iter().map(|name| (Kind::Volume, name)));
    }
    site.docker().refuse_foreign(&site.owner, &names)?;
    let observed = site.docker().containers(&site.owner)?;
    refuse_taken_ports(site, &parts, &observed)
}

/// Brings every part up. What runs as it is wanted is left alone.
pub fn ensure(site: &Site<'_>) -> Result<()> {
    let phase = site.world.report.phase("backing");
    let docker = site.docker();
    docker.ensure_network(&site.owner)?;
    let observed = docker.containers(&site.owner)?;
    let parts = parts(site.backing);
    refuse_taken_ports(site, &parts, &observed)?;
    let mut started = Vec::new();
    for part in &parts {
        phase.doing(part.name());
        if ensure_part(site, part, &observed, &phase)? {
            started.push(part.name());
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
    let wanted = absent.flat_map(|part| part.ports.iter().map(|(port, _)| (part.name(), *port)));
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
    let (start, digest) = part.start(&site.owner, &image, site.engine.grants);
    let container = part.container(project);
    let found = observed.iter().find(|it| it.container == container);
    let wanted = |it: &&Observed| it.running && it.settings == digest.to_string();
    if found.filter(wanted).is_some() && docker.is_from(&container, &image)? {
        return Ok(false);
    }
    if found.is_some_and(|it| it.running) {
        docker.run(&instance::stop(&container, 0))?;
    }
    docker.remove(&site.owner, &container)?;
    part.volume_names(project)
        .iter()
        .try_for_each(|volume| docker.ensure_volume(&site.owner, volume))?;
    if part.role == Role::Postgres {
        initialise(site, part, &image)?;
    }
    docker
        .run(&start)
        .map_err(|failure| failure.during(format!("failed to start {}", part.name())))?;
    Ok(true)
}

/// Makes the database cluster, once. The server is only ever started on a cluster that is marked
/// as whole; a volume is made anew only where an `initdb` of ours began in it and was cut off.
fn initialise(site: &Site<'_>, part: &Part, image: &str) -> Result<()> {
    let docker = site.docker();
    match examine(site, part, image)? {
        Cluster::Whole(version) if version == POSTGRES_MAJOR => return Ok(()),
        Cluster::Whole(version) => return Err(other_version(part, site.project(), &version)),
        Cluster::Foreign(found) => return Err(foreign(part, site.project(), &found)),
        Cluster::Empty => {}
        Cluster::CutOff => {
            for volume in part.volume_names(site.project()) {
                docker.remove_volume(&site.owner, &volume)?;
                docker.ensure_volume(&site.owner, &volume)?;
            }
        }
    }
    let command = part.initialise(&site.owner, image, site.engine.grants);
    let run = docker.run(&command.input(site.secrets["database"].clone()));
    run.map(drop).map_err(|failure| failure.during("failed to make the database cluster"))
}

/// What the volume of the database holds.
fn examine(site: &Site<'_>, part: &Part, image: &str) -> Result<Cluster> {
    let said = site.docker().run(&part.examine(&site.owner, image, site.engine.grants))?;
    Cluster::parse(&said)
        .ok_or_else(|| Failure::outside(format!("failed to examine the database: `{said}`")))
}

fn foreign(part: &Part, project: &str, found: &str) -> Failure {
    let volume = part.volume_names(project).join("`, `");
    Failure::refused(format!(
        "cannot use volume `{volume}`: it holds no database that `up` has made"
    ))
    .reason(format!("found there: {found}"))
    .hint(format!(
        "to keep it, copy it elsewhere; `up` makes a database where `{volume}` is empty or gone"
    ))
}

fn other_version(part: &Part, project: &str, version: &str) -> Failure {
    let volume = part.volume_names(project).join("`, `");
    Failure::refused(format!(
        "cannot use volume `{volume}`: Postgres {version} made it, and {POSTGRES_MAJOR} would run"
    ))
    .hint("name an image of that version in `deploy.toml`, or dump it there and restore it here")
}

/// Gives the proxy its routes, without changing what serves. It remembers its routes over a
/// restart; one that leads to a container that is gone leads nowhere, and is taken away.
fn ensure_routes(site: &Site<'_>) -> Result<()> {
    let proxy = site.proxy();
    let config = proxy.config()?;
    let observed = site.docker().containers(&site.owner)?;
    let runs = |upstream: &String| {
        let name = proxy::container_of(upstream);
        observed.iter().any(|it| it.container == name && it.running)
    };
    let upstreams = proxy::upstreams(&config);
    let kept = |service: &str| upstreams.get(service).filter(|it| runs(it)).cloned();
    let wanted = proxy::config(&site.routes(kept));
    if config == wanted { Ok(()) } else { proxy.load(&wanted) }
}
