//! From a definition, its lock and the sources to an image in the OCI layout. Verbs are in
//! `cmd/image`; the bytes are the crate `xtask-image`'s.

mod build;
pub mod cache_lock;
mod compare;
mod folder;
mod form;
mod in_layout;
mod inventory;
mod key;
mod layer_build;
mod layer_cache;
mod loaded;
pub mod locks;
mod needed;
mod pulled;
mod push;
mod rebuild;
mod sandbox;
mod scripts;
mod shared_clock;
mod size;
mod sources;
mod stage;
mod stored;
mod union;

pub use build::{Built, build};
pub use compare::{Compared, Found, compare, differing_layers};
pub use in_layout::{InLayout, in_layout};
pub use inventory::{SOURCE_LABEL, inventory, inventory_key, list_files};
pub use loaded::loaded;
pub use locks::{fitting, npm_lock, python_of, requirements};
pub use needed::{found, needed};
pub use pulled::Pulled;
pub use push::{Pushing, not_pushed, refused};
pub use rebuild::{Rebuilt, rebuild};
pub use scripts::{LockedScript, SCRIPTS_FILE, locked_scripts, reviews};
pub use size::size;
pub use stored::{StoredImage, StoredLayer, StoredPlatform, stored_image, stored_image_in};
