//! Hetzner Cloud's API, as far as one server goes: what can be bought, keys, firewalls, servers and
//! their actions. The token belongs to one project, and goes to one host.
//!
//! `client` sends and asks again, `error` says why a call came to nothing, `pause` how long is
//! waited, `read` and `write` are the calls, `types` what they speak of.

mod client;
mod error;
mod pause;
mod read;
mod types;
mod write;

pub use client::{Hetzner, Settings};
pub use error::{Error, Kind};
pub use types::{
    Action, ActionError, ActionStatus, Backup, Deprecation, Firewall, FirewallAt, FirewallId,
    FirewallRule, Image, Location, NewServer, Price, PriceAt, PricePerGb, Pricing, PrimaryIp,
    Server, ServerMade, ServerType, SshKey, TypeAt,
};
