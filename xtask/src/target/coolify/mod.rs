//! A Coolify: it replaces containers itself, so a rollout says what is to run, asks for it, and
//! watches who comes to serve.

mod answers;
mod applications;
mod back;
mod deployment;
mod fetch;
mod foreign;
mod pace;
mod planned;
mod reach;
mod rollout;
mod write;

pub use reach::{look, look_at_records, open};

use super::{Beside, BesideState, Foreign, Logs, Rollout, Serving, Target, Wanted};
use crate::edge::clock;
use crate::edge::coolify::{self as edge, failed};
use crate::edge::secrets::{self, Absent, Secrets};
use crate::error::{Context as _, Failure, Result, code};
use crate::infra::preflight;
use crate::runtime;
use crate::world::World;
use pace::Pace;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use xtask_core::coolify::alias;
use xtask_core::coolify::desired::{self, Desired, Marked};
use xtask_core::coolify::preflight::judge;
use xtask_core::deploy::{self, Environment};
use xtask_core::digest::Digest;
use xtask_core::ship::database::Address;
use xtask_core::ship::ledger::Versions;
use xtask_core::ship::machine::Manner;
use xtask_providers::coolify::{Coolify, Error};

/// An environment on a Coolify, reached.
pub struct CoolifyTarget<'a> {
    world: &'a World<'a>,
    name: String,
    environment: &'a Environment,
    place: &'a deploy::Coolify,
    /// Read with its token by whoever asks first: the ledger is told without.
    asked: OnceLock<Coolify>,
    /// By the names of `Environment::sources`.
    secrets: Secrets,
    absent: Vec<Absent>,
    pace: Pace,
}

impl CoolifyTarget<'_> {
    fn mark(&self) -> String {
        desired::mark(&self.world.deploy.project, &self.name)
    }

    /// What is wanted around the services, without a release.
    fn desired(&self) -> Desired {
        let desired = desired::of(&self.world.deploy, &self.name, &self.secrets);
        desired.expect("it is on a Coolify")
    }

    /// The same with each service at its release.
    fn desired_at(&self, versions: &Versions) -> Desired {
        let desired = desired::at(&self.world.deploy, &self.name, &self.secrets, versions);
        desired.expect("it is on a Coolify")
    }

    fn coolify(&self) -> Result<&Coolify> {
        if let Some(coolify) = self.asked.get() {
            return Ok(coolify);
        }
        let coolify = edge::open_with(self.place, self.pace.of_client())?;
        Ok(self.asked.get_or_init(|| coolify))
    }

    /// One question to Coolify. It is not cut off: its answer says what was done.
    fn ask<T>(&self, doing: &str, question: impl Future<Output = Result<T, Error>>) -> Result<T> {
        self.ask_raw(question).map_err(|error| failed(doing, &error))
    }

    fn ask_raw<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let _whole = self.world.cancel.whole();
        runtime::wait(question)
    }

    /// The first of these addresses that is there.
    fn address(&self, names: &[&str]) -> Result<Address> {
        let Some(address) = names.iter().find_map(|it| self.secrets.get(*it)) else {
            self.refuse_absent()?;
            return Err(Failure::usage(format!("`{}` names no database", self.name)));
        };
        address.expose().parse().or_usage(|| "cannot use the database's address".to_owned())
    }

    fn refuse_absent(&self) -> Result<()> {
        if self.absent.is_empty() { Ok(()) } else { Err(secrets::refused(&self.absent)) }
    }
}

impl Target for CoolifyTarget<'_> {
    fn describe(&self) -> String {
        format!("Coolify at {}", self.place.url)
    }

    fn preflight(&self) -> Result<()> {
        let phase = self.world.report.phase("preflight");
        let told = {
            let _whole = self.world.cancel.whole();
            runtime::wait(preflight::ask(self.coolify()?, self.place, &self.desired()))
        };
        let mut facts = told.facts(clock::moment());
        facts.absent = self.absent.iter().map(|it| (it.name.clone(), it.how.clone())).collect();
        let lines = judge(&facts);
        preflight::refuse(&self.name, &lines)?;
        phase.done(&format!("{} is fit", self.place.url));
        Ok(())
    }

    fn has_secrets(&self) -> Result<()> {
        self.refuse_absent()
    }

    /// Somebody else runs what the services need.
    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    fn answer(&self, reference: &str) -> Option<String> {
        if let Some(secret) = self.secrets.get(reference) {
            return Some(secret.expose().to_owned());
        }
        let name = reference.strip_prefix("services.")?.strip_suffix(".url")?;
        let service = self.world.deploy.service(name)?;
        let alias = alias(&self.world.deploy.project, &self.name, name);
        Some(format!("http://{alias}:{}", service.port))
    }

    fn database(&self) -> Result<Address> {
        self.address(&["database.direct_url", "database.url"])
    }

    fn services_database(&self) -> Result<Address> {
        self.address(&["database.url"])
    }

    fn serving(&self) -> Result<BTreeMap<String, Serving>> {
        applications::serving(self)
    }

    /// The server on which it all runs, as Coolify last saw it.
    fn beside(&self) -> Result<Vec<Beside>> {
        let servers = self.ask("look at the server", self.coolify()?.servers())?;
        let wanted = &self.place.server;
        let found = servers.iter().find(|it| it.name == *wanted || it.uuid == *wanted);
        let state = match found {
            Some(server) if server.is_reachable() && server.is_usable() => BesideState::Running,
            Some(_) => BesideState::Stopped,
            None => BesideState::Absent,
        };
        Ok(vec![Beside { name: format!("server {wanted}"), state, since: None }])
    }

    fn foreign(&self) -> Result<Vec<Foreign>> {
        foreign::all(self)
    }

    fn remarks(&self) -> Result<Vec<String>> {
        foreign::remarks(self)
    }

    fn logs(&self, service: &str, lines: usize) -> Result<Option<Logs>> {
        let all = applications::ours(self)?;
        let Some(found) = all.get(service) else { return Ok(None) };
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        let text = self.ask("read its log", self.coolify()?.logs(&found.uuid, lines))?;
        Ok(text.map(|text| Logs { instance: found.uuid.clone(), text }))
    }

    /// It replaces the containers of each application by itself.
    fn manner(&self) -> Manner {
        Manner::InTurn
    }

    fn plan<'t>(&'t self, wanted: Vec<Wanted>) -> Result<Box<dyn Rollout + 't>> {
        self.refuse_absent()?;
        Ok(Box::new(rollout::plan(self, wanted)?))
    }

    /// Coolify keeps as many as `images_to_keep` says, and removes the others itself.
    fn remove_images(&self, _kept: &BTreeSet<Digest>) -> Result<()> {
        Ok(())
    }
}

fn not_there(target: &CoolifyTarget<'_>, service: &str) -> Failure {
    let environment = &target.name;
    Failure::refused(format!("cannot roll out `{service}`: Coolify has no application of it"))
        .code(&code::NOT_UP)
        .hint(format!("cargo xtask infra apply {environment} --only coolify --apply"))
}

fn marked(target: &CoolifyTarget<'_>, description: Option<&str>) -> Option<Marked> {
    Marked::read(description, &target.mark())
}
