//! Real small servers with state and faults, which stand in for providers in tests.
#![allow(
    clippy::disallowed_methods,
    reason = "only tests use it, and they fail where it cannot look"
)]

pub mod archive;
pub mod causes;
pub mod coolify;
pub mod deploy;
pub mod discord;
pub mod docker_registry;
pub mod double;
pub mod faults;
pub mod github;
pub mod hetzner;
pub mod http;
pub mod registry;
pub mod requirement;
pub mod sentry;
pub mod slack;
pub mod trivy_database;
