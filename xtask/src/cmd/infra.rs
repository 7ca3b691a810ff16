//! `infra`: what stands around the services, planned and made as `deploy.toml` says: the server at
//! Hetzner Cloud (`server`, `cost`), and what is in the Coolify on it.

mod cost;
mod import;
mod server;
mod steps;

use crate::edge::coolify as edge;
use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::edge::secrets::{self, Absent};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{Infra, InfraApply, InfraOf, InfraPart};
use crate::infra::apply::Writer;
use crate::infra::observe::observe;
use crate::report::table;
use crate::runtime;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::ship::{record, review, serving};
use crate::world::World;
use serde_json::{Value, json};
use std::time::Duration;
use xtask_core::coolify::desired::{self, Desired};
use xtask_core::coolify::observed::Observed;
use xtask_core::coolify::plan::{Plan, Step, plan};
use xtask_core::deploy;
use xtask_core::digest::Digest;
use xtask_core::plan::{Action, Count};
use xtask_core::ship::review::Review;
use xtask_providers::coolify::Coolify;

pub(super) fn run(flags: &Infra, world: &World<'_>) -> Result<Exit> {
    match flags {
        Infra::Plan(flags) => show(&whole(world, flags)?, world),
        Infra::Apply(flags) if flags.apply => apply(flags, world),
        Infra::Apply(flags) => show(&whole(world, &flags.of)?, world),
        Infra::Drift(flags) => drift(&whole(world, flags)?, world),
        Infra::Cost(flags) => cost::run(flags, world),
        Infra::Import(flags) => import::run(flags, world),
    }
}

/// Every part that is asked for.
struct Whole {
    environment: String,
    server: Option<server::Looked>,
    coolify: Option<Looked>,
    /// Whether a Coolify is wanted whose server is not there yet.
    waits: bool,
}

/// What was found in a Coolify, what is wanted, and what follows.
struct Looked {
    environment: String,
    coolify: Coolify,
    desired: Desired,
    observed: Observed,
    plan: Plan,
    absent: Vec<Absent>,
}

/// The parts that are named, or all that the environment has.
fn whole(world: &World<'_>, of: &InfraOf) -> Result<Whole> {
    let server = server_part(world, of)?;
    with_coolify(world, of, server)
}

fn server_part(world: &World<'_>, of: &InfraOf) -> Result<Option<server::Looked>> {
    let name = &of.environment;
    let is_default = of.only.is_empty() && world.environment(name)?.hetzner.is_some();
    let is_asked = is_default || of.only.contains(&InfraPart::Server);
    is_asked.then(|| server::look(world, name)).transpose()
}

/// Whether a Coolify is asked for, and whether it can be: not before its server is there.
fn coolify_part(of: &InfraOf, server: Option<&server::Looked>) -> (bool, bool) {
    let is_asked = of.only.is_empty() || of.only.contains(&InfraPart::Coolify);
    (is_asked, !server.is_some_and(|it| it.plan.buys_a_server()))
}

fn with_coolify(world: &World<'_>, of: &InfraOf, server: Option<server::Looked>) -> Result<Whole> {
    let environment = of.environment.clone();
    let (is_asked, can_be) = coolify_part(of, server.as_ref());
    let coolify = (is_asked && can_be).then(|| look(world, &environment)).transpose()?;
    Ok(Whole { environment, server, coolify, waits: is_asked && !can_be })
}

impl Whole {
    /// One review of all parts, the server before what is on it.
    fn review(&self) -> Review {
        let server = self.server.iter().flat_map(|it| it.plan.review());
        let coolify = self.coolify.iter().flat_map(|it| it.plan.review(VERB, "").steps);
        let (verb, environment) = (VERB.to_owned(), self.environment.clone());
        Review { verb, environment, steps: server.chain(coolify).collect() }
    }

    fn value(&self, digest: Option<&Digest>) -> Value {
        let mut value = match &self.coolify {
            Some(looked) => serde_json::to_value(&looked.plan).expect("a plan is made of texts"),
            None => json!({}),
        };
        if let Some(server) = &self.server {
            value["server"] = serde_json::to_value(&server.plan).expect("a plan is made of texts");
        }
        value["plan"] = json!(digest);
        value
    }

