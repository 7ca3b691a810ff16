//! A wanted service as a container: what shapes it beside its image has a digest.

use super::super::Wanted;
use serde::Serialize;
use xtask_core::deploy::{Health, Limits, Service};
use xtask_core::digest::Digest;
use xtask_core::secret::Secret;
use xtask_core::ship::instance::Desired;
use xtask_image::json_v1;

/// What shapes a container beside its image and its settings.
#[derive(Serialize)]
struct Shape<'a> {
    health: &'a Health,
    limits: Limits,
    port: u16,
    settings: Digest,
}

/// The container that `wanted` asks for.
pub(super) fn desired(wanted: &Wanted) -> Desired {
    Desired {
        service: wanted.service.clone(),
        release: wanted.release.clone(),
        image: wanted.image.clone(),
        digest: wanted.digest,
        settings: shape(&wanted.service, &wanted.lasting),
        anew: wanted.anew.clone(),
    }
}

fn shape(service: &Service, settings: &Secret) -> Digest {
    let (health, limits, port) = (&service.health, service.limits, service.port);
    let settings = Digest::of(settings.expose().as_bytes());
    let shape = Shape { health, limits, port, settings };
    Digest::of(&json_v1::to_bytes(&shape).expect("a shape has only texts and numbers"))
}
