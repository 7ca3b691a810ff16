//! The image of a backing service: built by our own engine, handed to Docker without a registry.

use super::super::DockerTarget;
use crate::error::{Context as _, Failure, Result};
use crate::image::build;
use crate::report::Phase;
use crate::world::{definition_name, this_platform};
use std::io::BufWriter;
use xtask_core::ship::backing::BackingService;
use xtask_image::docker_archive::write_from_layout;
use xtask_image::image::Manifest;
use xtask_image::layout::Layout;

/// The tag of the service's image on the engine; the image is loaded if that is not what it names.
pub(super) fn ensure(
    target: &DockerTarget<'_>,
    service: &BackingService,
    phase: &Phase<'_>,
) -> Result<String> {
    let world = target.world;
    let platform = this_platform()?;
    let name = definition_name(&service.definition);
    let built = build(world, name, &[platform], phase)?;
    let manifest = built.manifest(platform).expect("it was built for this platform");
    // Named by its digest: what is loaded under this tag never needs loading again.
    let tag = format!("{}/{name}:{}", target.project(), manifest.digest.short());
    let docker = target.docker();
    let failed = || format!("failed to load image `{name}`");
    let layout = Layout::open_or_create(world.places.layout()).or_outside(failed)?;
    let bytes = layout.read_blob(manifest).or_outside(failed)?;
    let parsed: Manifest = serde_json::from_slice(&bytes).or_outside(failed)?;
    let config = layout.read_blob(&parsed.config).or_outside(failed)?;
    match docker.is_image(&tag, &config)? {
        Some(true) => return Ok(tag),
        Some(false) => world.report.warning(&format!("`{tag}` was another image; loading ours")),
        None => {}
    }
    phase.doing(&format!("loading {name} into Docker"));
    docker.load(|sink| {
        let tags = std::slice::from_ref(&tag);
        write_from_layout(&layout, manifest, tags, BufWriter::new(sink)).or_outside(failed)
    })?;
    if docker.is_image(&tag, &config)? == Some(true) {
        return Ok(tag);
    }
    Err(Failure::refused(format!("cannot use image `{tag}`: it is not the one that was loaded"))
        .hint(format!("see who gives that name: `docker events --filter type=image`; `docker rmi {tag}` takes it away")))
}
