//! roll out: new containers up and ready, the proxy switched, verified, the old ones drained.
//!
//! The old containers run until the new release is verified from outside. So going back is one
//! change of the proxy, and loses nothing either.

use super::probe::Probe;
use super::record::{self, Change as Recorded};
use super::settings;
use super::site::Site;
use super::{gate, scan, verify};
use crate::error::{Failure, Result};
use std::collections::BTreeMap;
use xtask_core::instance::{self, Desired, Observed};
use xtask_core::ledger::{self, Action, Outcome, ProbeCount};
use xtask_core::plan::{Count, Step};
use xtask_core::probe::Tally;
use xtask_core::proxy;
use xtask_core::release::Release;
use xtask_core::retention;
use xtask_core::rollout::{self, Change, ServiceRollout};
use xtask_core::secret::Secret;

/// What a rollout did.
pub enum Rolled {
    /// Everything ran as the release says already.
    AlreadySo,
    /// The release serves and is verified.
    Done(Option<ProbeCount>),
}

/// A rollout that is under way.
struct Rollout<'a> {
    site: &'a Site<'a>,
    desired: Vec<Desired>,
    settings: BTreeMap<String, Secret>,
    plans: Vec<ServiceRollout>,
    /// Where requests went before, to go back to: container and port by service.
    before: BTreeMap<String, String>,
    /// Where they go now.
    serving: BTreeMap<String, String>,
}

/// Moves the environment to `release`. On failure what served before serves.
pub fn to(site: &Site<'_>, release: &Release, action: Action) -> Result<Rolled> {
    scan::may_enter(site, release, action)?;
    let mut rollout = Rollout::plan(site, release)?;
    // A run that was killed after the switch left a release that serves and that nobody verified.
    if rollout::is_idle(&rollout.plans)
        && ledger::is_verified(&record::all(site)?, &release.version)
    {
        return Ok(Rolled::AlreadySo);
    }
    let recorded = Recorded::begin(action, rollout.release_before()?);
    let probe = rollout.probe();
    let forward = rollout.forward().map_err(|failure| ("roll out", failure));
    // From here to the record nothing is cut off: what was begun is finished, or taken back.
    let _whole = site.world.cancel.whole();
    let outcome = forward.and_then(|()| rollout.settle(release));
    let tally = probe.map(Probe::finish);
    rollout.conclude(release, recorded, outcome, tally.as_ref())
}

impl<'a> Rollout<'a> {
    fn plan(site: &'a Site<'a>, release: &Release) -> Result<Self> {
        let (desired, settings) = desired(site, release)?;
        let observed = site.docker().containers(&site.owner)?;
        let config = site.proxy().config()?;
        let serving = proxy::serving(&config);
        let plans = rollout::plan(site.project(), &desired, &observed, &serving);
        let before = proxy::upstreams(&config);
        Ok(Self { site, desired, settings, plans, serving: before.clone(), before })
    }

    /// The release that the public service runs, by the label of its container.
    fn release_before(&self) -> Result<Option<String>> {
        let upstream = self.public().and_then(|name| self.before.get(name));
        let Some(upstream) = upstream else { return Ok(None) };
        let container = proxy::container_of(upstream);
        Ok(self.site.docker().container(container)?.map(|it: Observed| it.release))
    }

    fn public(&self) -> Option<&str> {
        let services = self.site.world.deploy.services.iter();
        let mut public = services.filter(|it| it.access == xtask_core::deploy::Access::Public);
        public.next().map(|service| service.name.as_str())
    }

    /// A probe of what serves; before the first rollout there is nothing to lose.
    fn probe(&self) -> Option<Probe> {
        let name = self.public().filter(|name| self.before.contains_key(*name))?;
        let service = self.site.world.deploy.service(name)?;
        Some(Probe::start(&format!("{}{}", self.site.environment.url, service.health.ready)))
    }

    /// Verify, retire. The error says in which phase it failed.
    fn settle(&self, release: &Release) -> Result<(), (&'static str, Failure)> {
        verify::release(self.site, &release.version).map_err(|failure| ("verify", failure))?;
        self.retire().map_err(|failure| ("drain", failure))
    }

