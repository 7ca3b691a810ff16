//! `migrate stats`: the sizes of an environment's tables, written into a file of the checkout, so
//! that a plan without credentials can weigh a change.

use crate::edge::files;
use crate::edge::postgres::Database;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::ship::migrate;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;

pub(super) fn run(environment: &str, world: &World<'_>) -> Result<Exit> {
    let Some(path) = &world.deploy.migrations.statistics else {
        return Err(Failure::usage("`[migrations]` of deploy.toml names no `statistics`")
            .hint("statistics = \"services/backend/prisma/statistics.json\""));
    };
    let site = Site::look_at_records(world, environment)?;
    let database = Database::connect(&site.database()?)?;
    let mut statistics = migrate::statistics(environment, &database)?;
    statistics.tables.values_mut().for_each(|size| *size = size.rounded());
    let known = files::read_if_there(&world.places.file(path))?;
    let known =
        known.and_then(|text| xtask_core::database::statistics::Statistics::parse(&text).ok());
    let changed = known.is_none_or(|known| known.tables != statistics.tables);
    files::write(&world.places.file(path), statistics.to_text().as_bytes())?;
    let count = Count(statistics.tables.len(), "table");
    let value = json!({ "file": path, "tables": statistics.tables, "changed": changed });
    world.report.data(&value, &format!("{count} of `{environment}` in `{path}`; commit it"));
    Ok(Exit::Done)
}
