//! The program behind `cargo xtask`; `main.rs` only parses, dispatches and says the error.

#![cfg_attr(
    test,
    expect(clippy::disallowed_methods, reason = "a test fails where it cannot look at its files")
)]

pub mod attest;
pub mod backup;
pub mod cancel;
pub mod ci;
pub mod cmd;
pub mod database;
pub mod dev;
pub mod docs;
pub mod edge;
pub mod error;
pub mod exit;
pub mod flags;
pub mod image;
pub mod infra;
pub mod report;
pub mod runtime;
pub mod scan;
pub mod server;
pub mod ship;
pub mod target;
pub mod trace;
pub mod world;