    fn said(&self, digest: Option<&Digest>) -> String {
        let mut rows = self.server.iter().flat_map(|it| server::rows(&it.plan)).collect::<Vec<_>>();
        rows.extend(self.coolify.iter().flat_map(|it| rows_of(&it.plan)));
        if self.waits {
            let why = "its server is not there yet".to_owned();
            rows.push(vec!["unknown".to_owned(), "Coolify".to_owned(), why]);
        }
        let mut lines = lay(&rows);
        if !self.has_steps() {
            lines.insert(0, "nothing to do".to_owned());
        }
        lines.extend(self.server.iter().flat_map(|it| server::price(&it.plan)));
        lines.extend(digest.map(|digest| format!("plan {digest}")));
        lines.join("\n")
    }

    fn has_steps(&self) -> bool {
        let coolify = self.coolify.as_ref().is_some_and(|it| !it.plan.steps.is_empty());
        coolify || self.server.as_ref().is_some_and(|it| !it.plan.steps.is_empty())
    }

    fn is_refused(&self) -> bool {
        let coolify = self.coolify.as_ref().is_some_and(|it| !it.plan.refused.is_empty());
        coolify || self.server.as_ref().is_some_and(|it| !it.plan.refused.is_empty())
    }

    fn is_unknown(&self) -> bool {
        let coolify = self.coolify.as_ref().is_some_and(|it| !it.plan.unknown.is_empty());
        coolify || self.server.as_ref().is_some_and(|it| !it.plan.unknown.is_empty())
    }
}

/// What `deploy.toml` says of the Coolify of an environment.
pub(super) fn place<'a>(world: &'a World<'_>, name: &str) -> Result<&'a deploy::Coolify> {
    world.environment(name)?.coolify.as_ref().ok_or_else(|| {
        Failure::usage(format!("cannot plan `{name}`: nothing of it is outside this machine"))
            .hint("environments with `target = \"coolify\"` have such parts")
    })
}

fn look(world: &World<'_>, name: &str) -> Result<Looked> {
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
    Ok(Looked { environment: name.to_owned(), coolify, desired, observed, plan, absent })
}

fn show(whole: &Whole, world: &World<'_>) -> Result<Exit> {
    let has_steps = whole.has_steps();
    let digest = has_steps.then(|| review::show(world, &whole.review())).transpose()?;
    world.report.data(&whole.value(digest.as_ref()), &whole.said(digest.as_ref()));
    Ok(if has_steps || whole.is_refused() { Exit::Planned } else { Exit::Done })
}

const VERB: &str = "infra";

/// What is to be done to a Coolify and what is not, the fields of a step below it.
fn rows_of(plan: &Plan) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for it in &plan.steps {
        rows.extend(steps::rows_of_step(it.action, &it.part, it.why.clone(), &it.differences));
    }
    let remarks = [("unknown", &plan.unknown), ("refused", &plan.refused), ("left", &plan.foreign)];
    rows.extend(remarks.into_iter().flat_map(|(word, it)| steps::rows_of_remarks(word, it)));
    let pending = plan.pending.iter();
    rows.extend(pending.map(|it| vec!["pending".to_owned(), it.part.to_string(), it.why()]));
    rows
}

/// Rows as lines. A field may be long: it does not widen the columns.
fn lay(rows: &[Vec<String>]) -> Vec<String> {
    let is_field = |row: &Vec<String>| row.len() == 2;
    let short: Vec<Vec<String>> = rows.iter().filter(|row| !is_field(row)).cloned().collect();
    let laid = table(&short);
    let mut laid = laid.lines();
    let line = |row: &Vec<String>| match is_field(row) {
        true => format!("      {}", row[1]),
        false => laid.next().unwrap_or_default().to_owned(),
    };
    rows.iter().map(line).collect()
}

/// 3 where something differs; where nothing does and something is not known, that is said.
fn drift(whole: &Whole, world: &World<'_>) -> Result<Exit> {
    world.report.data(&whole.value(None), &whole.said(None));
    let is_pending = whole.coolify.as_ref().is_some_and(|it| !it.plan.pending.is_empty());
    let is_as_wanted = !whole.has_steps() && !whole.is_refused() && !is_pending;
    Ok(match (is_as_wanted, whole.is_unknown()) {
        (false, _) => Exit::Planned,
        (true, true) => Exit::NotChecked,
        (true, false) => Exit::Done,
    })
}

