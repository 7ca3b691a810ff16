//! An environment that plain Docker runs, with everything by which it is reached.

use crate::edge::docker::{Docker, Engine, Kind};
use crate::edge::postgres::Address;
use crate::edge::proxy::Proxy;
use crate::edge::secrets::{self, Secrets};
use crate::edge::{docker, files};
use crate::error::{Failure, Result};
use crate::world::World;
use std::path::PathBuf;
use xtask_core::backing::DATABASE_USER;
use xtask_core::deploy::{Backing, Environment, Service};
use xtask_core::owner::Owner;
use xtask_core::proxy::{PUBLIC_PORT, Route};
use xtask_registry::Registry;

/// The secret that is the database's password.
pub const DATABASE_SECRET: &str = "database";

/// An environment that is reached right now.
pub struct Site<'a> {
    /// What every verb is handed.
    pub world: &'a World<'a>,
    /// Its name.
    pub name: &'a str,
    /// What its containers, volumes and network are labelled with.
    pub owner: Owner,
    /// What `deploy.toml` says of it.
    pub environment: &'a Environment,
    /// What runs beside its services.
    pub backing: &'a Backing,
    /// Its secrets.
    pub secrets: Secrets,
    /// The engine that runs its containers.
    pub engine: Engine,
}

impl<'a> Site<'a> {
    /// Reaches the environment called `name`; the engine is started if it must and can be, and
    /// secrets are made that are not there yet.
    pub fn open(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        let (environment, _) = world.docker_environment(name)?;
        let engine = docker::ensure(&world.shell, &world.places.state)?;
        refuse_lost_password(world, name)?;
        let secrets = secrets::read(&world.state(name), &environment.secrets)?;
        Self::new(world, name, secrets, engine)
    }

    /// Reaches it with these secrets, whatever its state holds.
    pub fn open_with(world: &'a World<'a>, name: &'a str, secrets: Secrets) -> Result<Self> {
        let engine = docker::ensure(&world.shell, &world.places.state)?;
        Self::new(world, name, secrets, engine)
    }

    fn new(world: &'a World<'a>, name: &'a str, secrets: Secrets, engine: Engine) -> Result<Self> {
        let (environment, backing) = world.docker_environment(name)?;
        let owner = world.owner(name);
        Ok(Self { world, name, owner, environment, backing, secrets, engine })
    }

    /// Reaches the environment called `name` only to look: nothing is started and nothing is made.
    pub fn look(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        let (environment, _) = world.docker_environment(name)?;
        let nothing = |what: &str| {
            Failure::refused(format!("cannot look at `{name}`: {what}")).hint("./x up")
        };
        if !docker::answers(&world.shell)? {
            return Err(nothing("no Docker engine answers"));
        }
        if secrets::missing(&world.state(name), &environment.secrets)?.is_all {
            return Err(nothing("it was never brought up by this user"));
        }
        let secrets = secrets::look(&world.state(name), &environment.secrets)?;
        let engine = docker::ensure(&world.shell, &world.places.state)?;
        Self::new(world, name, secrets, engine)
    }

    /// The name that its containers, volumes and network start with.
    pub fn project(&self) -> &str {
        &self.world.deploy.project
    }

    /// Its engine.
    pub fn docker(&self) -> Docker<'a> {
        Docker::new(&self.world.shell)
    }

    /// Its proxy.
    pub fn proxy(&self) -> Proxy {
        Proxy::new(self.backing.proxy.admin_port)
    }

    /// Its registry.
    pub fn registry(&self) -> Registry {
        Registry::new(self.environment.registry.registry(), None)
    }

    /// Its database, as it is reached from this machine.
    pub fn database(&self) -> Address {
        Address {
            host: "127.0.0.1".to_owned(),
            port: self.backing.postgres.port,
            user: DATABASE_USER.to_owned(),
            database: self.project().to_owned(),
            password: self.secrets[DATABASE_SECRET].clone(),
        }
    }

    /// The folder of its state, private to this user.
    pub fn state(&self) -> Result<PathBuf> {
        let folder = self.world.state(self.name);
        files::make_private_folder(&folder)?;
        Ok(folder)
    }

    /// The port inside the proxy's container on which `service` is asked for.
    pub fn proxy_port(service: &Service) -> u16 {
        match service.access {
            xtask_core::deploy::Access::Public => PUBLIC_PORT,
            xtask_core::deploy::Access::Internal => service.port,
        }
    }

    /// The proxy's routes, `upstream_of` telling where each service's requests go. A container that
    /// stays keeps the port it was started with, whatever `deploy.toml` says by now.
    pub fn routes(&self, upstream_of: impl Fn(&str) -> Option<String>) -> Vec<Route> {
        let route = |service: &Service| Route {
            service: service.name.clone(),
            listen: Self::proxy_port(service),
            upstream: upstream_of(&service.name),
        };
        self.world.deploy.services.iter().map(route).collect()
    }
}

/// Where the database is there and its password is not, nothing is made: a new password would not
/// be the database's.
fn refuse_lost_password(world: &World<'_>, name: &str) -> Result<()> {
    let (environment, _) = world.docker_environment(name)?;
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
    .reason(format!("it is not in `{}`", secrets::file(&folder).display()))
    .hint(format!(
        "bring that file back, or set a new password: `./x database reset-password {name}`"
    )))
}
