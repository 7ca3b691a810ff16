//! `migrate apply`: applies what is pending; without `--apply` it is shown as `migrate plan` does.

use super::{changing, plan};
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::MigrateApply;
use crate::ship::backup;
use crate::ship::migrate::{self, Order};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::assess::Consent;
use xtask_core::database::migration::MigrationFile;
use xtask_core::plan::Count;

pub(super) fn run(flags: &MigrateApply, world: &World<'_>) -> Result<Exit> {
    let consent = Consent(flags.drop.iter().cloned().collect());
    if !flags.apply {
        return plan::of_environment(&flags.environment, &consent, world);
    }
    let plan = changing(world, &flags.environment, "migrate", &flags.wait, |site, lease| {
        let (reviewed, users) = (flags.plan.as_ref(), migrate::users(site));
        let order = Order { reviewed, consent: &consent, users };
        let files = migrate::files(world)?;
        back_up(flags, site, &files)?;
        migrate::apply(site, lease, &files, order)
    })?;
    let count = Count(plan.pending.len(), "migration");
    let text = format!("{count} applied now\n{}", plan.pending.join("\n"));
    world.report.data(&json!({ "plan": plan, "applied": true }), text.trim_end());
    Ok(Exit::Done)
}

/// The database as it was, before anything of it changes.
fn back_up(flags: &MigrateApply, site: &Site<'_>, files: &[MigrationFile]) -> Result<()> {
    let report = site.world.report;
    if let Some(reason) = &flags.without_backup {
        report.warning(&format!("the schema is changed without a back-up: {reason}"));
        return Ok(());
    }
    let pending = migrate::plan(&Database::connect(&site.database()?)?, files)?.pending;
    backup::carry_out(site, &backup::planned(site, &pending)?)
}
