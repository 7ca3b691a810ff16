//! `down`: stops what `up` started; with `--erase` nothing of it is left.

use crate::edge::docker::{self, Docker, Found, Kind};
use crate::edge::lease::{self, Lease as OfMachine};
use crate::edge::{confirm, files, secrets};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Down;
use crate::image::stored_image;
use crate::report::table;
use crate::ship::lease::Lease;
use crate::ship::site::{Seen, Site};
use crate::target::docker as docker_target;
use crate::world::{World, definition_name};
use serde_json::json;
use std::collections::BTreeSet;
use xtask_core::plan::Count;
use xtask_core::ship::backing::{backing_services, networks};
use xtask_core::ship::instance;
use xtask_core::ship::owner::Owner;

const ENVIRONMENT: &str = "local";

/// What `--erase` destroys beside containers.
struct Erasure {
    volumes: Vec<Found>,
    networks: Vec<Found>,
    images: Vec<String>,
    /// Images with names of ours that nothing proves to be ours.
    strangers: Vec<String>,
}

pub(super) fn run(flags: &Down, world: &World<'_>) -> Result<Exit> {
    docker_target::backing_of(world, ENVIRONMENT)?;
    let machine = OfMachine::take(&world.state(ENVIRONMENT), "down", &lease::who())?;
    if !docker::answers(&world.shell)? {
        return nothing_runs(flags, world);
    }
    let docker = Docker::new(&world.shell);
    let owner = world.owner(ENVIRONMENT);
    let erasure = if flags.erase { Some(gather(world, &docker, &owner)?) } else { None };
    if let Some(erasure) = &erasure {
        show(erasure, world, &docker)?;
        ask(flags, world)?;
    }
    refuse_while_others_change(world, &machine)?;
    let removed = remove_containers(world, &docker, &owner)?;
    let mut message = format!("removed {}", Count(removed, "container"));
    if let Some(erasure) = &erasure {
        message.push_str(&erase(erasure, world, &docker, &owner)?);
        forget(world)?;
    }
    let note = if flags.erase {
        "downloads stay in the cache"
    } else {
        "data stays; `./x up` starts it again"
    };
    let value = json!({ "containers": removed, "erased": flags.erase });
    world.report.data(&value, &format!("{message}; {note}"));
    Ok(Exit::Done)
}

/// Nobody who reaches the same database may be at work in it. What cannot be asked, or refuses us,
/// keeps nobody from ending it. The lease is given back at once: its database ends with the rest.
fn refuse_while_others_change(world: &World<'_>, machine: &OfMachine) -> Result<()> {
    let Ok(Seen::Site(site)) = Site::see(world, ENVIRONMENT) else { return Ok(()) };
    match Lease::take_if_there(&site, machine) {
        Err(held) if held.name() == code::LEASE_HELD.name => Err(held),
        _ => Ok(()),
    }
}

/// Without an engine nothing runs, so there is nothing to stop; what it keeps cannot be erased.
fn nothing_runs(flags: &Down, world: &World<'_>) -> Result<Exit> {
    if flags.erase {
        return Err(Failure::refused("cannot erase anything: no Docker engine answers")
            .code(&code::ENGINE_SILENT)
            .hint("start the engine first: it holds the volumes and the images"));
    }
    let value = json!({ "containers": 0, "erased": false });
    world.report.data(&value, "no Docker engine answers: nothing runs");
    Ok(Exit::Done)
}

/// What would go. Something with our network's name that is not ours is refused here, and so is
/// what others use: it would fail to go after the rest is gone.
fn gather(world: &World<'_>, docker: &Docker<'_>, owner: &Owner) -> Result<Erasure> {
    let mut found = Vec::new();
    for network in networks(&owner.project) {
        found.extend(docker.owned(owner, Kind::Network, &network)?);
    }
    let volumes = docker.volumes(owner)?;
    docker.refuse_guests(owner, &volumes)?;
    let (mut images, mut strangers) = (Vec::new(), Vec::new());
    let known = known(docker, owner, &named(world, docker)?)?;
    for name in named(world, docker)? {
        let id = docker.image_id(&name)?;
        let is_ours = id.is_none_or(|id| known.contains(&id)) || is_as_built(world, docker, &name)?;
        if is_ours { images.push(name) } else { strangers.push(name) }
    }
    Ok(Erasure { volumes, networks: found, images, strangers })
}

/// Images that are ours whatever they are called: containers of ours were started from them, or
/// the engine has them from our registry by their digest. A tag proves nothing: whoever may talk to
/// the engine gives it to anything.
fn known(docker: &Docker<'_>, owner: &Owner, names: &[String]) -> Result<BTreeSet<String>> {
    let mut known = docker.images_in_use(owner)?;
    for name in names.iter().filter(|name| name.contains('@')) {
        known.extend(docker.image_id(name)?);
    }
    Ok(known)
}

