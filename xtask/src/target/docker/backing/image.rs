//! The image of a part: built by our own engine, handed to Docker without a registry.

use super::super::DockerTarget;
use crate::error::{Context as _, Result};
use crate::image::build;
use crate::report::Phase;
use crate::world::{definition_name, this_platform};
use std::io::BufWriter;
use xtask_core::backing::Part;
use xtask_image::docker_archive::write_from_layout;
use xtask_image::layout::Layout;

/// The tag of the part's image on the engine; the image is loaded if it is not there.
pub(super) fn ensure(target: &DockerTarget<'_>, part: &Part, phase: &Phase<'_>) -> Result<String> {
    let world = target.world;
    let platform = this_platform()?;
    let name = definition_name(&part.definition);
    let built = build(world, name, &[platform], phase)?;
    let manifest = built.manifest(platform).expect("it was built for this platform");
    // Named by its digest: what is loaded under this tag never needs loading again.
    let tag = format!("{}/{name}:{}", target.project(), manifest.digest.short());
    let docker = target.docker();
    if docker.has_image(&tag)? {
        return Ok(tag);
    }
    phase.doing(&format!("loading {name} into Docker"));
    let failed = || format!("failed to load image `{name}`");
    let layout = Layout::open_or_create(world.places.layout()).or_outside(failed)?;
    docker.load(|sink| {
        let tags = std::slice::from_ref(&tag);
        write_from_layout(&layout, manifest, tags, BufWriter::new(sink)).or_outside(failed)
    })?;
    Ok(tag)
}
