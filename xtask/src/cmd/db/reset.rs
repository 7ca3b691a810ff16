//! `db reset`: the local database as its migrations make it, and nothing in it.

use crate::edge::lease::{self, Lease as OfMachine};
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::DbReset;
use crate::ship::lease::Lease;
use crate::ship::migrate::{self, Order};
use crate::ship::site::Site;
use crate::target;
use crate::world::World;
use serde_json::json;
use std::time::Duration;
use xtask_core::database::assess::Consent;
use xtask_core::plan::Count;

pub(super) fn run(flags: &DbReset, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    target::check(world, name)?;
    super::refuse_shared(name, "reset", world)?;
    let machine = OfMachine::take(&world.state(name), "db reset", &lease::who())?;
    let site = Site::open(world, name)?;
    site.target.preflight()?;
    site.target.prepare()?;
    let lease = Lease::take(&site, &machine, Duration::ZERO)?;
    let mut database = Database::connect(&site.database()?)?;
    let tables = database.tables()?;
    let what = format!("resetting `{name}` drops {}", Count(tables.len(), "table"));
    super::ask(&what, flags.yes, world)?;
    lease.phase("reset")?;
    {
        let _whole = world.cancel.whole();
        database.empty()?;
    }
    drop(database);
    let consent = Consent::default();
    let users = migrate::users(&site);
    let order = Order { reviewed: None, consent: &consent, users, before: &|_| Ok(()) };
    let plan = migrate::apply(&site, &lease, &migrate::files(world)?, order)?;
    let applied = Count(plan.pending.len(), "migration");
    let value = json!({ "environment": name, "dropped": tables, "applied": plan.pending });
    let message = format!("`{name}` is empty; applied {applied}; `cargo xtask db seed` fills it");
    world.report.data(&value, &message);
    Ok(Exit::Done)
}
