//! `migrate`: shows which migrations are pending, or applies them.

use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Migrate;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::ship::{migrate, review};
use crate::target;
use crate::world::World;
use serde_json::json;
use xtask_core::database::migration::MigrationPlan;
use xtask_core::plan::Count;

pub(super) fn run(flags: &Migrate, world: &World<'_>) -> Result<Exit> {
    if flags.apply { apply(flags, world) } else { show(flags, world) }
}

/// Only looks: nothing of the environment is started.
fn show(flags: &Migrate, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let files = migrate::files(world)?;
    let plan = migrate::plan(&Database::connect(&site.database()?)?, &files)?;
    if plan.pending.is_empty() {
        let value = json!({ "plan": plan, "applied": false });
        world.report.data(&value, &text_of(&plan, "pending"));
        return Ok(Exit::Done);
    }
    let digest = review::show(world, &migrate::review_of(&site, &plan, &files))?;
    let value = json!({ "plan": plan, "applied": false, "digest": digest });
    world.report.data(&value, &format!("{}\nplan {digest}", text_of(&plan, "pending")));
    Ok(Exit::Planned)
}

fn apply(flags: &Migrate, world: &World<'_>) -> Result<Exit> {
    target::check(world, &flags.environment)?;
    let limit = flags.wait.limit();
    let wait = Wait { limit, cancel: &world.cancel };
    let machine =
        OfMachine::wait(&world.state(&flags.environment), "migrate", &lease::who(), &wait)?;
    let site = Site::open(world, &flags.environment)?;
    site.target.preflight()?;
    site.target.prepare()?;
    let lease = Lease::take(&site, &machine, limit)?;
    let plan = migrate::apply(&site, &lease, &migrate::files(world)?, flags.plan.as_ref())?;
    let value = json!({ "plan": plan, "applied": true });
    world.report.data(&value, &text_of(&plan, "applied now"));
    Ok(Exit::Done)
}

fn text_of(plan: &MigrationPlan, what: &str) -> String {
    let pending = Count(plan.pending.len(), "migration");
    format!("{pending} {what}\n{}", plan.pending.join("\n")).trim_end().to_owned()
}
