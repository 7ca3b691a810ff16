//! The SBOM that is scanned beside an image: read out of its layers once.

use crate::edge::files;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::image::{StoredImage, StoredPlatform, inventory, inventory_key};
use crate::world::World;
use std::path::Path;
use xtask_core::trust::sbom::cyclonedx;
use xtask_core::trust::scan::inventory::Sbom;

/// What is known of what `image` is made of; kept in `folder`, so that an unchanged image is not
/// read again.
pub(super) fn sbom(
    world: &World<'_>,
    folder: &Path,
    image: &StoredImage,
    on: &StoredPlatform,
) -> Result<Sbom> {
    let key = inventory_key(world, image, on)?;
    let path = folder.join(format!("{}-sbom.json", key.hex()));
    let kept = files::read_if_there(&path)?;
    if let Some(known) = kept.and_then(|text| serde_json::from_str(&text).ok()) {
        return Ok(known);
    }
    let known = match inventory(world, image, on) {
        Ok(inventory) => Sbom::Document(cyclonedx::document(&inventory)),
        Err(failure) => Sbom::Missing(why(failure)?),
    };
    files::write(&path, serde_json::json!(known).to_string().as_bytes())?;
    Ok(known)
}

/// Why an image has no inventory; what could not be read says nothing of the image.
fn why(failure: Failure) -> Result<String> {
    match failure.exit() {
        Exit::Refused | Exit::Usage => Ok(failure.innermost_line().to_owned()),
        _ => Err(failure),
    }
}
