//! The database of an environment: what is done to its schema, and what is known of it.
//!
//! How one is reached is in [`crate::ship::database`].

pub mod assess;
pub mod catalogue;
pub mod doctor;
pub mod extensions;
pub mod health;
pub mod limits;
pub mod line;
pub mod lint;
pub mod migration;
pub mod provider;
pub mod reach;
pub mod rehearsal;
pub mod scratch;
pub mod sql;
pub mod statistics;
pub mod undo;
pub mod url;
