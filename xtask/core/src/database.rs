//! The database of an environment as decisions see it: names, limits, and what is in it.
//!
//! How one is reached is in [`crate::ship::database`]; what is applied to it by releases is in
//! [`crate::ship::migration`].

pub mod catalogue;
pub mod scratch;
