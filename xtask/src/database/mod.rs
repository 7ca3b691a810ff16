//! The database of an environment: scratch copies of it, and what is in them.
//!
//! May use: `cancel`, `edge`, `error`. It decides nothing; that is `core/src/database`.

pub mod connections;
pub mod replay;
pub mod scratch;
pub mod trial;
