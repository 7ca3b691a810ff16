//! `rollout`: moves an environment to a release of its registry.

use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::flags::{Moving, Reviewed, Rollout};
use crate::ship::course::Wish;
use crate::ship::lease::Lease;
use crate::ship::rollout::{Mode, Rolled};
use crate::ship::site::Site;
use crate::ship::{migrate, release, rollout, settings};
use crate::target;
use crate::world::World;
use serde_json::json;
use xtask_core::deploy::TargetKind;
use xtask_core::digest::Digest;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::release::{Release, tag_of};
use xtask_core::ship::review::Review;

pub(super) fn run(flags: &Rollout, world: &World<'_>) -> Result<Exit> {
    target::check(world, &flags.environment)?;
    refuse_no_name(&flags.release)?;
    let machine = of_machine(world, &flags.environment, "rollout", &flags.reviewed)?;
    let site = reach(world, &flags.environment, &flags.reviewed)?;
    migrate::obstacles::refuse_foreign(&site, &migrate::files(world)?)?;
    let lease = lease(&site, machine.as_ref(), &flags.reviewed)?;
    let way = Way { reviewed: &flags.reviewed, moving: &flags.moving };
    go(&site, lease.as_ref(), &flags.release, Action::Rollout, way)
}

/// Refuses what is no name of a release, before anything is started to look for it.
pub(super) fn refuse_no_name(release: &str) -> Result<()> {
    tag_of(release)
        .map(drop)
        .or_usage(|| format!("cannot use `{release}`: no release has that name"))
}

/// How a person wants it to be done.
#[derive(Clone, Copy)]
pub(super) struct Way<'f> {
    pub(super) reviewed: &'f Reviewed,
    pub(super) moving: &'f Moving,
}

/// The lease of this machine; only to look, none is needed.
pub(super) fn of_machine(
    world: &World<'_>,
    environment: &str,
    verb: &str,
    reviewed: &Reviewed,
) -> Result<Option<OfMachine>> {
    if only_shows(world, environment, reviewed)? {
        return Ok(None);
    }
    let wait = Wait { limit: reviewed.limit(), cancel: &world.cancel };
    OfMachine::wait(&world.state(environment), verb, &lease::who(), &wait).map(Some)
}

/// The lease of the environment, for whoever has that of this machine.
pub(super) fn lease<'a>(
    site: &Site<'a>,
    machine: Option<&OfMachine>,
    reviewed: &Reviewed,
) -> Result<Option<Lease<'a>>> {
    machine.map(|machine| Lease::take(site, machine, reviewed.limit())).transpose()
}

/// Whether nothing is changed. What others may use is only changed by somebody who says so; what is
/// on this machine is one's own.
pub(super) fn only_shows(
    world: &World<'_>,
    environment: &str,
    reviewed: &Reviewed,
) -> Result<bool> {
    let is_here = world.environment(environment)?.target == TargetKind::Docker;
    let is_told = is_here || reviewed.apply || reviewed.plan.is_some();
    Ok(reviewed.dry_run || !is_told)
}

/// The environment, ready to be changed; only to look, nothing of it is started.
pub(super) fn reach<'a>(
    world: &'a World<'a>,
    environment: &'a str,
    reviewed: &Reviewed,
) -> Result<Site<'a>> {
    if only_shows(world, environment, reviewed)? {
        return Site::look(world, environment);
    }
    target::refuse_unknown(world, environment)?;
    let site = Site::open(world, environment)?;
    site.target.preflight()?;
    site.target.prepare()?;
    Ok(site)
}

/// Moves `site` to the release called `version`, if the schema allows it.
pub(super) fn go<'a>(
    site: &Site<'a>,
    lease: Option<&Lease<'a>>,
    version: &str,
    action: Action,
    way: Way<'_>,
) -> Result<Exit> {
    let release = release::get(site, version)?;
    if action == Action::Rollback {
        site.world.report.status(&settings::of_today(site, &release));
    }
    let mode = match lease {
        None => Mode::Show,
        Some(lease) => Mode::Apply(lease, way.reviewed.plan.as_ref()),
    };
    let rolled = rollout::to(site, wish(&release, action, way.moving), mode)?;
    let (changed, done, outcome) = match rolled {
        Rolled::Shown(plan, digest) => return Ok(show(site, &plan, &digest)),
        Rolled::AlreadySo => (false, None, "runs already".to_owned()),
        Rolled::Done(done) => {
            let proof = &done.proof;
            let lost = proof.probe.as_ref().map(|it| format!("; {}", it.line()));
            (true, Some(done), format!("serves{}", lost.unwrap_or_default()))
        }
    };
    let (release, report) = (&release.version, site.world.report);
    let mut value = json!({ "release": release, "changed": changed, "probe": null });
    if let Some(done) = done {
        value["probe"] = json!(done.proof.count());
        value["proof"] = json!(done.proof);
        value["report"] = json!(done.report);
    }
    report.data(&value, &format!("release {release} {outcome}"));
    Ok(Exit::Done)
}

/// What is wanted, with what the flags say of it.
pub(super) fn wish<'w>(release: &'w Release, action: Action, moving: &'w Moving) -> Wish<'w> {
    let forced = moving.force_schema_skew.as_deref();
    let (drops, unbacked) = (&moving.drop, moving.without_backup.as_deref());
    let (all, explains) = (moving.all, moving.explain);
    Wish { release, action, forced, all, explains, drops, unbacked }
}

/// What would be done, and the digest by which exactly that is done later.
pub(super) fn show(site: &Site<'_>, plan: &Review, digest: &Digest) -> Exit {
    let value = json!({ "plan": digest, "steps": plan.steps });
    if plan.steps.is_empty() {
        site.world.report.data(&value, "nothing to do: this release runs already");
        return Exit::Done;
    }
    site.world.report.data(&value, &format!("would do:\n{}\nplan {digest}", plan.lines()));
    Exit::Planned
}
