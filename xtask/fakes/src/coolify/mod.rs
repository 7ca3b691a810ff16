//! Coolify: its API with state, and what it does to containers.

pub mod api;
pub mod examples;
pub mod update;
