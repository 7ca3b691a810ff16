//! `releases`: what the registry of an environment has, newest first.

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::release;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let releases = release::list(&site)?;
    let mut rows = vec![["RELEASE", "MADE", "SCHEMA", "IMAGES"].map(ToOwned::to_owned).to_vec()];
    for release in &releases {
        let images =
            release.services.iter().map(|(name, it)| format!("{name} {}", it.index.short()));
        let head = release.schema_head().unwrap_or("-").to_owned();
        let images = images.collect::<Vec<_>>().join(", ");
        rows.push(vec![release.version.clone(), release.created_at.clone(), head, images]);
    }
    world.report.data(&json!({ "releases": releases }), &table(&rows));
    Ok(Exit::Done)
}
