//! `migrate undo`: takes applied migrations back by their `down.sql`, the last one first; without
//! `--apply` it is only shown.

use super::changing;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::MigrateUndo;
use crate::ship::migrate::{self, undo};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::assess::Consent;
use xtask_core::database::undo::{Step, Until};
use xtask_core::plan::Count;

pub(super) fn run(flags: &MigrateUndo, world: &World<'_>) -> Result<Exit> {
    let until = match &flags.after {
        Some(name) => Until::After(name.clone()),
        None => Until::Count(flags.last.unwrap_or(1)),
    };
    let consent = Consent(flags.drop.iter().cloned().collect());
    let wish =
        undo::Wish { until: &until, consent: &consent, forced: flags.force_schema_skew.as_deref() };
    if !flags.apply {
        let site = Site::look(world, &flags.environment)?;
        let steps = undo::plan(&site, &migrate::files(world)?, wish)?;
        show(world, &steps, false);
        return Ok(if steps.is_empty() { Exit::Done } else { Exit::Planned });
    }
    let steps = changing(world, &flags.environment, "migrate undo", &flags.wait, |site, lease| {
        undo::apply(site, lease, &migrate::files(world)?, wish)
    })?;
    show(world, &steps, true);
    Ok(Exit::Done)
}

fn show(world: &World<'_>, steps: &[Step], applied: bool) {
    let verb = if applied { "undone now" } else { "to undo; `--apply` does" };
    let mut lines = vec![format!("{} {verb}", Count(steps.len(), "migration"))];
    lines.extend(steps.iter().map(|it| match applied {
        true => it.name.clone(),
        false => format!("-- {}\n{}", it.name, it.down.trim_end()),
    }));
    world.report.data(&json!({ "steps": steps, "applied": applied }), &lines.join("\n"));
}
