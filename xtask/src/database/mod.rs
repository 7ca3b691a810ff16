//! The database of an environment: scratch copies of it, and what is in them.
//!
//! May use: `edge`, `error`. It decides nothing; that is `core/src/database`.

pub mod scratch;
