//! The bytes: normal forms, layers and the OCI layout. Files in, files out, no network.
//!
//! `tree` is what a layer holds; `tar_v1`, `gzip_v1` and `json_v1` are the forms it is written
//! in (docs/decisions/0001 to 0003); `layer` joins them in one pass, `listing` reads one
//! back; `cache` remembers what need not be made again; `layout` and `blob` keep the
//! result; `image` and `docker_archive` name it; `deb` and `ar` read what others packed, `elf`
//! checks for whom it was built and `split` parts what is for one platform from what is for all;
//! `union` lays layers on top of each other; `difference` names the first byte in which two of
//! them are not the same.
#![allow(
    clippy::disallowed_methods,
    reason = "what cannot be looked at is made anew, and then says why it cannot be written"
)]

pub mod ar;
pub mod blob;
pub mod cache;
pub mod content;
pub mod deb;
pub mod difference;
pub mod docker_archive;
pub mod elf;
pub mod error;
pub mod gzip_v1;
pub mod image;
pub mod json_v1;
pub mod judge;
pub mod layer;
pub mod layout;
pub mod listing;
pub mod rootfs;
pub mod shape;
pub mod split;
pub mod start;
pub mod tar_v1;
pub mod tree;
pub mod union;

pub use error::{Error, Result};
