//! `rehearse`: the road of an environment on a Coolify, walked on this machine against a double of
//! Coolify with real containers, offline. Nothing of the real environment is asked or changed.

mod stage;

use super::{infra, up};
use crate::edge::git;
use crate::edge::lease::{self, Lease};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Rehearse;
use crate::report::table;
use crate::ship::rollout::{Mode, Rolled};
use crate::ship::site::Site;
use crate::ship::{migrate, push, release, rollout, scan};
use crate::world::World;
use serde_json::json;
use stage::{LOCAL, Stage};
use std::time::Instant;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::release::{Release, tag_of};

/// What was walked so far.
#[derive(Default)]
struct Walk {
    steps: Vec<Step>,
    /// Why the environment itself would not take the release.
    refusal: Option<String>,
}

struct Step {
    name: &'static str,
    ms: u128,
    said: String,
}

pub(super) fn run(flags: &Rehearse, world: &World<'_>) -> Result<Exit> {
    infra::place(world, &flags.environment)?;
    let _lease = Lease::take(&world.state(LOCAL), "rehearse", &lease::who())?;
    let local = Site::open(world, LOCAL)?;
    local.target.preflight()?;
    let mut walk = Walk::default();
    let release = walk.step("build, push, release", || made(&local))?;
    let stage = Stage::set(world, &local, &flags.environment)?;
    let walked = road(&mut walk, &stage, &flags.environment, &release);
    // Whatever became of it, nothing of it stays.
    let _whole = world.cancel.whole();
    let struck = stage.strike(&local);
    say(world, &walk, walked.is_ok());
    walked.and(struck).map(|()| Exit::Done)
}

impl Walk {
    fn step<T>(
        &mut self,
        name: &'static str,
        walk: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        let began = Instant::now();
        let walked = walk();
        let said = match &walked {
            Ok((_, said)) => said.clone(),
            Err(failure) => format!("failed: {}", failure.innermost_line()),
        };
        self.steps.push(Step { name, ms: began.elapsed().as_millis(), said });
        walked.map(|(value, _)| value)
    }
}

/// Images and release as `up` makes them, in the registry of this machine.
fn made(local: &Site<'_>) -> Result<(Release, String)> {
    let world = local.world;
    let checkout = git::checkout(&world.shell)?;
    let built = up::prepare(local)?;
    world.cancel.check()?;
    up::refuse_changed_tree(world, &checkout)?;
    let scans = scan::services(world, &built)?;
    let version = tag_of(&release::version(&checkout)).expect("a version is made of hex digits");
    let services = push::services(local, &built, &version)?;
    let migrations = migrate::files(world)?;
    let parts = release::Parts { checkout: &checkout, services, migrations: &migrations, scans };
    let release = release::ensure(local, parts)?;
    let said = release.version.clone();
    Ok((release, said))
}

fn road(walk: &mut Walk, stage: &Stage<'_>, name: &str, release: &Release) -> Result<()> {
    let world = &stage.world;
    walk.step("infra apply", || {
        let done = infra::make(world, name)?;
        Ok(((), format!("{done} steps")))
    })?;
    let site = Site::open(world, name)?;
    walk.step("preflight", || site.target.preflight().map(|()| ((), "fit".to_owned())))?;
    walk.step("migrate", || {
        let plan = migrate::apply(&site, &migrate::files(world)?, None)?;
        Ok(((), format!("{} applied", plan.pending.len())))
    })?;
    let (first, refusal) = stage.enters(&site, release);
    walk.refusal = refusal;
    let said = walk.refusal.as_ref().map_or("complete".to_owned(), |why| {
        format!("NOT COMPLETE: `{name}` itself would refuse this release: {why}")
    });
    walk.step("scan", || Ok(((), said)))?;
    let again = Release { version: format!("{}-again", first.version), ..first.clone() };
    let mut to = |step, release: &Release, action| {
        walk.step(step, || rolled(&site, release, action).map(|said| ((), said)))
    };
    to("rollout, verify", &first, Action::Rollout)?;
    to("the same again", &first, Action::Rollout)?;
    to("rollout of a change", &again, Action::Rollout)?;
    to("rollback", &first, Action::Rollback)?;
    walk.step("infra plan", || nothing_left(world, name))
}

fn rolled(site: &Site<'_>, release: &Release, action: Action) -> Result<String> {
    migrate::check_schema(site, release)?;
    Ok(match rollout::to(site, release, action, Mode::Apply(None))? {
        Rolled::AlreadySo => "nothing to do".to_owned(),
        Rolled::Done(Some(probe)) => {
            format!("serves; lost {} of {} requests", probe.lost, probe.sent)
        }
        Rolled::Done(None) | Rolled::Shown(..) => "serves".to_owned(),
    })
}

fn nothing_left(world: &World<'_>, name: &str) -> Result<((), String)> {
    let left = infra::left(world, name)?;
    if left.is_empty() {
        return Ok(((), "empty".to_owned()));
    }
    let failure = Failure::outside("failed to rehearse: a rollout left `infra plan` with steps")
        .code(&code::INFRA_UNFINISHED);
    Err(left.into_iter().fold(failure, Failure::reason))
}

fn say(world: &World<'_>, walk: &Walk, is_whole: bool) {
    let row = |it: &Step| {
        let took = format!("{:.1} s", it.ms as f64 / 1000.0);
        vec![it.name.to_owned(), took, it.said.clone()]
    };
    let steps =
        walk.steps.iter().map(|it| json!({ "name": it.name, "ms": it.ms, "said": it.said }));
    let value = json!({
        "walked": is_whole, "refused": walk.refusal, "steps": steps.collect::<Vec<_>>(),
    });
    world.report.data(&value, &table(&walk.steps.iter().map(row).collect::<Vec<_>>()));
}
