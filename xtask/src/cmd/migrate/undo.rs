//! `migrate undo`: takes applied migrations back by their `down.sql`, the last one first; without
//! `--apply` it is only shown.

use super::changing;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::MigrateUndo;
use crate::ship::backup;
use crate::ship::migrate::{self, undo};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::undo::{Step, Until};
use xtask_core::plan::Count;

pub(super) fn run(flags: &MigrateUndo, world: &World<'_>) -> Result<Exit> {
    let environment = flags.environment.as_str();
    let until = until(flags)?;
    let (drops, forced) = (&flags.drop, flags.force_schema_skew.as_deref());
    let wish = undo::Wish { until: &until, drops, forced };
    if !flags.apply {
        let site = Site::look(world, environment)?;
        let steps = undo::plan(&site, &migrate::files(world)?, wish)?;
        show(world, environment, &steps, false);
        return Ok(if steps.is_empty() { Exit::Done } else { Exit::Planned });
    }
    let steps = changing(world, environment, "migrate undo", &flags.wait, |site, lease| {
        let unbacked = flags.without_backup.as_deref();
        let before = |names: &[String]| backup::before(site, lease, names, unbacked);
        undo::apply(site, lease, &migrate::files(world)?, wish, &before)
    })?;
    show(world, environment, &steps, true);
    Ok(Exit::Done)
}

/// A count means something else once some of them are taken back, so it is only shown by one.
fn until(flags: &MigrateUndo) -> Result<Until> {
    match (&flags.to, &flags.after) {
        (Some(name), _) => Ok(Until::To(name.clone())),
        (None, Some(name)) => Ok(Until::After(name.clone())),
        (None, None) if flags.apply => {
            let line = "cannot undo: `--apply` wants the migration to go back to";
            let shown = format!("`cargo xtask migrate undo {}` tells it", flags.environment);
            Err(Failure::usage(line).hint(format!("--to MIGRATION, or --after MIGRATION; {shown}")))
        }
        (None, None) => Ok(Until::Count(flags.last.unwrap_or(1))),
    }
}

fn show(world: &World<'_>, environment: &str, steps: &[Step], applied: bool) {
    let verb = if applied { "undone now" } else { "to undo" };
    let mut lines = vec![format!("{} {verb}", Count(steps.len(), "migration"))];
    lines.extend(steps.iter().map(|it| match applied {
        true => it.name.clone(),
        false => format!("-- {}\n{}", it.name, it.down.trim_end()),
    }));
    let to = steps.last().map(|it| it.name.as_str());
    if let Some(name) = to.filter(|_| !applied) {
        lines.push(format!("to do it: cargo xtask migrate undo {environment} --to {name} --apply"));
    }
    let value = json!({ "steps": steps, "to": to, "applied": applied });
    world.report.data(&value, &lines.join("\n"));
}
