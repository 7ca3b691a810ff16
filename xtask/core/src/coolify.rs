//! Coolify: what it must be told, and what its answers mean.

pub mod watch;
