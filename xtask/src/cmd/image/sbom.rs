//! `image sbom`: what a built image is made of, in a form that other tools read.

use super::looked_at;
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageSbom;
use crate::image::{StoredImage, inventory};
use crate::world::{World, this_platform};
use xtask_core::platform::Platform;
use xtask_image::json_v1;

pub(super) fn run(flags: &ImageSbom, world: &World<'_>) -> Result<Exit> {
    let image = looked_at(world, &flags.image)?;
    let platform = flags.platform.map_or_else(this_platform, Ok)?;
    let on = image.platforms.iter().find(|on| on.platform == platform);
    let inventory = inventory(world, &image, on.ok_or_else(|| not_built(&image, platform))?)?;
    let document = flags.format.document(&inventory);
    let bytes = json_v1::to_bytes(&document).or_outside(|| "failed to write it".to_owned())?;
    world.report.data(&document, &String::from_utf8_lossy(&bytes));
    Ok(Exit::Done)
}

fn not_built(image: &StoredImage, platform: Platform) -> Failure {
    let name = &image.name;
    Failure::usage(format!("cannot list what `{name}` is made of: it is not built for {platform}"))
        .hint(format!("cargo xtask image build {name} --platform {platform}"))
}
