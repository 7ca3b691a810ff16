//! From a definition, its lock and the sources to an image in the OCI layout. Verbs are in
//! `cmd/image`; the bytes are the crate `xtask-image`'s.

mod build;
mod halves;
mod held;
mod key;
mod memo;
mod push;
mod scripts;
mod size;
mod stage;

pub use build::{Built, build};
pub use held::{Held, HeldLayer, HeldPlatform, held};
pub use push::{Pushing, refused};
pub use scripts::{LockedScript, SCRIPTS_FILE, judgements, locked_scripts};
pub use size::size;
