//! Where a release can live. `ship` reaches a server through a `Target` and in no other way;
//! it knows neither what runs the containers nor what stands before them.
//!
//! May use: `edge`, `image` (for what a target runs beside the services), `infra` (for what it is
//! told of an environment), `world`. Not `ship`.

pub mod coolify;
pub mod docker;

pub use docker::Stage;

use crate::edge::secrets::Secrets;
use crate::error::Result;
use crate::report::Phase;
use crate::world::World;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;
use xtask_core::deploy::{Service, TargetKind};
use xtask_core::digest::Digest;
use xtask_core::reference::Reference;
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;
use xtask_core::ship::ledger::Versions;
use xtask_core::ship::machine::{Manner, Move};
use xtask_core::ship::traffic::access_log::Logged;

/// A server, or this machine, as far as shipping a release needs to know it.
pub trait Target: Sync {
    /// What it is and how it was found, in a few words for people.
    fn describe(&self) -> String;

    /// Refuses, before anything is changed, what would stop a change half-way.
    fn preflight(&self) -> Result<()>;

    /// For how long a service goes on here after it was told to end. It is as long as requests may
    /// still come.
    fn drain_seconds(&self, service: &Service) -> u64 {
        service.drain_seconds
    }

    /// Refuses if a secret that services are told is not at hand.
    fn has_secrets(&self) -> Result<()> {
        Ok(())
    }

    /// Brings up what the target itself runs beside the services, and waits until it answers.
    fn prepare(&self) -> Result<()>;

    /// What a reference such as `database.url` or `services.NAME.url` reads as where the services
    /// run; `None` if the target has no answer.
    fn answer(&self, reference: &str) -> Option<String>;

    /// The database of the services, as it is reached from here.
    fn database(&self) -> Result<Address>;

    /// The same, as the services log in to it.
    fn services_database(&self) -> Result<Address>;

    /// What is sent requests now, by service. A service that was never rolled out is missing; a
    /// target that cannot be asked is an error.
    fn serving(&self) -> Result<BTreeMap<String, Serving>>;

    /// How what it runs beside the services is.
    fn beside(&self) -> Result<Vec<Beside>>;

    /// Deployments that nobody asked for through us, as far as the target can tell: they are no
    /// record of ours, and may be what serves.
    fn foreign(&self) -> Result<Vec<Foreign>> {
        Ok(Vec::new())
    }

    /// What a person should know of it beside what serves, a line each.
    fn remarks(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The last lines that a service wrote; `None` if nothing of it serves.
    fn logs(&self, service: &str, lines: usize) -> Result<Option<Logs>>;

    /// The requests of people that the public service was sent within the last while, as whoever
    /// stands before it logged them; `None` where that log is not ours to read.
    fn requests(&self, _within: Duration) -> Result<Option<Vec<Logged>>> {
        Ok(None)
    }

    /// How services move here: all in one moment, or one after the other.
    fn manner(&self) -> Manner;

    /// Plans how these services come to serve, in their order. Nothing is changed yet.
    fn plan<'t>(&'t self, wanted: Vec<Wanted>) -> Result<Box<dyn Rollout + 't>>;

    /// Removes images of the services that are not `kept`.
    fn remove_images(&self, kept: &BTreeSet<Digest>) -> Result<()>;
}

/// A planned change from what serves to what is wanted.
pub trait Rollout {
    /// Whether there is nothing to do.
    fn is_idle(&self) -> bool;

    /// The services that change, in their order, each with its reason.
    fn moves(&self) -> Vec<Move>;

    /// What would be done, in order, each step with its reason.
    fn steps(&self) -> Vec<String>;

    /// What each service answered as when this was planned.
    fn before(&self) -> Versions;

    /// What each answers as once it is done: the release, or what it stays at.
    fn versions(&self) -> Versions;

    /// Fetches what will be started, before anything is started.
    fn fetch(&mut self) -> Result<()>;

    /// Where services move in turn: brings the new release of one up and sends requests to it once
    /// it is ready. Gives what was done, step by step, as the others do.
    fn deploy(&mut self, _service: &str, _phase: &Phase<'_>) -> Result<Vec<String>> {
        unreachable!("services move together here")
    }

    /// Where services move together: brings the new release of one up and waits until it is ready.
    /// It is sent nothing yet.
    fn start(&mut self, _service: &str, _phase: &Phase<'_>) -> Result<Vec<String>> {
        unreachable!("services move in turn here")
    }

    /// Asks the new releases whether they work with each other, before anybody is sent there.
    fn smoke(&mut self, _phase: &Phase<'_>) -> Result<Vec<String>> {
        unreachable!("services move in turn here")
    }

    /// Sends the requests of every service to its new release from one moment on.
    fn switch(&mut self, _phase: &Phase<'_>) -> Result<Vec<String>> {
        unreachable!("services move in turn here")
    }

    /// Ends what served before. From here on there is no way back to it.
    fn retire(&mut self) -> Result<()>;

    /// Sends requests where they went when this was planned, and ends what was begun.
    fn go_back(&mut self) -> Result<()>;
}

