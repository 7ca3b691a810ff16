//! The lists of what released images are made of, by digest.

use crate::error::{Context as _, Failure, Result};
use crate::image::{StoredImage, inventory, stored_image};
use crate::world::{World, definition_name};
use std::collections::BTreeMap;
use xtask_core::digest::Digest;
use xtask_core::ship::release::{ReleasedBom, ReleasedImage};
use xtask_core::trust::sbom::Format;
use xtask_image::json_v1;

/// The lists of every image of `services`, which this checkout has built. Of an image that cannot
/// be listed that is said, and none is named: then nothing can be verified of it.
pub(super) fn of(
    world: &World<'_>,
    services: &BTreeMap<String, ReleasedImage>,
) -> Result<BTreeMap<String, Vec<ReleasedBom>>> {
    let one = |(service, released): (&String, &ReleasedImage)| {
        let image = stored_image(world, definition_name(&world.service(service)?.image))?;
        if image.index.digest != released.index {
            return Err(Failure::refused(format!("cannot list what `{service}` is made of"))
                .reason("another build has changed it meanwhile")
                .hint("run it again"));
        }
        let lists = lists(world, &image).unwrap_or_else(|failure| {
            let why = failure.innermost_line();
            let line = format!("the release names no SBOM of `{service}`: {why}");
            world.report.warning(&line);
            Vec::new()
        });
        Ok((service.clone(), lists))
    };
    // Each reads all layers of an image, so they read side by side.
    std::thread::scope(|scope| {
        let workers: Vec<_> = services.iter().map(|it| scope.spawn(move || one(it))).collect();
        workers.into_iter().map(|it| it.join().expect("a list does not panic")).collect()
    })
}

fn lists(world: &World<'_>, image: &StoredImage) -> Result<Vec<ReleasedBom>> {
    let mut lists = Vec::new();
    for on in &image.platforms {
        let inventory = inventory(world, image, on)?;
        for format in Format::ALL {
            let bytes = json_v1::to_bytes(&format.document(&inventory));
            let bytes = bytes.or_outside(|| format!("failed to list `{}`", image.name))?;
            let (kind, digest) = (format.predicate_type().to_owned(), Digest::of(&bytes));
            lists.push(ReleasedBom { platform: on.platform, kind, digest });
        }
    }
    Ok(lists)
}
