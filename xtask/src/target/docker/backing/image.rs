//! The image of a backing service: built by our own engine, handed to Docker without a registry.

use super::super::DockerTarget;
use crate::error::Result;
use crate::image::loaded;
use crate::report::Phase;
use crate::world::definition_name;
use xtask_core::ship::backing::BackingService;

/// The tag of the service's image on the engine; the image is loaded if that is not what it names.
pub(super) fn ensure(
    target: &DockerTarget<'_>,
    service: &BackingService,
    phase: &Phase<'_>,
) -> Result<String> {
    loaded(target.world, definition_name(&service.definition), phase)
}
