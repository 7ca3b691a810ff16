//! `image build`: images into the OCI layout, for every platform that is asked for.

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ImageBuild;
use crate::image::{Built, build};
use crate::world::{World, definition_name};
use xtask_core::platform::Platform;

pub(super) fn run(flags: &ImageBuild, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { service_images(world) } else { flags.images.clone() };
    let platforms =
        if flags.platform.is_empty() { Platform::ALL.to_vec() } else { flags.platform.clone() };
    let mut images = Vec::new();
    for name in &names {
        let phase = world.report.phase(name);
        let built = build(world, name, &platforms, &phase)?;
        phase.done(&built.outcome());
        images.push(built);
    }
    let line = |it: &Built| format!("{}@{}", it.name, it.index.digest);
    let text: Vec<String> = images.iter().map(line).collect();
    world.report.data(&serde_json::json!({ "images": images }), &text.join("\n"));
    Ok(Exit::Done)
}

fn service_images(world: &World<'_>) -> Vec<String> {
    let services = world.deploy.services.iter();
    services.map(|service| definition_name(&service.image).to_owned()).collect()
}
