//! The clients against the fakes.
#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is asserting")]

mod clients;
mod coolify;
mod deployments;
mod github;
mod hcloud;
mod hetzner;
mod notify;
mod octokit;
mod secrets;
mod sentry;
mod sentry_cli;
