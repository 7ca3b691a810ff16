//! build: the image of every service, in the layout of the checkout.

use crate::cmd::image::{Built, build};
use crate::error::Result;
use crate::world::{World, definition_name};
use std::collections::BTreeMap;
use xtask_core::platform::Platform;

/// Builds the image of every service for `platforms`.
pub fn services(world: &World<'_>, platforms: &[Platform]) -> Result<BTreeMap<String, Built>> {
    let phase = world.report.phase("build");
    let mut built = BTreeMap::new();
    for service in &world.deploy.services {
        phase.doing(&service.name);
        built.insert(
            service.name.clone(),
            build(world, definition_name(&service.image), platforms, &phase)?,
        );
    }
    let outcome = |(name, image): (&String, &Built)| format!("{name} {}", image.outcome());
    let outcomes: Vec<String> = built.iter().map(outcome).collect();
    phase.done(&outcomes.join("; "));
    Ok(built)
}
