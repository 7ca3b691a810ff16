//! Images: what is defined, what is locked, what is built.

mod against;
mod attest;
mod build;
mod gc;
mod init;
mod inspect;
mod keygen;
mod list;
mod lock;
mod newest;
mod push;
mod rebuilt;
mod sbom;
mod scan;
mod scripts;
mod size;
mod verify;
mod verify_attestation;

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Image;
use crate::image::{StoredImage, stored_image};
use crate::world::World;

/// Does what the command line says about images.
pub(super) fn run(flags: Image, world: &World<'_>) -> Result<Exit> {
    match flags {
        Image::Init(flags) => init::run(&flags, world),
        Image::List => list::run(world),
        Image::Lock(flags) => lock::run(&flags, world),
        Image::Build(flags) => build::run(&flags, world),
        Image::Inspect(flags) => inspect::run(&flags, world),
        Image::Size(flags) => size::run(&flags, world),
        Image::Scripts(flags) => scripts::run(&flags, world),
        Image::Push(flags) => push::run(&flags, world),
        Image::Verify(flags) => verify::run(&flags, world),
        Image::Scan(flags) => scan::run(&flags, world),
        Image::Sbom(flags) => sbom::run(&flags, world),
        Image::Keygen(flags) => keygen::run(&flags, world),
        Image::Attest(flags) => attest::run(&flags, world),
        Image::Newest(flags) => newest::run(&flags, world),
        Image::VerifyAttestation(flags) => verify_attestation::run(&flags, world),
        Image::Gc(flags) => gc::run(&flags, world),
    }
}

/// The image called `name` as it was built last. What its index lists beside images for platforms
/// of ours is said: somebody else put it there, and nothing below looks at it.
fn looked_at(world: &World<'_>, name: &str) -> Result<StoredImage> {
    let image = stored_image(world, name)?;
    for skipped in &image.skipped {
        world.report.warning(&format!("image `{name}`: skipped {skipped}"));
    }
    Ok(image)
}
