//! `image build`: images into the OCI layout, for every platform that is asked for.

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ImageBuild;
use crate::image::{Built, build};
use crate::world::{World, definition_name};
use xtask_core::platform::Platform;

pub(super) fn run(flags: &ImageBuild, world: &World<'_>) -> Result<Exit> {
    let images = all(world, &flags.images, &flags.platform)?;
    let line = |it: &Built| format!("{}@{}", it.name, it.index.digest);
    let text: Vec<String> = images.iter().map(line).collect();
    world.report.data(&serde_json::json!({ "images": images }), &text.join("\n"));
    Ok(Exit::Done)
}

/// Builds these images, or those of all services, for these platforms, or each for all of its own.
pub(super) fn all(
    world: &World<'_>,
    images: &[String],
    platforms: &[Platform],
) -> Result<Vec<Built>> {
    let names = if images.is_empty() { service_images(world) } else { images.to_vec() };
    let one = |name: &String| {
        let phase = world.report.phase(name);
        let built = build(world, name, platforms, &phase)?;
        phase.done(&built.outcome());
        Ok(built)
    };
    names.iter().map(one).collect()
}

/// The names of the images of all services.
pub(super) fn service_images(world: &World<'_>) -> Vec<String> {
    let services = world.deploy.services.iter();
    services.map(|service| definition_name(&service.image).to_owned()).collect()
}
