//! The server below a Coolify: looked at and made ready by our script, over SSH.
//!
//! May use: `edge`, `world`. It does not speak: `cmd` does. What is wanted, and how it is mended, is
//! in the script; what it is told and how its answer is read, in `core/src/server`.

mod place;

pub use place::{Place, first_start};
