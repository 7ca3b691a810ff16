//! The database of an environment as decisions see it: names, limits, and what is in it.
//!
//! How one is reached is in [`crate::ship::database`].

pub mod catalogue;
pub mod doctor;
pub mod limits;
pub mod line;
pub mod scratch;
pub mod url;