/// Whether `name` is the backing image that this checkout has built under that very digest.
fn is_as_built(world: &World<'_>, docker: &Docker<'_>, name: &str) -> Result<bool> {
    let named = name.rsplit_once('/').and_then(|(_, last)| last.split_once(':'));
    let Some((definition, digest)) = named else { return Ok(false) };
    // What cannot be read here proves nothing; the image stays, and is said.
    let Ok(built) = stored_image(world, definition) else { return Ok(false) };
    for on in built.platforms.iter().filter(|on| on.manifest.digest.short() == digest) {
        let config = built.layout.read_blob(&on.config);
        let config = config.or_outside(|| format!("failed to read image `{definition}`"))?;
        if docker.is_image(name, &config)? == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Images with names of ours: of our registry's services, and of the backing that our engine has
/// loaded, named after a definition with a digest for a tag.
fn named(world: &World<'_>, docker: &Docker<'_>) -> Result<Vec<String>> {
    let (environment, backing) = docker_target::backing_of(world, ENVIRONMENT)?;
    let mut images = Vec::new();
    for service in &world.deploy.services {
        images.extend(docker.images(&format!("{}/{} ", environment.registry, service.name))?);
    }
    for service in backing_services(backing) {
        let repository =
            format!("{}/{}", world.deploy.project, definition_name(&service.definition));
        let is_ours = |name: &String| {
            let tag = name.strip_prefix(&format!("{repository}:")).unwrap_or_default();
            tag.len() == 12 && tag.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        images.extend(docker.images(&format!("{repository} "))?.into_iter().filter(is_ours));
    }
    Ok(images)
}

fn show(erasure: &Erasure, world: &World<'_>, docker: &Docker<'_>) -> Result<()> {
    let usage = docker.usage()?;
    let size = |volume: &Found| {
        let found = usage.iter().find(|it| it.volume == volume.name);
        found.and_then(|it| it.size.clone()).unwrap_or_else(|| "size unknown".to_owned())
    };
    let volumes = erasure.volumes.iter().map(|volume| {
        let made = format!("made {}", volume.created);
        vec!["volume".to_owned(), volume.name.clone(), size(volume), made]
    });
    let mut lines: Vec<String> =
        table(&volumes.collect::<Vec<_>>()).lines().map(ToOwned::to_owned).collect();
    lines.extend(erasure.networks.iter().map(|network| format!("network {}", network.name)));
    lines.push(Count(erasure.images.len(), "image").to_string());
    lines.push(format!("secrets {}", secrets::file(&world.state(ENVIRONMENT)).display()));
    world.report.status("this goes, and nothing brings it back:");
    lines.iter().for_each(|line| world.report.status(&format!("  {line}")));
    for name in &erasure.strangers {
        world.report.warning(&format!(
            "image `{name}` stays: nothing proves that it is ours; `docker rmi {name}` removes it"
        ));
    }
    Ok(())
}

/// Data is destroyed only where a person typed the project's name, or said `--yes`.
fn ask(flags: &Down, world: &World<'_>) -> Result<()> {
    let project = &world.deploy.project;
    if flags.yes {
        return Ok(());
    }
    confirm::ask(&format!("erase `{project}`"), project)
}

/// Services first, so that they can say goodbye to what they use.
fn remove_containers(world: &World<'_>, docker: &Docker<'_>, owner: &Owner) -> Result<usize> {
    let phase = world.report.phase("stop");
    let mut containers = docker.containers(owner)?;
    containers.sort_by_key(|it| it.service.is_empty());
    for found in &containers {
        world.cancel.check()?;
        phase.doing(&found.container);
        let seconds = world.deploy.service(&found.service).map_or(0, |it| it.drain_seconds);
        docker.run(&instance::stop(&found.container, seconds))?;
        docker.remove(owner, &found.container)?;
    }
    phase.done(&Count(containers.len(), "container").to_string());
    Ok(containers.len())
}

/// Removes the secrets. The lease stays: another run may be waiting for that very file; and so
/// does what somebody else has put there.
fn forget(world: &World<'_>) -> Result<()> {
    let state = world.state(ENVIRONMENT);
    // What this machine knew of a ledger that is gone would be merged into the next one.
    for file in ["ledger.known", "ledger.offline", "journal.json"] {
        files::remove_file(&state.join(file))?;
    }
    files::remove_folder(&state.join("plans"))?;
    files::remove_file(&secrets::file(&state))
}

fn erase(
    erasure: &Erasure,
    world: &World<'_>,
    docker: &Docker<'_>,
    owner: &Owner,
) -> Result<String> {
    let phase = world.report.phase("erase");
    erasure.volumes.iter().try_for_each(|volume| docker.remove_volume(owner, &volume.name))?;
    erasure.networks.iter().try_for_each(|it| docker.remove_network(owner, &it.name))?;
    erasure.images.iter().try_for_each(|name| docker.remove_image(name))?;
    phase.done("volumes, networks, images");
    Ok(format!(
        ", {} with their data, {}",
        Count(erasure.volumes.len(), "volume"),
        Count(erasure.images.len(), "image")
    ))
}
