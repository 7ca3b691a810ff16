//! An image of our own engine, handed to Docker without a registry.

use super::build::build;
use crate::edge::docker::Docker;
use crate::error::{Context as _, Failure, Result};
use crate::report::Phase;
use crate::world::{World, this_platform};
use std::io::BufWriter;
use xtask_image::docker_archive::write_from_layout;
use xtask_image::image::Manifest;
use xtask_image::layout::Layout;

/// The tag of the image called `name` on the engine; it is built, and loaded if that is not what
/// the tag names.
pub fn loaded(world: &World<'_>, name: &str, phase: &Phase<'_>) -> Result<String> {
    let platform = this_platform()?;
    let built = build(world, name, &[platform], phase)?;
    let manifest = built.manifest(platform).expect("it was built for this platform");
    // Named by its digest: what is loaded under this tag never needs loading again.
    let tag = format!("{}/{name}:{}", world.deploy.project, manifest.digest.short());
    let docker = Docker::new(&world.shell);
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
