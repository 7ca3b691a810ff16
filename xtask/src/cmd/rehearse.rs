//! `rehearse`: the pipeline of an environment on a Coolify, run on this machine against a double of
//! Coolify with real containers, offline. Nothing of the real environment is asked or changed.

mod stage;

use super::{infra, ship};
use crate::edge::git;
use crate::edge::lease::{self, Lease as OfMachine};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Rehearse;
use crate::report::table;
use crate::ship::course::Wish;
use crate::ship::lease::Lease;
use crate::ship::rollout::{Done, Mode, Rolled};
use crate::ship::site::Site;
use crate::ship::{migrate, rollout};
use crate::world::World;
use serde_json::json;
use stage::{LOCAL, Stage};
use std::time::{Duration, Instant};
use xtask_core::database::assess::{Consent, Users};
use xtask_core::ship::ledger::Action;
use xtask_core::ship::release::Release;

/// What was walked so far.
#[derive(Default)]
struct Walk {
    steps: Vec<Step>,
    /// Why the environment itself would not take the release.
    refusal: Option<String>,
    /// What did not show that no request is lost.
    doubts: Vec<String>,
}

struct Step {
    name: &'static str,
    ms: u128,
    said: String,
}

pub(super) fn run(flags: &Rehearse, world: &World<'_>) -> Result<Exit> {
    infra::place(world, &flags.environment)?;
    let machine = OfMachine::take(&world.state(LOCAL), "rehearse", &lease::who())?;
    let local = Site::open(world, LOCAL)?;
    local.target.preflight()?;
    let mut walk = Walk::default();
    let release = walk.step("build, push, release", || made(&local))?;
    let stage = Stage::set(world, &local, &flags.environment)?;
    let walked = pipeline(&mut walk, &stage, &machine, &release);
    // Whatever became of it, nothing of it stays.
    let _whole = world.cancel.whole();
    let struck = stage.strike();
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
    let built = ship::prepare(local)?;
    world.cancel.check()?;
    let release = ship::publish(local, &checkout, &built)?;
    let said = release.version.clone();
    Ok((release, said))
}

fn pipeline(
    walk: &mut Walk,
    stage: &Stage<'_>,
    machine: &OfMachine,
    release: &Release,
) -> Result<()> {
    let (world, name) = (&stage.world, stage.name);
    walk.step("infra apply", || {
        let done = infra::make(world, name)?;
        Ok(((), format!("{done} steps")))
    })?;
    let site = Site::open(world, name)?;
    walk.step("preflight", || site.target.preflight().map(|()| ((), "fit".to_owned())))?;
    let lease = Lease::take(&site, machine, Duration::ZERO)?;
    walk.step("migrate", || {
        // Nobody uses what is rehearsed on.
        let (consent, users) = (Consent::default(), Users::Nobody);
        let before = &|_: &[String]| Ok(());
        let order = migrate::Order { reviewed: None, consent: &consent, users, before };
        let plan = migrate::apply(&site, &lease, &migrate::files(world)?, order)?;
        Ok(((), format!("{} applied", plan.pending.len())))
    })?;
    let (first, refusal) = stage.enters(&site, release);
    walk.refusal = refusal;
    let said = walk.refusal.as_ref().map_or("complete".to_owned(), |why| {
        format!("NOT COMPLETE: `{name}` itself would refuse this release: {why}")
    });
    walk.step("scan", || Ok(((), said)))?;
    let again = Release { version: format!("{}-again", first.version), ..first.clone() };
    // The same images under another version change nothing of a service, so all are to move.
    for (step, release, action, all) in [
        ("rollout, verify", &first, Action::Rollout, false),
        ("the same again", &first, Action::Rollout, false),
        ("rollout of a change", &again, Action::Rollout, true),
        ("rollback", &first, Action::Rollback, true),
    ] {
        let doubt = walk.step(step, || rolled(&site, &lease, release, action, all))?;
        walk.doubts.extend(doubt.map(|it| format!("{step}: {it}")));
    }
    walk.step("infra plan", || nothing_left(world, name))?;
    if walk.doubts.is_empty() { Ok(()) } else { Err(not_shown(&walk.doubts)) }
}

fn rolled<'a>(
    site: &Site<'a>,
    lease: &Lease<'a>,
    release: &Release,
    action: Action,
    all: bool,
) -> Result<(Option<String>, String)> {
    let wish =
        Wish { release, action, forced: None, all, explains: false, drops: &[], unbacked: None };
    Ok(match rollout::to(site, wish, Mode::Apply(lease, None))? {
        Rolled::AlreadySo => (None, "nothing to do".to_owned()),
        Rolled::Done(Done { proof, .. }) => {
            let lost = proof.probe.as_ref().map(|it| format!("; {}", it.line()));
            (proof.doubt(), format!("serves{}", lost.unwrap_or_default()))
        }
        Rolled::Shown(..) => (None, "serves".to_owned()),
    })
}

/// Zero downtime is what a rehearsal is to show: a lost request refutes it, and a void measurement
/// does not show it. It is walked to its end all the same: the rest is worth knowing.
fn not_shown(doubts: &[String]) -> Failure {
    let failure = Failure::outside("failed to rehearse: it did not show that no request is lost")
        .code(&code::REQUESTS_LOST);
    doubts.iter().fold(failure, |failure, doubt| failure.reason(doubt.clone()))
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
