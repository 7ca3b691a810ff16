//! `down`: stops what `up` started; with `--erase` nothing of it is left.

use crate::edge::docker::{self, Docker};
use crate::edge::files;
use crate::edge::holder::{self, Holder};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Down;
use crate::world::World;
use serde_json::json;
use xtask_core::instance;
use xtask_core::plan::Count;

const ENVIRONMENT: &str = "local";

pub(super) fn run(flags: &Down, world: &World<'_>) -> Result<Exit> {
    world.docker_environment(ENVIRONMENT)?;
    let _lease = Holder::take(&world.state(ENVIRONMENT), "down", &holder::who())?;
    if !docker::answers(&world.shell)? {
        return nothing_runs(flags, world);
    }
    let docker = Docker::new(&world.shell);
    let removed = remove_containers(world, &docker)?;
    let mut said = format!("removed {}", Count(removed, "container"));
    if flags.erase {
        said.push_str(&erase(world, &docker)?);
        forget(world)?;
    }
    let note = if flags.erase {
        "downloads stay in the cache"
    } else {
        "data stays; `./x up` starts it again"
    };
    let value = json!({ "containers": removed, "erased": flags.erase });
    world.report.data(&value, &format!("{said}; {note}"));
    Ok(Exit::Done)
}

/// Without an engine nothing runs, so there is nothing to stop; what it keeps cannot be erased.
fn nothing_runs(flags: &Down, world: &World<'_>) -> Result<Exit> {
    if flags.erase {
        return Err(Failure::refused("cannot erase anything: no Docker engine answers")
            .hint("start the engine first: it holds the volumes and the images"));
    }
    let value = json!({ "containers": 0, "erased": false });
    world.report.data(&value, "no Docker engine answers: nothing runs");
    Ok(Exit::Done)
}

/// Services first, so that they can say goodbye to what they use.
fn remove_containers(world: &World<'_>, docker: &Docker<'_>) -> Result<usize> {
    let phase = world.report.phase("stop");
    let mut containers = docker.containers(&world.deploy.project)?;
    containers.sort_by_key(|it| it.service.is_empty());
    for found in &containers {
        phase.doing(&found.container);
        let seconds = world.deploy.service(&found.service).map_or(0, |it| it.drain_seconds);
        docker.run(&instance::stop(&found.container, seconds))?;
        docker.remove(&found.container)?;
    }
    phase.done(&Count(containers.len(), "container").to_string());
    Ok(containers.len())
}

/// Removes the state, all but the lease: another run may be waiting for that very file.
fn forget(world: &World<'_>) -> Result<()> {
    let folder = world.state(ENVIRONMENT);
    let names = files::names(&folder)?.into_iter().filter(|name| name != holder::FILE);
    names.into_iter().try_for_each(|name| files::remove_file(&folder.join(name)))
}

fn erase(world: &World<'_>, docker: &Docker<'_>) -> Result<String> {
    let phase = world.report.phase("erase");
    let project = &world.deploy.project;
    let volumes = docker.remove_volumes(project)?;
    docker.remove_network(project)?;
    let (environment, _) = world.docker_environment(ENVIRONMENT)?;
    let pulled = docker.images(&format!("{}/", environment.registry))?;
    let loaded = docker.images(&format!("{project}/"))?;
    let images = [pulled, loaded].concat();
    images.iter().try_for_each(|name| docker.remove_image(name))?;
    let said = format!(
        ", {} with their data, {}",
        Count(volumes.len(), "volume"),
        Count(images.len(), "image")
    );
    phase.done("volumes, network, images");
    Ok(said)
}
