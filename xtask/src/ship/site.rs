//! An environment that is reached: what `deploy.toml` says of it, its secrets, its target.

use crate::edge::secrets::Secrets;
use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use crate::target::{self, Look, Target};
use crate::world::World;
use xtask_core::deploy::{Access, Environment, Service};
use xtask_core::ship::database::Address;
use xtask_core::ship::ledger::Versions;
use xtask_registry::Registry;

/// An environment that is reached right now.
pub struct Site<'a> {
    /// What every verb is handed.
    pub world: &'a World<'a>,
    pub name: &'a str,
    /// What `deploy.toml` says of it.
    pub environment: &'a Environment,
    pub secrets: Secrets,
    /// Where its releases live.
    pub target: Box<dyn Target + 'a>,
}

/// What a look at an environment found.
pub enum Seen<'a> {
    /// It can be reached.
    Site(Site<'a>),
    /// Nothing of it runs: why.
    Nothing(String),
}

impl<'a> Site<'a> {
    /// Reaches the environment called `name` to change it.
    pub fn open(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        let (secrets, target) = target::open(world, name)?;
        Self::new(world, name, secrets, target)
    }

    /// Reaches it only to look: nothing is started and nothing is made.
    pub fn see(world: &'a World<'a>, name: &'a str) -> Result<Seen<'a>> {
        Self::seen(world, name, target::look(world, name)?)
    }

    fn seen(world: &'a World<'a>, name: &'a str, look: Look<'a>) -> Result<Seen<'a>> {
        match look {
            Look::Reached(secrets, target) => {
                Self::new(world, name, secrets, target).map(Seen::Site)
            }
            Look::Nothing(why) => Ok(Seen::Nothing(why)),
        }
    }

    /// Reaches it only to look; that nothing runs is a refusal.
    pub fn look(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        Self::there(name, Self::see(world, name)?)
    }

    /// Reaches only what keeps its ledger: its database and its registry.
    pub fn look_at_records(world: &'a World<'a>, name: &'a str) -> Result<Self> {
        let look = target::look_at_records(world, name)?;
        Self::there(name, Self::seen(world, name, look)?)
    }

    fn there(name: &str, seen: Seen<'a>) -> Result<Self> {
        match seen {
            Seen::Site(site) => Ok(site),
            Seen::Nothing(why) => Err(Failure::refused(format!("cannot look at `{name}`: {why}"))
                .code(&code::NOT_UP)
                .hint("./x up")),
        }
    }

    fn new(
        world: &'a World<'a>,
        name: &'a str,
        secrets: Secrets,
        target: Box<dyn Target + 'a>,
    ) -> Result<Self> {
        Ok(Self { world, name, environment: world.environment(name)?, secrets, target })
    }

    /// Its registry, with the credentials that this machine keeps for it.
    pub fn registry(&self) -> Result<Registry> {
        let home = &self.environment.registry;
        let registry = runtime::wait(Registry::of(home));
        registry.or_usage(|| format!("cannot log in to `{}`", home.registry()))
    }

    /// Its database, as it is reached from this machine.
    pub fn database(&self) -> Result<Address> {
        self.target.database()
    }

    /// The service that is reached from outside; there is exactly one.
    pub fn public(&self) -> Result<&'a Service> {
        let mut services = self.world.deploy.services.iter();
        services
            .find(|it| it.access == Access::Public)
            .ok_or_else(|| Failure::usage("no service is public"))
    }

    /// What each service answers as, as the target says.
    pub fn answers(&self) -> Result<Versions> {
        let serving = self.target.serving()?.into_iter();
        let told = serving.map(|(service, it)| (service, it.release));
        Ok(told.filter(|(_, release)| !release.is_empty()).collect())
    }

    /// What the public service answers as, if it runs.
    pub fn public_release(&self) -> Result<Option<String>> {
        Ok(self.answers()?.remove(&self.public()?.name))
    }
}
