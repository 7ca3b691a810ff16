//! New containers up and ready, the proxy switched, the old ones drained.
//!
//! The old containers run until they are retired. So going back is one change of the proxy, and
//! loses nothing either.

use super::super::{Rollout, Wanted};
use super::desired::desired;
use super::{DockerTarget, gate, routes, smoke};
use crate::edge::tested;
use crate::error::{Failure, Result};
use crate::report::Phase;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::deploy::Access;
use xtask_core::plan::{Count, Step};
use xtask_core::secret::Secret;
use xtask_core::ship::instance::{self, Desired, Observed};
use xtask_core::ship::machine::Move;
use xtask_core::ship::proxy;
use xtask_core::ship::rollout::{self, Change, ONCE_READY, ServiceRollout};

/// The longest drain time that a service may have, in seconds.
const DRAIN_MAX: u64 = 300;

/// A rollout on this machine.
pub(super) struct DockerRollout<'t> {
    target: &'t DockerTarget<'t>,
    desired: Vec<Desired>,
    settings: BTreeMap<String, Secret>,
    plans: Vec<ServiceRollout>,
    release_before: Option<String>,
    /// Where requests went before, to go back to: container and port by service.
    before: BTreeMap<String, String>,
    /// Where they go now.
    serving: BTreeMap<String, String>,
}

/// Looks at what runs and plans the way to what is wanted.
pub(super) fn plan<'t>(
    target: &'t DockerTarget<'_>,
    wanted: &[Wanted],
) -> Result<DockerRollout<'t>> {
    let desired: Vec<Desired> = wanted.iter().map(desired).collect();
    let settings = wanted.iter().map(|it| (it.service.name.clone(), it.settings.clone()));
    let observed = target.docker().containers(&target.owner)?;
    let routes = target.proxy().routes()?;
    let (serving, before) = (routes.containers(), routes.all);
    let plans = rollout::plan(target.project(), &desired, &observed, &serving);
    let release_before = release_before(target, &serving, &observed);
    let (settings, serving) = (settings.collect(), before.clone());
    Ok(DockerRollout { target, desired, settings, plans, release_before, before, serving })
}

/// The release of the container that the public service's requests go to, by its label.
fn release_before(
    target: &DockerTarget<'_>,
    serving: &BTreeMap<String, String>,
    observed: &[Observed],
) -> Option<String> {
    let public = target.world.deploy.services.iter().find(|it| it.access == Access::Public)?;
    let container = serving.get(&public.name)?;
    let found = observed.iter().find(|it| it.container == *container)?;
    Some(found.release.clone())
}

