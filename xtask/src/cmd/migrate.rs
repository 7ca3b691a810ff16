//! `migrate`: shows which migrations are pending, or applies them.

use crate::edge::holder::{self, Holder};
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Migrate;
use crate::road::site::Site;
use crate::road::{backing, migrate};
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;

pub(super) fn run(flags: &Migrate, world: &World<'_>) -> Result<Exit> {
    world.docker_environment(&flags.environment)?;
    let _lease = Holder::take(&world.state(&flags.environment), "migrate", &holder::who())?;
    let site = Site::open(world, &flags.environment)?;
    backing::preflight(&site)?;
    backing::ensure(&site)?;
    let files = migrate::files(world)?;
    let plan = if flags.apply {
        migrate::apply(&site, &files)?
    } else {
        migrate::plan(&Database::connect(&site.database())?, &files)?
    };
    let pending = Count(plan.pending.len(), "migration");
    let said = if flags.apply { "applied now" } else { "pending" };
    let text = format!("{pending} {said}\n{}", plan.pending.join("\n"));
    world.report.data(&json!({ "plan": plan, "applied": flags.apply }), text.trim_end());
    let idle = flags.apply || plan.pending.is_empty();
    Ok(if idle { Exit::Done } else { Exit::Planned })
}
