//! `migrate apply`: applies what is pending; without `--apply` it is shown as `migrate plan` does.

use super::{changing_after, plan};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::MigrateApply;
use crate::ship::backup;
use crate::ship::migrate::{self, Order};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::assess::Consent;
use xtask_core::plan::Count;

pub(super) fn run(flags: &MigrateApply, world: &World<'_>) -> Result<Exit> {
    if !flags.apply {
        return plan::of_environment(&flags.environment, &flags.drop, world);
    }
    // What is refused whatever is pending is refused before our own tables are made there.
    let first = |site: &Site<'_>| migrate::obstacles::refuse(site, &migrate::files(world)?);
    let wait = &flags.wait;
    let plan = changing_after(world, &flags.environment, "migrate", wait, first, |site, lease| {
        let (reviewed, users) = (flags.plan.as_ref(), migrate::users(site));
        let files = migrate::files(world)?;
        let consent = Consent::new(flags.drop.iter().cloned(), &files);
        let unbacked = flags.without_backup.as_deref();
        let before = &|pending: &[String]| backup::before(site, lease, pending, unbacked);
        let order = Order { reviewed, consent: &consent, users, before };
        migrate::apply(site, lease, &files, order)
    })?;
    let count = Count(plan.pending.len(), "migration");
    let text = format!("{count} applied now\n{}", plan.pending.join("\n"));
    world.report.data(&json!({ "plan": plan, "applied": true }), text.trim_end());
    Ok(Exit::Done)
}
