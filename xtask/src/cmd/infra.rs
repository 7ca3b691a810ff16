//! `infra`: what stands around the services, planned and made as `deploy.toml` says.

use crate::edge::coolify as edge;
use crate::edge::files;
use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::edge::secrets::{self, Absent};
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{Infra, InfraApply, InfraImport, InfraOf};
use crate::infra::apply::Writer;
use crate::infra::observe::observe;
use crate::report::table;
use crate::runtime;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::ship::{record, review, serving};
use crate::world::World;
use serde_json::{Value, json};
use similar::TextDiff;
use std::time::Duration;
use xtask_core::coolify::desired::{self, Desired};
use xtask_core::coolify::import;
use xtask_core::coolify::observed::Observed;
use xtask_core::coolify::plan::{Plan, Remark, plan};
use xtask_core::deploy;
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_providers::coolify::Coolify;

pub(super) fn run(flags: &Infra, world: &World<'_>) -> Result<Exit> {
    match flags {
        Infra::Plan(flags) => show(&look(world, flags)?, world),
        Infra::Apply(flags) if flags.apply => apply(flags, world),
        Infra::Apply(flags) => show(&look(world, &flags.of)?, world),
        Infra::Drift(flags) => drift(&look(world, flags)?, world),
        Infra::Import(flags) => take_in(flags, world),
    }
}

/// Writes what a running instance has into `deploy.toml`, and nothing that is secret.
fn take_in(flags: &InfraImport, world: &World<'_>) -> Result<Exit> {
    let name = &flags.of.environment;
    let looked = look(world, &flags.of)?;
    let path = world.places.file(deploy::FILE);
    let before = files::read(&path)?;
    let cannot = || format!("cannot write `{name}` into `{}`", deploy::FILE);
    let storage = looked.desired.storage.as_ref().map(|it| it.name.as_str());
    let found = import::found(&looked.observed, storage);
    let after = import::edited(&before, name, &found).or_usage(cannot)?;
    deploy::Deploy::parse(&after).or_refused(cannot).coded(&code::CONFIG)?;
    let is_same = before == after;
    let difference = TextDiff::from_lines(&before, &after);
    let difference = difference.unified_diff().context_radius(2).to_string();
    if flags.apply && !is_same {
        files::write(&path, after.as_bytes())?;
    }
    let said = if is_same { "`deploy.toml` says so already".to_owned() } else { difference };
    let value = json!({ "difference": said, "changed": !is_same, "written": flags.apply });
    world.report.data(&value, said.trim_end());
    Ok(if is_same || flags.apply { Exit::Done } else { Exit::Planned })
}

/// What was found, what is wanted, and what follows.
struct Looked {
    environment: String,
    coolify: Coolify,
    desired: Desired,
    observed: Observed,
    plan: Plan,
    absent: Vec<Absent>,
}

/// What `deploy.toml` says of the Coolify of an environment.
pub(super) fn place<'a>(world: &'a World<'_>, name: &str) -> Result<&'a deploy::Coolify> {
    world.environment(name)?.coolify.as_ref().ok_or_else(|| {
        Failure::usage(format!("cannot plan `{name}`: nothing of it is outside this machine"))
            .hint("environments with `target = \"coolify\"` have such parts")
    })
}

fn look(world: &World<'_>, flags: &InfraOf) -> Result<Looked> {
    let name = &flags.environment;
    let place = place(world, name)?;
    // The token is read apart, and migrations' address is nothing that Coolify is told.
    let mut sources = world.environment(name)?.sources();
    sources.retain(|name, _| name != "coolify.token" && name != "database.direct_url");
    let (found, absent) = secrets::at_hand(&sources);
    let desired = desired::of(&world.deploy, name, &found).expect("it is on a Coolify");
    let coolify = edge::open(place)?;
    let phase = world.report.phase("look");
    let observed = runtime::wait(observe(&coolify, place, &desired))?;
    phase.done(&format!("{} of `{}`", place.url, observed.server.name));
    let plan = plan(&desired, &observed);
    Ok(Looked { environment: name.clone(), coolify, desired, observed, plan, absent })
}

