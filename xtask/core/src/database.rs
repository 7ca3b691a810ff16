//! The database of an environment: what is done to its schema, and what is known of it.

pub mod migration;
