//! `release list`: what the registry of an environment has, newest first.

use super::releases;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::release::Published;
use crate::world::World;
use serde_json::{Value, json};

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let releases = releases(world, &flags.environment)?.list()?;
    let head = ["RELEASE", "MADE", "SCHEMA", "IMAGES"].map(ToOwned::to_owned).to_vec();
    let rows: Vec<Vec<String>> = [head].into_iter().chain(releases.iter().map(row)).collect();
    let values: Vec<Value> = releases.iter().map(value).collect();
    world.report.data(&json!({ "releases": values }), &table(&rows));
    Ok(Exit::Done)
}

fn row(published: &Published) -> Vec<String> {
    let release = &published.release;
    let images = release.services.iter().map(|(name, it)| format!("{name} {}", it.index.short()));
    let head = release.schema_head().unwrap_or("-").to_owned();
    let images = images.collect::<Vec<_>>().join(", ");
    vec![release.version.clone(), release.created_at.clone(), head, images]
}

/// The release as it is, and the digest that names it.
pub(super) fn value(published: &Published) -> Value {
    let mut value = json!(published.release);
    value["digest"] = json!(published.artifact.digest);
    value
}
