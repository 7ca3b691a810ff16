//! Clients of other people's HTTP APIs, one folder each. They turn typed requests into exchanges
//! and answers into types; they decide nothing and speak to nobody else.

mod bearer;

pub mod call;
pub mod coolify;
pub mod github;
pub mod hetzner;
pub mod notify;
pub mod sentry;
