//! The thinking: nouns of the field as types, and planners that turn observed and desired
//! into steps. Nothing here knows a terminal, a network, a process, a disk or a clock; what
//! it must know is handed in. The fence is this crate's manifest and its `clippy.toml`.
//!
//! The map: [`image`], [`ship`], [`database`], [`backup`], [`coolify`], [`hetzner`], [`check`],
//! [`secrets`], [`server`] and [`trust`] are rooms; what stands beside them is what all of them use.

pub mod address;
pub mod backup;
pub mod check;
pub mod command;
pub mod coolify;
pub mod database;
pub mod deploy;
pub mod descriptor;
pub mod dev;
pub mod digest;
pub mod escape;
pub mod finding;
pub mod hetzner;
mod html;
pub mod image;
pub mod json;
pub mod moment;
pub mod places;
pub mod plan;
pub mod platform;
pub mod reader;
pub mod reference;
pub mod secret;
pub mod secrets;
pub mod server;
pub mod ship;
pub mod template;
pub mod trust;
