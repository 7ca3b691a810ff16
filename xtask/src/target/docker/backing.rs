//! Brings up what runs beside the services, from images of our own, and waits until it answers.

mod image;
pub mod password;
mod ready;

use super::{DATABASE_SECRET, DockerTarget, routes};
use crate::edge::docker::Kind;
use crate::edge::ports;
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use xtask_core::ship::backing::{Cluster, POSTGRES_MAJOR, Part, Role, parts};
use xtask_core::ship::instance::{self, Observed};
use xtask_core::ship::proxy;

/// Refuses, before anything else is done, what has our names and is not ours, and ports that
/// somebody else has.
pub fn preflight(target: &DockerTarget<'_>) -> Result<()> {
    let project = target.project();
    let parts = parts(target.backing);
    let mut names = vec![(Kind::Network, project.to_owned())];
    for part in &parts {
        names.push((Kind::Container, part.container(project)));
        names.extend(part.volume_names(project).into_iter().map(|name| (Kind::Volume, name)));
    }
    target.docker().refuse_foreign(&target.owner, &names)?;
    let observed = target.docker().containers(&target.owner)?;
    refuse_taken_ports(target, &parts, &observed)
}

/// Brings every part up. What runs as it is wanted is left alone.
pub fn ensure(target: &DockerTarget<'_>) -> Result<()> {
    let phase = target.world.report.phase("backing");
    let docker = target.docker();
    docker.ensure_network(&target.owner)?;
    let observed = docker.containers(&target.owner)?;
    let parts = parts(target.backing);
    refuse_taken_ports(target, &parts, &observed)?;
    let mut started = Vec::new();
    for part in &parts {
        phase.doing(part.name());
        if ensure_part(target, part, &observed, &phase)? {
            started.push(part.name());
        }
    }
    parts.iter().try_for_each(|part| ready::wait(target, part, &phase))?;
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
    parts: &[Part],
    observed: &[Observed],
) -> Result<()> {
    let runs = |part: &&Part| {
        let name = part.container(target.project());
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
    let refusal = Failure::refused(format!("cannot start `{}`: {}", target.name, taken.join("; ")))
        .code(&code::PORT_TAKEN);
    Err(refusal.hint("end that process, or choose other ports in `deploy.toml`"))
}

/// Starts `part` unless it runs as it is wanted; tells whether it was started.
fn ensure_part(
    target: &DockerTarget<'_>,
    part: &Part,
    observed: &[Observed],
    phase: &Phase<'_>,
) -> Result<bool> {
    let image = image::ensure(target, part, phase)?;
    let docker = target.docker();
    let project = target.project();
    let (start, digest) = part.start(&target.owner, &image, target.engine.grants);
    let container = part.container(project);
    let found = observed.iter().find(|it| it.container == container);
    let wanted = |it: &&Observed| it.running && it.settings == digest.to_string();
    if found.filter(wanted).is_some() && docker.is_from(&container, &image)? {
        return Ok(false);
    }
    if found.is_some_and(|it| it.running) {
        docker.run(&instance::stop(&container, 0))?;
    }
    docker.remove(&target.owner, &container)?;
    part.volume_names(project)
        .iter()
        .try_for_each(|volume| docker.ensure_volume(&target.owner, volume))?;
    if part.role == Role::Postgres {
        initialise(target, part, &image)?;
    }
    docker
        .run(&start)
        .map_err(|failure| failure.during(format!("failed to start {}", part.name())))?;
    Ok(true)
}

/// Makes the database cluster, once. The server is only ever started on a cluster that is marked
/// as whole; a volume is made anew only where an `initdb` of ours began in it and was cut off.
fn initialise(target: &DockerTarget<'_>, part: &Part, image: &str) -> Result<()> {
    let docker = target.docker();
    match examine(target, part, image)? {
        Cluster::Whole(version) if version == POSTGRES_MAJOR => return Ok(()),
        Cluster::Whole(version) => return Err(other_version(part, target.project(), &version)),
        Cluster::Foreign(found) => return Err(foreign(part, target.project(), &found)),
        Cluster::Empty => {}
        Cluster::CutOff => {
            for volume in part.volume_names(target.project()) {
                docker.remove_volume(&target.owner, &volume)?;
                docker.ensure_volume(&target.owner, &volume)?;
            }
        }
    }
    let command = part.initialise(&target.owner, image, target.engine.grants);
    let run = docker.run(&command.input(target.secrets[DATABASE_SECRET].clone()));
    run.map(drop).map_err(|failure| failure.during("failed to make the database cluster"))
}

/// What the volume of the database holds.
fn examine(target: &DockerTarget<'_>, part: &Part, image: &str) -> Result<Cluster> {
    let output = target.docker().run(&part.examine(&target.owner, image, target.engine.grants))?;
    Cluster::parse(&output)
        .ok_or_else(|| Failure::outside(format!("failed to examine the database: `{output}`")))
}

fn foreign(part: &Part, project: &str, found: &str) -> Failure {
    let volume = part.volume_names(project).join("`, `");
    Failure::refused(format!(
        "cannot use volume `{volume}`: it holds no database that `up` has made"
    ))
    .code(&code::DATABASE_FOREIGN)
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
    .code(&code::DATABASE_VERSION)
    .hint("name an image of that version in `deploy.toml`, or dump it there and restore it here")
}

/// Gives the proxy its routes, without changing what serves. It remembers its routes over a
/// restart; one that leads to a container that is gone leads nowhere, and is taken away.
fn ensure_routes(target: &DockerTarget<'_>) -> Result<()> {
    let proxy = target.proxy();
    let config = proxy.config()?;
    let observed = target.docker().containers(&target.owner)?;
    let runs = |upstream: &String| {
        let name = proxy::container_of(upstream);
        observed.iter().any(|it| it.container == name && it.running)
    };
    let upstreams = proxy::upstreams(&config);
    let kept = |service: &str| upstreams.get(service).filter(|it| runs(it)).cloned();
    let wanted = proxy::config(&routes::routes(target, kept));
    if config == wanted { Ok(()) } else { proxy.load(&wanted) }
}
