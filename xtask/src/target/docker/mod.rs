//! Plain Docker on this machine, behind a proxy of our own: containers are started beside those
//! that serve, the proxy is switched, and what served before ends.

pub mod backing;
mod desired;
mod gate;
mod observe;
mod reach;
mod rollout;
mod routes;
mod smoke;

pub use reach::{backing_of, look, open, open_with, refuse_unknown};

use super::{Beside, Logs, Rollout, Serving, Target, Wanted};
use crate::edge::docker::{Docker, Engine};
use crate::edge::proxy::Proxy;
use crate::edge::secrets::{Generated, Secrets};
use crate::error::Result;
use crate::world::World;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use xtask_core::deploy::{Backing, Environment, Service};
use xtask_core::digest::Digest;
use xtask_core::ship::backing::{DATABASE_USER, POSTGRES_PORT, REDIS_PORT, Role};
use xtask_core::ship::database::Address;
use xtask_core::ship::machine::Manner;
use xtask_core::ship::owner::Owner;
use xtask_core::ship::retention;
use xtask_core::ship::traffic::access_log::{self, Logged};

/// The secret that is the database's password.
pub const DATABASE_SECRET: &str = "database";

/// An environment on this machine's engine, reached.
pub struct DockerTarget<'a> {
    world: &'a World<'a>,
    name: String,
    /// What its containers, volumes and network are labelled with.
    owner: Owner,
    environment: &'a Environment,
    /// What runs beside its services.
    backing: &'a Backing,
    secrets: Secrets,
    /// Secrets that were made and are in no file yet.
    unkept: Option<Generated>,
    engine: Engine,
}

impl<'a> DockerTarget<'a> {
    /// The environment's secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The name that its containers, volumes and network start with.
    fn project(&self) -> &str {
        &self.world.deploy.project
    }

    fn docker(&self) -> Docker<'a> {
        Docker::new(&self.world.shell)
    }

    fn proxy(&self) -> Proxy<'a> {
        let container = format!("{}-{}", self.project(), Role::Proxy.name());
        Proxy::new(&self.world.shell, container)
    }

    fn address(&self, database: &str) -> Address {
        let password = self.secrets[DATABASE_SECRET].clone();
        Address::local(self.backing.postgres.port, DATABASE_USER, database, password)
    }
}

/// The proxy sends nothing to what was switched away from: only requests that are under way end.
const DRAIN: u64 = 3;

impl Target for DockerTarget<'_> {
    fn describe(&self) -> String {
        let verb = if self.engine.started { "started" } else { "answers" };
        format!("Docker {} {verb}", self.engine.version)
    }

    fn drain_seconds(&self, service: &Service) -> u64 {
        service.drain_seconds.min(DRAIN)
    }

    fn preflight(&self) -> Result<()> {
        backing::preflight(self)
    }

    fn prepare(&self) -> Result<()> {
        backing::ensure(self)?;
        self.unkept.iter().try_for_each(|made| made.keep(&self.world.state(&self.name)))
    }

    fn answer(&self, reference: &str) -> Option<String> {
        let project = self.project();
        match reference.split('.').collect::<Vec<_>>().as_slice() {
            ["database", "url"] => {
                let password = self.secrets.get(DATABASE_SECRET)?.expose();
                let password = utf8_percent_encode(password, NON_ALPHANUMERIC);
                Some(format!(
                    "postgresql://{DATABASE_USER}:{password}@{project}-postgres:{POSTGRES_PORT}/{project}"
                ))
            }
            ["redis", "url"] => Some(format!("redis://{project}-redis:{REDIS_PORT}")),
            ["services", name, "url"] => {
                let service = self.world.deploy.service(name)?;
                Some(format!("http://{project}-proxy:{}", routes::proxy_port(service)))
            }
            _ => None,
        }
    }

    fn database(&self) -> Result<Address> {
        Ok(self.address(self.project()))
    }

    fn serving(&self) -> Result<BTreeMap<String, Serving>> {
        observe::serving(self)
    }

    fn beside(&self) -> Result<Vec<Beside>> {
        observe::beside(self)
    }

    fn logs(&self, service: &str, lines: usize) -> Result<Option<Logs>> {
        observe::logs(self, service, lines)
    }

    fn requests(&self, within: Duration) -> Result<Option<Vec<Logged>>> {
        let container = format!("{}-{}", self.project(), Role::Proxy.name());
        let text = self.docker().written_within(&container, within)?;
        Ok(Some(access_log::read(&text)))
    }

    fn manner(&self) -> Manner {
        Manner::Together
    }

    fn plan<'t>(&'t self, wanted: Vec<Wanted>) -> Result<Box<dyn Rollout + 't>> {
        Ok(Box::new(rollout::plan(self, &wanted)?))
    }

    fn remove_images(&self, kept: &BTreeSet<Digest>) -> Result<()> {
        let docker = self.docker();
        let present = docker.images(&format!("{}/", self.environment.registry))?;
        let mut gone = retention::removable(&present, kept).into_iter();
        gone.try_for_each(|name| docker.remove_image(name))
    }
}