impl Rollout for DockerRollout<'_> {
    fn is_idle(&self) -> bool {
        rollout::is_idle(&self.plans)
    }

    fn moves(&self) -> Vec<Move> {
        let moved = self.plans.iter().filter_map(|plan| {
            let why = plan.forward.iter().map(|step| step.why.as_str());
            let why: BTreeSet<&str> = why.filter(|why| *why != ONCE_READY).collect();
            let why = why.into_iter().collect::<Vec<_>>().join("; ");
            let why = if why.is_empty() { "it serves nobody yet".to_owned() } else { why };
            let service = plan.service.clone();
            (!plan.forward.is_empty()).then_some(Move { service, why })
        });
        moved.collect()
    }

    fn steps(&self) -> Vec<String> {
        let forward = self.plans.iter().flat_map(|plan| &plan.forward);
        let retire = self.plans.iter().flat_map(|plan| &plan.retire);
        forward.chain(retire).map(ToString::to_string).collect()
    }

    fn release_before(&self) -> Option<&str> {
        self.release_before.as_deref()
    }

    /// Every image, side by side.
    fn fetch(&mut self) -> Result<()> {
        let docker = self.target.docker();
        let mut absent = Vec::new();
        for desired in &self.desired {
            if !docker.has_image(&desired.image.to_string())? {
                absent.push(desired);
            }
        }
        if absent.is_empty() {
            return Ok(());
        }
        let phase = self.target.world.report.phase("pull");
        let pulled: Vec<Result<()>> = std::thread::scope(|scope| {
            let one = |it: &Desired| {
                let (docker, image) = (docker.clone(), it.image.to_string());
                let phase = &phase;
                scope.spawn(move || docker.pull(&image, &|line| phase.doing(line)))
            };
            let workers: Vec<_> = absent.iter().map(|it| one(it)).collect();
            workers.into_iter().map(|it| it.join().expect("a pull does not panic")).collect()
        });
        pulled.into_iter().collect::<Result<Vec<()>>>()?;
        phase.done(&format!("{} from the registry", Count(absent.len(), "image")));
        Ok(())
    }

    /// A person who wants it to end is heard between two steps, and while a candidate is waited
    /// for; then what served before is brought back.
    ///
    /// The gate is here also for a candidate that an earlier, killed run has started.
    fn start(&mut self, service: &str, phase: &Phase<'_>) -> Result<Vec<String>> {
        let mut done = Vec::new();
        for step in self.forward(service) {
            self.target.world.cancel.check()?;
            phase.doing(&step.to_string());
            match &step.what {
                Change::Remove { container } => {
                    self.target.docker().remove(&self.target.owner, container)?;
                }
                Change::Start { service, container } => self.run(service, container)?,
                Change::Switch { service, container } => {
                    let service = self.target.world.service(service)?;
                    gate::wait(self.target, service, container)?;
                    continue;
                }
                Change::Drain { .. } => continue,
            }
            done.push(step.what.to_string());
        }
        Ok(done)
    }

    fn smoke(&mut self, phase: &Phase<'_>) -> Result<Vec<String>> {
        phase.doing("the new releases, with each other");
        smoke::test(self.target, &self.desired, &self.serving, &self.candidates())
    }

    /// One rename at the proxy moves every service.
    fn switch(&mut self, phase: &Phase<'_>) -> Result<Vec<String>> {
        self.target.world.cancel.check()?;
        phase.doing("switching");
        let candidates = self.candidates();
        let _whole = self.target.world.cancel.whole();
        for container in candidates.values() {
            // Kept first: a run that is killed here leaves nothing that a reboot would end.
            self.target.docker().run(&instance::set_restart_policy(container))?;
        }
        for (service, container) in &candidates {
            let port = self.target.world.service(service)?.port;
            self.serving.insert(service.clone(), format!("{container}:{port}"));
        }
        routes::send_to(self.target, &self.serving)?;
        Ok(candidates.values().map(|it| format!("switch to `{it}`")).collect())
    }

    /// Old containers of all services drain side by side: each waits for itself only.
    fn retire(&mut self) -> Result<()> {
        let steps: Vec<&Step<Change>> = self.plans.iter().flat_map(|plan| &plan.retire).collect();
        if steps.is_empty() {
            return Ok(());
        }
        let target = self.target;
        let phase = target.world.report.phase("drain");
        let drained: Vec<Result<()>> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                steps.iter().map(|step| scope.spawn(|| drain(target, &step.what))).collect();
            workers.into_iter().map(|it| it.join().expect("a drain does not panic")).collect()
        });
        drained.into_iter().collect::<Result<Vec<()>>>()?;
        phase.done(&format!("{} gone", Count(steps.len(), "old container")));
        Ok(())
    }

    fn go_back(&mut self) -> Result<()> {
        routes::send_to(self.target, &self.before)?;
        for (service, container) in rollout::started(&self.plans) {
            if !self.before.values().any(|it| proxy::container_of(it) == container) {
                self.end_candidate(service, container)?;
            }
        }
        Ok(())
    }
}

impl DockerRollout<'_> {
    fn forward(&self, service: &str) -> Vec<Step<Change>> {
        let plan = self.plans.iter().find(|plan| plan.service == service);
        plan.map(|plan| plan.forward.clone()).unwrap_or_default()
    }

    /// The containers that are to be switched to, by service.
    fn candidates(&self) -> BTreeMap<String, String> {
        let steps = self.plans.iter().flat_map(|plan| &plan.forward);
        let switched = steps.filter_map(|step| match &step.what {
            Change::Switch { service, container } => Some((service.clone(), container.clone())),
            _ => None,
        });
        switched.collect()
    }

    fn run(&self, service: &str, container: &str) -> Result<()> {
        let wanted = |it: &&Desired| it.service.name == service;
        let desired = self.desired.iter().find(wanted).expect("the plan is made of these");
        let start = desired.start(&self.target.owner, self.target.engine.grants);
        let started = self.target.docker().run(&start.input(self.settings[service].clone()));
        started
            .map(drop)
            .map_err(|failure| failure.during(format!("failed to start `{container}`")))
    }

    /// A candidate may have requests under way: it drains like everything else that served.
    fn end_candidate(&self, service: &str, container: &str) -> Result<()> {
        let docker = self.target.docker();
        if docker.state(container)?.is_some_and(|state| state.running) {
            let seconds = self.target.world.service(service)?.drain_seconds;
            docker.run(&instance::stop(container, seconds))?;
        }
        docker.remove(&self.target.owner, container)
    }
}

/// SIGTERM, the drain time, and then it is gone. An end by SIGKILL is a service that did not
/// keep its word, and is said.
fn drain(target: &DockerTarget<'_>, change: &Change) -> Result<(), Failure> {
    let docker = target.docker();
    let (service, container) = match change {
        Change::Drain { service, container } => (service, container),
        Change::Remove { container } => return docker.remove(&target.owner, container),
        Change::Start { .. } | Change::Switch { .. } => return Ok(()),
    };
    tested::kill_at("in-drain");
    // Nobody tells any more how long a service drains that is described no more.
    let seconds = target.world.deploy.service(service).map_or(DRAIN_MAX, |it| it.drain_seconds);
    docker.run(&instance::stop(container, seconds))?;
    let code = docker.state(container)?.map_or(0, |state| state.exit_code);
    if code != 0 {
        let line =
            format!("`{container}` did not end well within its drain time: exit code {code}");
        target.world.report.warning(&line);
    }
    docker.remove(&target.owner, container)
}
