//! What stands around the services as one plan: gathered from where it is, and applied there.
//! What is to be done is decided in `core/src/coolify`.
//!
//! May use: `edge`. It does not speak: `cmd` does.

pub mod apply;
pub mod change;
pub mod hetzner;
pub mod observe;
pub mod preflight;