fn show(looked: &Looked, world: &World<'_>) -> Result<Exit> {
    let plan = &looked.plan;
    let digest = match plan.steps.is_empty() {
        true => None,
        false => Some(review::show(world, &plan.review(VERB, &looked.environment))?),
    };
    world.report.data(&value(plan, digest.as_ref()), &said(plan, digest.as_ref()));
    Ok(if plan.steps.is_empty() && plan.refused.is_empty() { Exit::Done } else { Exit::Planned })
}

const VERB: &str = "infra";

fn value(plan: &Plan, digest: Option<&Digest>) -> Value {
    let mut value = serde_json::to_value(plan).expect("a plan is made of texts");
    value["plan"] = json!(digest);
    value
}

/// The plan as a table, with the fields below the steps.
fn said(plan: &Plan, digest: Option<&Digest>) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for step in &plan.steps {
        rows.push(vec![step.action.word().to_owned(), step.part.to_string(), step.why.clone()]);
        rows.extend(step.differences.iter().map(|it| vec![String::new(), format!("  {it}")]));
    }
    let remarks = [("unknown", &plan.unknown), ("refused", &plan.refused), ("left", &plan.foreign)];
    for (word, remarks) in remarks {
        let row = |it: &Remark| vec![word.to_owned(), it.part.to_string(), it.why.clone()];
        rows.extend(remarks.iter().map(row));
    }
    let pending = plan.pending.iter();
    rows.extend(pending.map(|it| vec!["pending".to_owned(), it.part.to_string(), it.why()]));
    // A field may be long: it does not widen the columns.
    let is_field = |row: &Vec<String>| row.len() == 2;
    let short: Vec<Vec<String>> = rows.iter().filter(|row| !is_field(row)).cloned().collect();
    let laid = table(&short);
    let mut laid = laid.lines();
    let line = |row: &Vec<String>| match is_field(row) {
        true => format!("      {}", row[1]),
        false => laid.next().unwrap_or_default().to_owned(),
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if plan.steps.is_empty() {
        lines.insert(0, "nothing to do".to_owned());
    }
    lines.extend(digest.map(|digest| format!("plan {digest}")));
    lines.join("\n")
}

/// 3 where something differs; where nothing does and something is not known, that is said.
fn drift(looked: &Looked, world: &World<'_>) -> Result<Exit> {
    let plan = &looked.plan;
    world.report.data(&value(plan, None), &said(plan, None));
    let is_as_wanted = plan.steps.is_empty() && plan.refused.is_empty() && plan.pending.is_empty();
    Ok(match (is_as_wanted, plan.unknown.is_empty()) {
        (false, _) => Exit::Planned,
        (true, false) => Exit::NotChecked,
        (true, true) => Exit::Done,
    })
}

fn apply(flags: &InfraApply, world: &World<'_>) -> Result<Exit> {
    let name = &flags.of.environment;
    place(world, name)?;
    let (_machine, _lease) = leases(world, name, "infra apply", flags.wait.limit())?;
    let looked = look(world, &flags.of)?;
    refuse(&looked)?;
    review::hold(world, flags.plan.as_ref(), &looked.plan.review(VERB, name))?;
    let done = carry_out(&looked, world)?;
    let left = check(&looked, world, &flags.of, done)?;
    let said = match done {
        0 => "nothing to do".to_owned(),
        _ => format!("{} done; everything that can be read is as wanted", Count(done, "step")),
    };
    say_pending(world, name, &left);
    for remark in &left.unknown {
        world.report.warning(&format!("could not find out {}: {}", remark.part, remark.why));
    }
    let value = json!({ "applied": done, "steps": looked.plan.steps, "unknown": left.unknown });
    world.report.data(&value, &said);
    Ok(Exit::Done)
}

/// Nobody changes what a rollout is about to read, or while one goes on: not from this machine, and
/// not from another.
pub(super) fn leases<'a>(
    world: &'a World<'a>,
    name: &'a str,
    verb: &str,
    limit: Duration,
) -> Result<(OfMachine, Option<Lease<'a>>)> {
    let wait = Wait { limit, cancel: &world.cancel };
    let machine = OfMachine::wait(&world.state(name), verb, &lease::who(), &wait)?;
    let lease = Lease::around(world, name, &machine, limit)?;
    Ok((machine, lease))
}

/// Makes all of `name` as wanted, for another verb; gives how many steps were done.
pub(super) fn make(world: &World<'_>, name: &str) -> Result<usize> {
    let of = InfraOf { environment: name.to_owned(), only: Vec::new() };
    let looked = look(world, &of)?;
    refuse(&looked)?;
    let done = carry_out(&looked, world)?;
    check(&looked, world, &of, done).map(|_| done)
}

