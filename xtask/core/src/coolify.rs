//! An environment on Coolify: what is wanted there, what differs, which values survive, whether it
//! is fit, and what its answers about a deployment mean.

pub mod desired;
pub mod fingerprint;
pub mod import;
pub mod observed;
pub mod plan;
pub mod preflight;
pub mod rollout;
pub mod value;
pub mod watch;

/// The name by which a service is found inside the network; unique where environments share one.
pub fn alias(project: &str, environment: &str, service: &str) -> String {
    format!("{project}-{environment}-{service}")
}
