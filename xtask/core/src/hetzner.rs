//! A server at Hetzner Cloud with its keys and its firewall: what is wanted, what was found, what
//! follows, what it costs, and what no plan may do.

pub mod cost;
pub mod desired;
pub mod lint;
pub mod money;
pub mod observed;
pub mod plan;
pub mod rule;

pub use money::Money;