/// What of `name` is not as wanted, or not known, in lines.
pub(super) fn left(world: &World<'_>, name: &str) -> Result<Vec<String>> {
    let of = InfraOf { environment: name.to_owned(), only: Vec::new() };
    let plan = look(world, &of)?.plan;
    let remarks = plan.unknown.iter().chain(&plan.refused);
    let remarks = remarks.map(|it| format!("{}: {}", it.part, it.why));
    Ok(plan.steps.iter().map(ToString::to_string).chain(remarks).collect())
}

/// Nothing is begun that cannot be finished.
fn refuse(looked: &Looked) -> Result<()> {
    if !looked.absent.is_empty() {
        return Err(secrets::refused(&looked.absent));
    }
    if looked.plan.refused.is_empty() {
        return Ok(());
    }
    let failure = Failure::refused(format!("cannot make `{}` as wanted", looked.environment))
        .code(&code::INFRA_REFUSED);
    let reason = |failure: Failure, it: &Remark| failure.reason(format!("{}: {}", it.part, it.why));
    Err(looked.plan.refused.iter().fold(failure, reason))
}

/// Containers are told of a change when they are deployed again.
fn say_pending(world: &World<'_>, name: &str, left: &Plan) {
    for pending in &left.pending {
        world.report.warning(&format!("{}: {}", pending.part, pending.why()));
    }
    if left.pending.is_empty() {
        return;
    }
    world.report.status(&match serving_release(world, name) {
        Some(release) => format!("  hint: cargo xtask rollout {name} {release} --apply"),
        None => format!("  hint: roll out again what serves, as `cargo xtask status {name}` tells"),
    });
}

/// The release that serves. What a service was deployed for may be an older one.
fn serving_release(world: &World<'_>, name: &str) -> Option<String> {
    let site = Site::look(world, name).ok()?;
    let records = record::known(&site).ok()?;
    serving::release(&site, &records).ok().flatten()
}

/// Step by step; gives how many were done.
fn carry_out(looked: &Looked, world: &World<'_>) -> Result<usize> {
    let mut writer = Writer::new(&looked.coolify, &looked.desired, &looked.observed);
    let phase = world.report.phase("apply");
    for (done, step) in looked.plan.steps.iter().enumerate() {
        let what = format!("{} {}", step.action.word(), step.part);
        phase.doing(&what);
        let applied = world.cancel.check().and_then(|()| runtime::wait(writer.apply(step)));
        applied.map_err(|failure| broken(failure, done, looked))?;
        phase.note(&what);
    }
    let count = looked.plan.steps.len();
    phase.done(&Count(count, "step").to_string());
    Ok(count)
}

fn broken(failure: Failure, done: usize, looked: &Looked) -> Failure {
    let total = looked.plan.steps.len();
    let failure = match done {
        0 => failure,
        _ => failure.partly().during(format!("failed after {done} of {}", Count(total, "step"))),
    };
    failure.hint(format!(
        "the same command again goes on: cargo xtask infra apply {} --apply",
        looked.environment
    ))
}

/// What Coolify took and did not keep is told, not believed.
fn check(looked: &Looked, world: &World<'_>, flags: &InfraOf, done: usize) -> Result<Plan> {
    if done == 0 {
        return Ok(looked.plan.clone());
    }
    let place = place(world, &flags.environment)?;
    let observed = runtime::wait(observe(&looked.coolify, place, &looked.desired))?;
    let left = plan(&looked.desired, &observed);
    // An application that is removed is gone some seconds later.
    let is_going = |step: &xtask_core::coolify::plan::Step| {
        looked.plan.steps.iter().any(|it| it.action == step.action && it.uuids == step.uuids)
            && step.action == xtask_core::coolify::plan::Action::Delete
    };
    let steps: Vec<_> = left.steps.iter().filter(|step| !is_going(step)).collect();
    if steps.is_empty() && left.refused.is_empty() {
        return Ok(left);
    }
    let failure = Failure::outside("failed to make everything as wanted: Coolify did not keep it")
        .code(&code::INFRA_UNFINISHED)
        .partly();
    Err(steps.iter().fold(failure, |failure, step| failure.reason(step.to_string())))
}
