//! An environment that plain Docker runs, with everything by which it is reached.

use crate::edge::docker::{Docker, Engine};
use crate::edge::postgres::Address;
use crate::edge::proxy::Proxy;
use crate::edge::registry::Registry;
use crate::edge::secrets::{self, Secrets};
use crate::edge::{docker, files};
use crate::error::{Failure, Result};
use crate::world::World;
use std::path::PathBuf;
use xtask_core::backing::DATABASE_USER;
use xtask_core::deploy::{Backing, Environment, Service};
use xtask_core::proxy::{PUBLIC_PORT, Route};

/// An environment that is reached right now.
pub struct Site<'a> {
    /// What every verb is handed.
    pub world: &'a World<'a>,
    /// Its name.
    pub name: &'a str,
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
    /// Reaches the environment called `name`; the engine is started if it must and can be.
    pub fn open(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        let (environment, backing) = world.docker_environment(name)?;
        let engine = docker::ensure(&world.shell, &world.places.state)?;
        let secrets = secrets::read(&world.state(name), &environment.secrets)?;
        Ok(Self { world, name, environment, backing, secrets, engine })
    }

    /// Reaches the environment called `name` only to look: nothing is started and nothing is made.
    pub fn look(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        world.docker_environment(name)?;
        let nothing = |what: &str| {
            Failure::refused(format!("cannot look at `{name}`: {what}")).hint("./x up")
        };
        if !docker::answers(&world.shell)? {
            return Err(nothing("no Docker engine answers"));
        }
        if !secrets::are_made(&world.state(name)) {
            return Err(nothing("it was never brought up by this user"));
        }
        Self::open(world, name)
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
            password: self.secrets["database"].clone(),
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
