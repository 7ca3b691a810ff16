//! Brings up what runs beside the services, from images of our own, and waits until it answers.

mod image;
pub mod password;
mod ready;

use super::{DATABASE_SECRET, DockerTarget, routes};
use crate::edge::docker::Kind;
use crate::edge::ports;
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use xtask_core::ship::backing::{
    BackingService, Cluster, POSTGRES_MAJOR, Role, backing_services, networks,
};
use xtask_core::ship::instance::{self, Observed};
use xtask_core::ship::proxy;

/// Refuses, before anything else is done, what has our names and is not ours, and ports that
/// somebody else has.
pub fn preflight(target: &DockerTarget<'_>) -> Result<()> {
    let project = target.project();
    let backing_services = backing_services(target.backing);
    let mut names: Vec<(Kind, String)> =
        networks(project).into_iter().map(|name| (Kind::Network, name)).collect();
    for service in &backing_services {
        names.push((Kind::Container, service.container(project)));
        names.extend(service.volume_names(project).into_iter().map(|name| (Kind::Volume, name)));
    }
    target.docker().refuse_foreign(&target.owner, &names)?;
    let observed = target.docker().containers(&target.owner)?;
    refuse_taken_ports(target, &backing_services, &observed)
}

/// Brings every backing service up. What runs as it is wanted is left alone.
pub fn ensure(target: &DockerTarget<'_>) -> Result<()> {
    let phase = target.world.report.phase("backing");
    let docker = target.docker();
    for network in networks(target.project()) {
        docker.ensure_network(&target.owner, &network)?;
    }
    let observed = docker.containers(&target.owner)?;
    let backing_services = backing_services(target.backing);
    refuse_taken_ports(target, &backing_services, &observed)?;
    let mut started = Vec::new();
    for service in &backing_services {
        phase.doing(service.name());
        if ensure_one(target, service, &observed, &phase)? {
            started.push(service.name());
        }
    }
    backing_services.iter().try_for_each(|service| ready::wait(target, service, &phase))?;
    ready::ensure_database(target)?;
    ensure_routes(target)?;
    phase.done(&match started.as_slice() {
        [] => "runs already".to_owned(),
        started => format!("started {}", started.join(", ")),
    });
    Ok(())
}

/// Every port that is taken by somebody else, said at once and before anything is started.
fn refuse_taken_ports(
    target: &DockerTarget<'_>,
    backing_services: &[BackingService],
    observed: &[Observed],
) -> Result<()> {
    let runs = |service: &&BackingService| {
        let name = service.container(target.project());
        observed.iter().any(|it| it.container == name && it.running)
    };
    let absent = backing_services.iter().filter(|service| !runs(service));
    let wanted =
        absent.flat_map(|service| service.ports.iter().map(|(port, _)| (service.name(), *port)));
    let taken: Vec<String> = wanted
        .filter_map(|(name, port)| {
            Some(format!("port {port}, wanted for {name}, is held by {}", ports::holder(port)?))
        })
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    let refusal = Failure::refused(format!("cannot start `{}`: {}", target.name, taken.join("; ")))
        .code(&code::PORT_TAKEN);
    Err(refusal.hint("end that process, or choose other ports in `deploy.toml`"))
}

/// Starts `service` unless it runs as it is wanted; tells whether it was started.
fn ensure_one(
    target: &DockerTarget<'_>,
    service: &BackingService,
    observed: &[Observed],
    phase: &Phase<'_>,
) -> Result<bool> {
    let image = image::ensure(target, service, phase)?;
    let docker = target.docker();
    let project = target.project();
    let (start, digest) = service.start(&target.owner, &image, target.engine.grants);
    let container = service.container(project);
    let found = observed.iter().find(|it| it.container == container);
    let wanted = |it: &&Observed| it.running && it.settings == digest.to_string();
    if found.filter(wanted).is_some() && docker.is_from(&container, &image)? {
        return Ok(false);
    }
    if found.is_some_and(|it| it.running) {
        docker.run(&instance::stop(&container, 0))?;
    }
    docker.remove(&target.owner, &container)?;
    service
        .volume_names(project)
        .iter()
        .try_for_each(|volume| docker.ensure_volume(&target.owner, volume))?;
    if service.role == Role::Postgres {
        initialise(target, service, &image)?;
    }
    docker
        .run(&start)
        .map_err(|failure| failure.during(format!("failed to start {}", service.name())))?;
    Ok(true)
}

/// Makes the database cluster, once. The server is only ever started on a cluster that is marked
/// as whole; a volume is made anew only where an `initdb` of ours began in it and was cut off.
fn initialise(target: &DockerTarget<'_>, service: &BackingService, image: &str) -> Result<()> {
    let docker = target.docker();
    match examine(target, service, image)? {
        Cluster::Whole(version) if version == POSTGRES_MAJOR => return Ok(()),
        Cluster::Whole(version) => return Err(other_version(service, target.project(), &version)),
        Cluster::Foreign(found) => return Err(foreign(service, target.project(), &found)),
        Cluster::Empty => {}
        Cluster::CutOff => {
            for volume in service.volume_names(target.project()) {
                docker.remove_volume(&target.owner, &volume)?;
                docker.ensure_volume(&target.owner, &volume)?;
            }
        }
    }
    let command = service.initialise(&target.owner, image, target.engine.grants);
    let run = docker.run(&command.input(target.secrets[DATABASE_SECRET].clone()));
    run.map(drop).map_err(|failure| failure.during("failed to make the database cluster"))
}

/// What the volume of the database holds.
fn examine(target: &DockerTarget<'_>, service: &BackingService, image: &str) -> Result<Cluster> {
    let output =
        target.docker().run(&service.examine(&target.owner, image, target.engine.grants))?;
    Cluster::parse(&output)
        .ok_or_else(|| Failure::outside(format!("failed to examine the database: `{output}`")))
}

fn foreign(service: &BackingService, project: &str, found: &str) -> Failure {
    let volume = service.volume_names(project).join("`, `");
    Failure::refused(format!(
        "cannot use volume `{volume}`: it holds no database that `up` has made"
    ))
    .code(&code::DATABASE_FOREIGN)
    .reason(format!("found there: {found}"))
    .hint(format!(
        "to keep it, copy it elsewhere; `up` makes a database where `{volume}` is empty or gone"
    ))
}

fn other_version(service: &BackingService, project: &str, version: &str) -> Failure {
    let volume = service.volume_names(project).join("`, `");
    Failure::refused(format!(
        "cannot use volume `{volume}`: Postgres {version} made it, and {POSTGRES_MAJOR} would run"
    ))
    .code(&code::DATABASE_VERSION)
    .hint("name an image of that version in `deploy.toml`, or dump it there and restore it here")
}

/// Gives the proxy what it listens on, without changing what serves. It finds its routes again after
/// a restart; one that leads to a container that is gone leads nowhere, and is taken away.
fn ensure_routes(target: &DockerTarget<'_>) -> Result<()> {
    let observed = target.docker().containers(&target.owner)?;
    let runs = |upstream: &String| {
        let name = proxy::container_of(upstream);
        observed.iter().any(|it| it.container == name && it.running)
    };
    let mut kept = target.proxy().routes()?.all;
    kept.retain(|_, upstream| runs(upstream));
    routes::send_to(target, &kept)?;
    routes::listen(target)
}