    /// A person who wants it to end is heard between two steps, and while a candidate is waited
    /// for; then what served before is brought back.
    fn forward(&mut self) -> Result<()> {
        self.pull()?;
        let phase = self.site.world.report.phase("roll out");
        let steps: Vec<Step<Change>> =
            self.plans.iter().flat_map(|plan| plan.forward.clone()).collect();
        for step in &steps {
            self.site.world.cancel.check()?;
            phase.doing(&step.to_string());
            self.apply(&step.what)?;
        }
        let done: Vec<String> = steps.iter().map(|step| step.what.to_string()).collect();
        phase.done(&if done.is_empty() { "serves already".to_owned() } else { done.join(", ") });
        Ok(())
    }

    /// Fetches every image before anything is started, side by side.
    fn pull(&self) -> Result<()> {
        let docker = self.site.docker();
        let mut absent = Vec::new();
        for desired in &self.desired {
            if !docker.has_image(&desired.image.to_string())? {
                absent.push(desired);
            }
        }
        if absent.is_empty() {
            return Ok(());
        }
        let phase = self.site.world.report.phase("pull");
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

    /// Old containers of all services drain side by side: each waits for itself only.
    fn retire(&self) -> Result<()> {
        let steps: Vec<&Step<Change>> = self.plans.iter().flat_map(|plan| &plan.retire).collect();
        if steps.is_empty() {
            return Ok(());
        }
        let phase = self.site.world.report.phase("drain");
        let site = self.site;
        let drained: Vec<Result<()>> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                steps.iter().map(|step| scope.spawn(|| drain(site, &step.what))).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("a drain does not panic"))
                .collect()
        });
        drained.into_iter().collect::<Result<Vec<()>>>()?;
        phase.done(&format!("{} gone", Count(steps.len(), "old container")));
        Ok(())
    }

    fn apply(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Remove { container } => self.site.docker().remove(&self.site.owner, container),
            Change::Start { service, container } => self.start(service, container),
            Change::Switch { service, container } => self.switch(service, container),
            Change::Drain { .. } => drain(self.site, change),
        }
    }

    fn start(&self, service: &str, container: &str) -> Result<()> {
        let wanted = |it: &&Desired| it.service.name == service;
        let desired = self.desired.iter().find(wanted).expect("the plan is made of these");
        let start = desired.start(&self.site.owner, self.site.engine.grants);
        let started = self.site.docker().run(&start.input(self.settings[service].clone()));
        started
            .map(drop)
            .map_err(|failure| failure.during(format!("failed to start `{container}`")))
    }

    /// The gate is here and not at the start: a candidate that an earlier, killed run has started
    /// passes it as well.
    fn switch(&mut self, service: &str, container: &str) -> Result<()> {
        gate::wait(self.site, self.site.world.service(service)?, container)?;
        let _whole = self.site.world.cancel.whole();
        // Kept first: a run that is killed here leaves nothing that a reboot would end.
        self.site.docker().run(&instance::keep(container))?;
        let port = self.site.world.service(service)?.port;
        self.serving.insert(service.to_owned(), format!("{container}:{port}"));
        self.send_to(&self.serving)
    }

    fn send_to(&self, serving: &BTreeMap<String, String>) -> Result<()> {
        let routes = self.site.routes(|service| serving.get(service).cloned());
        self.site.proxy().load(&proxy::config(&routes))
    }

    /// Records how it ended. After a failure what served before is brought back first.
    fn conclude(
        &self,
        release: &Release,
        recorded: Recorded,
        outcome: Result<(), (&'static str, Failure)>,
        tally: Option<&Tally>,
    ) -> Result<Rolled> {
        let count = tally.map(Tally::count);
        let Err((phase, failure)) = outcome else {
            let done = recorded.end(self.site, release, Outcome::Done, count);
            // The new release serves, whatever became of its record.
            done.map_err(Failure::partly)?;
            self.let_images_go();
            self.say_lost(tally);
            return Ok(Rolled::Done(count));
        };
        let failure = self.go_back(phase, failure, recorded.from());
        let noted = recorded.end(self.site, release, record::failed(phase, &failure), count);
        if let Err(unrecorded) = noted {
            self.site.world.report.warning(&format!("not recorded: {}", unrecorded.first_line()));
        }
        self.say_lost(tally);
        Err(failure)
    }

    /// Images that no kept release needs are removed. It is no reason to fail: the next one tries
    /// again.
    fn let_images_go(&self) {
        let docker = self.site.docker();
        let prune = || -> Result<()> {
            let kept = retention::images_kept(&record::all(self.site)?, retention::RELEASES_KEPT);
            let present = docker.images(&format!("{}/", self.site.environment.registry))?;
            let mut gone = retention::let_go(&present, &kept).into_iter();
            gone.try_for_each(|name| docker.remove_image(name))
        };
        if let Err(failure) = prune() {
            let line = format!("old images stay: {}", failure.first_line());
            self.site.world.report.warning(&line);
        }
    }

    fn say_lost(&self, tally: Option<&Tally>) {
        let Some(tally) = tally.filter(|tally| tally.count().lost > 0) else { return };
        let count = tally.count();
        let reasons = tally.reasons().join("; ");
        let line = format!("lost {} of {} requests: {reasons}", count.lost, count.sent);
        self.site.world.report.warning(&line);
    }

    /// Sends requests where they went before and removes the candidates. Once the old containers
    /// drain there is nothing to go back to, and nothing to go back for: the new release serves.
    fn go_back(&self, phase: &str, failure: Failure, from: Option<&str>) -> Failure {
        if phase == "drain" {
            return failure.partly();
        }
        if let Err(worse) = self.bring_back() {
            return failure
                .reason(format!("going back failed as well: {}", worse.first_line()))
                .partly();
        }
        match from {
            Some(version) => failure.reason(format!("release `{version}` serves, as before")),
            None => failure.reason("nothing was served before, and nothing is now"),
        }
    }

    /// A candidate may have requests under way: it drains like everything else that served.
    fn let_go(&self, service: &str, container: &str) -> Result<()> {
        let docker = self.site.docker();
        if docker.state(container)?.is_some_and(|state| state.running) {
            let seconds = self.site.world.service(service)?.drain_seconds;
            docker.run(&instance::stop(container, seconds))?;
        }
        docker.remove(&self.site.owner, container)
    }

    fn bring_back(&self) -> Result<()> {
        self.send_to(&self.before)?;
        let changes = self.plans.iter().flat_map(|plan| &plan.forward);
        for step in changes {
            if let Change::Switch { service, container } = &step.what
                && !self.before.values().any(|it| proxy::container_of(it) == container)
            {
                self.let_go(service, container)?;
            }
        }
        Ok(())
    }
}