/// One service as a release wants it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The service as `deploy.toml` describes it.
    pub service: Service,
    /// The release's version.
    pub release: String,
    /// Its image, by digest.
    pub image: Reference,
    /// The digest of its index.
    pub digest: Digest,
    /// Its settings with every reference filled in, one `NAME=value` a line.
    pub settings: Secret,
    /// The same without what names the release: by these a service is compared with what serves.
    pub lasting: Secret,
    /// Why it is moved although what serves is as wanted, if it is.
    pub anew: Option<String>,
}

/// One service as it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// The release that it was started for, and answers as. One that changed nothing of it may have
    /// come since.
    pub release: String,
    /// When it was started (RFC 3339), if it runs.
    pub since: Option<String>,
    /// The base URL by which it is asked from here without the public way in, if there is one.
    pub address: Option<String>,
    /// What is known of the release that it answers as, where it has no address.
    pub answers: Answers,
    /// How often it was started again since, where that is known.
    pub restarts: u64,
}

/// What is known of the release that a service answers as, other than by asking it from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answers {
    /// The target was told this release, by whoever can ask it.
    Release(String),
    Untold,
    /// It ends and is started again, so often by now.
    Crashing(u64),
    /// It does not run.
    Stopped,
}

/// A deployment that was not asked for through us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// Of which service.
    pub service: String,
    /// By this the target names it.
    pub deployment: String,
    /// Who asked for it.
    pub by: By,
    /// When (RFC 3339), if the target tells.
    pub at: Option<String>,
    /// What it was to deploy, if the target tells.
    pub commit: Option<String>,
    /// What became of it, in the target's word.
    pub status: String,
    /// Whether none of ours came after it.
    pub is_newest: bool,
}

/// Who asked for a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A person at the panel.
    Panel,
    Webhook,
}

/// Something that the target runs beside the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    pub name: String,
    /// Whether it runs, stopped, or is not there.
    pub state: BesideState,
    /// When it was started (RFC 3339), if it runs.
    pub since: Option<String>,
}

/// How something beside the services is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BesideState {
    Running,
    /// It ends and is started again, over and over.
    Crashing,
    /// It runs, and nobody wants it any more.
    Unwanted,
    /// It is there and does not run.
    Stopped,
    /// It was never started, or is removed.
    Absent,
}

/// What a service wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// Which instance of it wrote them, as the target names it.
    pub instance: String,
    pub text: String,
}

/// What a look at an environment found.
pub enum Look<'a> {
    /// It can be reached.
    Reached(Secrets, Box<dyn Target + 'a>),
    /// It was looked at, and nothing of it runs: why.
    Nothing(String),
}

/// Reaches the environment called `name` to change it: what can be started is started, and secrets
/// are made that are not there yet.
pub fn open<'a>(world: &'a World<'_>, name: &str) -> Result<(Secrets, Box<dyn Target + 'a>)> {
    match world.environment(name)?.target {
        TargetKind::Docker => {
            let target = docker::open(world, name)?;
            Ok((target.secrets().clone(), Box::new(target)))
        }
        TargetKind::Coolify => {
            let (secrets, target) = coolify::open(world, name)?;
            Ok((secrets, Box::new(target)))
        }
    }
}

/// Reaches it only to look: nothing is started and nothing is made.
pub fn look<'a>(world: &'a World<'_>, name: &str) -> Result<Look<'a>> {
    match world.environment(name)?.target {
        TargetKind::Docker => docker::look(world, name),
        TargetKind::Coolify => coolify::look(world, name),
    }
}

/// The same for its database and its registry alone.
pub fn look_at_records<'a>(world: &'a World<'_>, name: &str) -> Result<Look<'a>> {
    match world.environment(name)?.target {
        TargetKind::Docker => docker::look(world, name),
        TargetKind::Coolify => coolify::look_at_records(world, name),
    }
}

/// Refuses an environment that nobody described, before anything is locked.
pub fn check(world: &World<'_>, name: &str) -> Result<()> {
    world.environment(name).map(drop)
}

/// Refuses an environment that this user never brought up: nothing was ever rolled out there, so
/// nothing of it is started to find that out. What others run is there whoever looks.
pub fn refuse_unknown(world: &World<'_>, name: &str) -> Result<()> {
    match world.environment(name)?.target {
        TargetKind::Docker => docker::refuse_unknown(world, name),
        TargetKind::Coolify => Ok(()),
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.by {
            By::Panel => "somebody at the panel",
            By::Webhook => "a webhook",
        };
        let Self { service, deployment, status, .. } = self;
        write!(formatter, "deployment `{deployment}` of `{service}` was made by {who}")?;
        self.at.iter().try_for_each(|at| write!(formatter, " at {at}"))?;
        self.commit.iter().try_for_each(|commit| write!(formatter, " of `{commit}`"))?;
        write!(formatter, ": `{status}`")
    }
}

impl BesideState {
    /// For people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Crashing => "crashing",
            Self::Unwanted => "not in `deploy.toml`",
            Self::Stopped => "stopped",
            Self::Absent => "absent",
        }
    }
}