fn apply(flags: &InfraApply, world: &World<'_>) -> Result<Exit> {
    let (name, limit) = (&flags.of.environment, flags.wait.limit());
    if flags.of.only != [InfraPart::Server] {
        place(world, name)?;
    }
    let machine = machine(world, name, "infra apply", limit)?;
    let server = server_part(world, &flags.of)?;
    // The other lease is in a database, which has nothing to do with buying a server.
    let _lease = match coolify_part(&flags.of, server.as_ref()) {
        (true, true) => Lease::around(world, name, &machine, limit)?,
        _ => None,
    };
    let whole = with_coolify(world, &flags.of, server)?;
    if let Some(server) = &whole.server {
        server::refuse(server, flags.over_budget.as_deref())?;
    }
    if let Some(looked) = &whole.coolify {
        refuse(looked)?;
    }
    review::hold(world, flags.plan.as_ref(), &whole.review())?;
    carry_out_all(&whole, flags, world)
}

/// The server first, and then what is on it.
fn carry_out_all(whole: &Whole, flags: &InfraApply, world: &World<'_>) -> Result<Exit> {
    let mut done = 0;
    if let Some(server) = &whole.server {
        done += server::make(server, flags.over_budget.clone(), world)?;
    }
    let mut value = json!({});
    if let Some(looked) = &whole.coolify {
        done += make_coolify(looked, world, &mut value)?;
    }
    if whole.waits {
        world.report.warning("Coolify is not looked at: its server was not there before");
        world
            .report
            .status("  hint: docs/deployment/SERVER.md makes it ready; then run the same again");
    }
    let said = match done {
        0 => "nothing to do".to_owned(),
        _ => format!("{} done; everything that can be read is as wanted", Count(done, "step")),
    };
    value["applied"] = json!(done);
    world.report.data(&value, &said);
    Ok(Exit::Done)
}

fn make_coolify(looked: &Looked, world: &World<'_>, value: &mut Value) -> Result<usize> {
    let done = carry_out(looked, world)?;
    let left = check(looked, world, done)?;
    say_pending(world, &looked.environment, &left);
    for remark in &left.unknown {
        world.report.warning(&format!("could not find out {remark}"));
    }
    value["steps"] = json!(looked.plan.steps);
    value["unknown"] = json!(left.unknown);
    Ok(done)
}

/// Nobody changes what a rollout is about to read, or while one goes on: not from this machine, and
/// not from another.
pub(super) fn leases<'a>(
    world: &'a World<'a>,
    name: &'a str,
    verb: &str,
    limit: Duration,
) -> Result<(OfMachine, Option<Lease<'a>>)> {
    let machine = machine(world, name, verb, limit)?;
    let lease = Lease::around(world, name, &machine, limit)?;
    Ok((machine, lease))
}

fn machine(world: &World<'_>, name: &str, verb: &str, limit: Duration) -> Result<OfMachine> {
    let wait = Wait { limit, cancel: &world.cancel };
    OfMachine::wait(&world.state(name), verb, &lease::who(), &wait)
}

/// Makes all of `name` as wanted, for another verb; gives how many steps were done.
pub(super) fn make(world: &World<'_>, name: &str) -> Result<usize> {
    let looked = look(world, name)?;
    refuse(&looked)?;
    let done = carry_out(&looked, world)?;
    check(&looked, world, done).map(|_| done)
}

/// What of `name` is not as wanted, or not known, in lines.
pub(super) fn left(world: &World<'_>, name: &str) -> Result<Vec<String>> {
    let plan = look(world, name)?.plan;
    let remarks = plan.unknown.iter().chain(&plan.refused).map(ToString::to_string);
    Ok(plan.steps.iter().map(ToString::to_string).chain(remarks).collect())
}

/// Nothing is begun that cannot be finished.
fn refuse(looked: &Looked) -> Result<()> {
    if !looked.absent.is_empty() {
        return Err(secrets::refused(&looked.absent));
    }
    steps::refuse(format!("cannot make `{}` as wanted", looked.environment), &looked.plan.refused)
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
    let named = |step: &Step| steps::named(step.action, &step.part);
    let apply = |step: &Step| runtime::wait(writer.apply(step));
    steps::carry_out(world, &looked.plan.steps, named, apply)
}

/// What Coolify took and did not keep is told, not believed.
fn check(looked: &Looked, world: &World<'_>, done: usize) -> Result<Plan> {
    if done == 0 {
        return Ok(looked.plan.clone());
    }
    let place = place(world, &looked.environment)?;
    let observed = runtime::wait(observe(&looked.coolify, place, &looked.desired))?;
    let left = plan(&looked.desired, &observed);
    // An application that is removed is gone some seconds later.
    let is_going = |step: &Step| {
        looked.plan.steps.iter().any(|it| it.action == step.action && it.uuids == step.uuids)
            && step.action == Action::Delete
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
