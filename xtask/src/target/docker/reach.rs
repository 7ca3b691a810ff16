//! How an environment on this machine is reached: to change it, or only to look.

use super::super::Look;
use super::{DATABASE_SECRET, DockerTarget};
use crate::edge::docker::{self, Docker, Engine, Kind};
use crate::edge::secrets::{self, Secrets};
use crate::error::{Failure, Result, code};
use crate::world::World;
use xtask_core::deploy::{Backing, Environment};

/// What `deploy.toml` says of an environment that plain Docker runs, and what backs it.
pub fn backing_of<'a>(world: &'a World<'_>, name: &str) -> Result<(&'a Environment, &'a Backing)> {
    let environment = world.environment(name)?;
    super::super::check(world, name)?;
    let missing = || Failure::usage(format!("cannot use `{name}`: it has no `backing`"));
    Ok((environment, environment.backing.as_ref().ok_or_else(missing)?))
}

/// Reaches it; the engine is started if it must and can be, and secrets are made that are not
/// there yet.
pub fn open<'a>(world: &'a World<'_>, name: &str) -> Result<DockerTarget<'a>> {
    let (environment, _) = backing_of(world, name)?;
    let engine = docker::ensure(&world.shell, &world.places.state)?;
    refuse_lost_password(world, name)?;
    let folder = world.state(name);
    let is_new = secrets::missing(&folder, &environment.secrets)?
        .names
        .iter()
        .any(|it| it == DATABASE_SECRET);
    let (secrets, mut made) = secrets::read(&folder, &environment.secrets)?;
    // The password must be kept before a database is made with it. Where one is there, nothing is
    // written before it has taken the password that is kept.
    if is_new && let Some(made) = made.take() {
        made.keep(&folder)?;
    }
    Ok(DockerTarget { unkept: made, ..reached(world, name, secrets, engine)? })
}

/// Reaches it with these secrets, whatever its state holds.
pub fn open_with<'a>(
    world: &'a World<'_>,
    name: &str,
    secrets: Secrets,
) -> Result<DockerTarget<'a>> {
    let engine = docker::ensure(&world.shell, &world.places.state)?;
    reached(world, name, secrets, engine)
}

/// Looks at it. Without an engine nothing runs; without secrets and containers this user never
/// brought it up.
pub fn look<'a>(world: &'a World<'_>, name: &str) -> Result<Look<'a>> {
    let (environment, _) = backing_of(world, name)?;
    if !docker::answers(&world.shell)? {
        return Ok(Look::Nothing("no Docker engine answers: nothing runs".to_owned()));
    }
    // `./x up` would refuse it as well, so it is no next step.
    refuse_lost_password(world, name)?;
    if secrets::missing(&world.state(name), &environment.secrets)?.is_all {
        return without_secrets(world, name);
    }
    let secrets = secrets::look(&world.state(name), &environment.secrets)?;
    let engine = docker::ensure(&world.shell, &world.places.state)?;
    let target = reached(world, name, secrets.clone(), engine)?;
    Ok(Look::Reached(secrets, Box::new(target)))
}

/// Refuses it where this user has no secret of it; a lost password is told as such.
pub fn refuse_unknown(world: &World<'_>, name: &str) -> Result<()> {
    let (environment, _) = backing_of(world, name)?;
    if !secrets::missing(&world.state(name), &environment.secrets)?.is_all {
        return Ok(());
    }
    docker::ensure(&world.shell, &world.places.state)?;
    refuse_lost_password(world, name)?;
    Err(Failure::refused(format!("cannot change `{name}`: this user never brought it up"))
        .code(&code::NOT_UP)
        .hint("./x up"))
}

/// Where containers run and no secret is there, somebody else brought it up, or they are lost.
fn without_secrets<'a>(world: &World<'_>, name: &str) -> Result<Look<'a>> {
    if Docker::new(&world.shell).containers(&world.owner(name))?.is_empty() {
        let why = "nothing runs: this user never brought it up; `./x up` does";
        return Ok(Look::Nothing(why.to_owned()));
    }
    Err(Failure::refused(format!("cannot look at `{name}`: it was never brought up by this user"))
        .code(&code::NOT_UP)
        .hint("./x up"))
}

fn reached<'a>(
    world: &'a World<'_>,
    name: &str,
    secrets: Secrets,
    engine: Engine,
) -> Result<DockerTarget<'a>> {
    let (environment, backing) = backing_of(world, name)?;
    let (owner, name) = (world.owner(name), name.to_owned());
    let unkept = None;
    Ok(DockerTarget { world, name, owner, environment, backing, secrets, unkept, engine })
}

/// Where the database is there and its password is not, nothing is made: a new password would not
/// be the database's.
fn refuse_lost_password(world: &World<'_>, name: &str) -> Result<()> {
    let (environment, _) = backing_of(world, name)?;
    let folder = world.state(name);
    let missing = secrets::missing(&folder, &environment.secrets)?;
    if !missing.names.iter().any(|it| it == DATABASE_SECRET) {
        return Ok(());
    }
    let volume = format!("{}-postgres", world.deploy.project);
    let docker = Docker::new(&world.shell);
    if docker.owned(&world.owner(name), Kind::Volume, &volume)?.is_none() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "cannot use the database in volume `{volume}`: its password is unknown"
    ))
    .code(&code::PASSWORD_LOST)
    .reason(format!("it is not in `{}`", secrets::file(&folder).display()))
    .hint(format!("bring that file back, or set a new password: `./x db reset-password {name}`")))
}
