//! The server of an environment at Hetzner Cloud, as one part of the plan.

use super::steps;
use crate::edge::hetzner as edge;
use crate::error::{Failure, Result, code};
use crate::infra::hetzner::{Journal, Writer, observe};
use crate::runtime;
use crate::server::first_start;
use crate::world::World;
use xtask_core::deploy;
use xtask_core::hetzner::desired::{self, Desired};
use xtask_core::hetzner::lint::lint;
use xtask_core::hetzner::observed::Observed;
use xtask_core::hetzner::plan::{Plan, Step, plan};
use xtask_core::plan::Count;
use xtask_providers::hetzner::Hetzner;

/// What was found, what is wanted, and what follows.
pub(super) struct Looked {
    pub(super) environment: String,
    pub(super) hetzner: Hetzner,
    pub(super) desired: Desired,
    pub(super) observed: Observed,
    pub(super) plan: Plan,
}

/// What `deploy.toml` says of the server that an environment has at Hetzner.
pub(super) fn place<'a>(world: &'a World<'_>, name: &str) -> Result<&'a deploy::Hetzner> {
    world.environment(name)?.hetzner.as_ref().ok_or_else(|| {
        Failure::usage(format!("cannot plan the server of `{name}`: it has none at Hetzner"))
            .hint(format!("`[environments.{name}.hetzner]` in `deploy.toml` describes one"))
    })
}

pub(super) fn look(world: &World<'_>, name: &str) -> Result<Looked> {
    let place = place(world, name)?;
    let desired = desired::of(&world.deploy, name).expect("it has both tables");
    let hetzner = edge::open(place)?;
    let phase = world.report.phase("look");
    let observed = runtime::wait(observe(&hetzner, &desired))?;
    phase.done(&format!("{} at Hetzner", Count(observed.servers.len(), "server")));
    let plan = planned(&desired, &observed)?;
    Ok(Looked { environment: name.to_owned(), hetzner, desired, observed, plan })
}

/// No plan is shown that does what none may.
fn planned(desired: &Desired, observed: &Observed) -> Result<Plan> {
    let plan = plan(desired, observed);
    let wrong = lint(desired, observed, &plan);
    if wrong.is_empty() {
        return Ok(plan);
    }
    let failure = Failure::refused("cannot use the plan: it does what no plan may")
        .code(&code::INFRA_REFUSED)
        .hint("this is a mistake of ours: nothing was done");
    Err(wrong.into_iter().fold(failure, Failure::reason))
}

/// Nothing is begun that cannot be finished, and nothing is bought beyond the budget.
pub(super) fn refuse(looked: &Looked, over_budget: Option<&str>) -> Result<()> {
    let name = &looked.environment;
    steps::refuse(format!("cannot make the server of `{name}` as wanted"), &looked.plan.refused)?;
    let Some((price, budget)) = looked.plan.over_budget().filter(|_| over_budget.is_none()) else {
        return Ok(());
    };
    Err(Failure::refused(format!("cannot make the server of `{name}`: it is beyond the budget"))
        .code(&code::OVER_BUDGET)
        .reason(format!("{price} EUR a month; `budget_eur_per_month` is {budget}"))
        .hint(format!(
            "`cargo xtask infra cost {name}` lists what else is in stock; `--over-budget REASON` \
             buys it all the same"
        )))
}

/// Step by step, and then it is looked whether it is so; gives how many were done.
pub(super) fn make(
    looked: &Looked,
    over_budget: Option<String>,
    world: &World<'_>,
) -> Result<usize> {
    let journal = Journal::new(&world.state(&looked.environment), over_budget);
    let server = world.environment(&looked.environment)?.server.as_ref();
    let data = first_start(world, server.expect("a server beside it is read"))?;
    let Looked { hetzner, desired, observed, plan, .. } = looked;
    let mut writer = Writer::new(hetzner, desired, observed, &journal, &data);
    if writer.has_server() {
        journal.bought()?;
    }
    let named = |step: &Step| steps::named(step.action, &step.part);
    let apply = |step: &Step| runtime::wait(writer.apply(step));
    let count = steps::carry_out(world, &plan.steps, named, apply)?;
    if count > 0 {
        check(looked, world)?;
    }
    Ok(count)
}

/// What Hetzner took and did not keep is told, not believed.
fn check(looked: &Looked, world: &World<'_>) -> Result<()> {
    let observed = runtime::wait(observe(&looked.hetzner, &looked.desired))?;
    let left = planned(&looked.desired, &observed)?;
    let ours = observed.servers.iter().find(|it| it.name == looked.desired.name);
    if let Some(address) = ours.and_then(|it| it.ipv4.as_ref()) {
        world.report.status(&format!("server `{}` is at {address}", looked.desired.name));
    }
    if left.steps.is_empty() && left.refused.is_empty() {
        return Ok(());
    }
    let failure = Failure::outside("failed to make the server as wanted: Hetzner did not keep it")
        .code(&code::INFRA_UNFINISHED)
        .partly();
    Err(left.steps.iter().fold(failure, |failure, step| failure.reason(step.to_string())))
}

/// What is to be done and what is not, with its price, what changes below each.
pub(super) fn rows(plan: &Plan) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for step in &plan.steps {
        let price = step.price.map(|it| format!("; {it} EUR a month")).unwrap_or_default();
        let why = format!("{}{price}", step.why);
        rows.extend(steps::rows_of_step(step.action, &step.part, why, &step.differences));
    }
    let remarks = [("unknown", &plan.unknown), ("refused", &plan.refused), ("left", &plan.left)];
    rows.extend(remarks.into_iter().flat_map(|(word, it)| steps::rows_of_remarks(word, it)));
    rows
}

/// What it costs, and what it may cost.
pub(super) fn price(plan: &Plan) -> Option<String> {
    let price = plan.price?;
    let budget = match plan.budget {
        Some(budget) if price > budget => format!("; over the budget of {budget}"),
        Some(budget) => format!(", of a budget of {budget}"),
        None => String::new(),
    };
    Some(format!("server: {price} EUR a month with tax, at today's prices{budget}"))
}
