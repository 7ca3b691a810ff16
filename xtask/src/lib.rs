//! The program behind `cargo xtask`; `main.rs` only parses, dispatches and says the error.

pub mod attest;
pub mod bench;
pub mod cancel;
pub mod cmd;
pub mod docs;
pub mod edge;
pub mod error;
pub mod exit;
pub mod flags;
pub mod image;
pub mod report;
pub mod road;
pub mod runtime;
pub mod world;
