//! build: the image of every service, in the layout of the checkout.

use crate::error::Result;
use crate::image::{Built, build};
use crate::world::{World, definition_name};
use std::collections::BTreeMap;
use xtask_core::deploy::Service;
use xtask_core::platform::Platform;

/// Builds the image of every service for `platforms`, or for all of its own, side by side: while one waits for its
/// package manager, the other packs.
pub fn services(world: &World<'_>, platforms: &[Platform]) -> Result<BTreeMap<String, Built>> {
    let phase = world.report.phase("build");
    let built: Vec<Result<Built>> = std::thread::scope(|scope| {
        let one = |service: &'_ Service| {
            let image = definition_name(&service.image).to_owned();
            let phase = &phase;
            scope.spawn(move || build(world, &image, platforms, phase))
        };
        let workers: Vec<_> = world.deploy.services.iter().map(one).collect();
        workers.into_iter().map(|it| it.join().expect("a build does not panic")).collect()
    });
    let names = world.deploy.services.iter().map(|service| service.name.clone());
    let built = names.zip(built).map(|(name, built)| Ok((name, built?)));
    let built = built.collect::<Result<BTreeMap<String, Built>>>()?;
    let outcome = |(name, image): (&String, &Built)| format!("{name} {}", image.outcome());
    let outcomes: Vec<String> = built.iter().map(outcome).collect();
    phase.done(&outcomes.join("; "));
    Ok(built)
}
