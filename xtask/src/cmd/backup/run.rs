//! `backup run`: takes a back-up now.

use crate::backup::{Home, Purpose, run};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::BackupRun;
use crate::ship::place;
use crate::world::World;
use serde_json::json;

pub(super) fn run(flags: &BackupRun, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    let home = Home::open(world, name, Purpose::Add)?;
    let address = place::of_environment(world, name)?;
    let locks = home.ready(flags.init)?;
    let taken = run::run(&home, &address, locks, &flags.why)?;
    let value = json!({ "environment": name, "repository": home.shown(), "backup": taken });
    let text = format!("{}\nin {}", run::line(&taken.id, &taken.manifest), home.shown());
    world.report.data(&value, &text);
    Ok(Exit::Done)
}
