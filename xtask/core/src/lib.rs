//! The thinking: nouns of the field as types, and planners that turn observed and desired
//! into steps. Nothing here knows a terminal, a network, a process, a disk or a clock; what
//! it must know is handed in. The fence is this crate's manifest and its `clippy.toml`.

pub mod advisories;
pub mod attestation;
pub mod backing;
pub mod bench;
pub mod command;
pub mod conditions;
pub mod coverage;
pub mod debian;
pub mod definition;
pub mod deploy;
pub mod descriptor;
pub mod digest;
pub mod finding;
pub mod graph;
pub mod hooks;
pub mod instance;
pub mod judgement;
pub mod leaks;
pub mod ledger;
pub mod lock;
pub mod migration;
pub mod moment;
pub mod npm;
pub mod plan;
pub mod platform;
pub mod probe;
pub mod proxy;
pub mod reader;
pub mod reference;
pub mod release;
pub mod renewal;
pub mod retention;
pub mod rollout;
pub mod sbom;
pub mod scan;
pub mod schedule;
pub mod secret;
pub mod size;
pub mod task;
pub mod template;
pub mod tools;
pub mod turn;
pub mod wheel;
pub mod workflow;
