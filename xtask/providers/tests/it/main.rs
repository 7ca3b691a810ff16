//! The clients against the fakes.
#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is asserting")]

mod coolify;
mod deployments;
mod github;
mod notify;
mod secrets;
mod sentry;
