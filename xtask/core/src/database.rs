//! The database of an environment: what is done to its schema, and what is known of it.

pub mod assess;
pub mod doctor;
pub mod lint;
pub mod migration;
pub mod sql;
pub mod statistics;