/// SIGTERM, the drain time, and then it is gone. An end by SIGKILL is a service that did not
/// keep its word, and is said.
fn drain(site: &Site<'_>, change: &Change) -> Result<()> {
    let Change::Drain { service, container } = change else { return Ok(()) };
    let seconds = site.world.service(service)?.drain_seconds;
    let docker = site.docker();
    docker.run(&instance::stop(container, seconds))?;
    let code = docker.state(container)?.map_or(0, |state| state.exit_code);
    if code != 0 {
        let line =
            format!("`{container}` did not end well within its drain time: exit code {code}");
        site.world.report.warning(&line);
    }
    docker.remove(&site.owner, container)
}

fn desired(site: &Site<'_>, release: &Release) -> Result<(Vec<Desired>, BTreeMap<String, Secret>)> {
    let (mut desired, mut filled) = (Vec::new(), BTreeMap::new());
    for service in site.world.deploy.rollout_order() {
        let image = release.services.get(&service.name).ok_or_else(|| {
            let (version, name) = (&release.version, &service.name);
            Failure::refused(format!(
                "cannot roll out release `{version}`: it has no image of `{name}`"
            ))
        })?;
        let settings = settings::fill(site, service, &release.version)?;
        desired.push(Desired {
            service: service.clone(),
            release: release.version.clone(),
            image: image.pin(),
            digest: image.index,
            settings: settings::digest(service, &settings),
        });
        filled.insert(service.name.clone(), settings);
    }
    Ok((desired, filled))
}
