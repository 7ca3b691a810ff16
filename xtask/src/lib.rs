//! The program behind `cargo xtask`; `main.rs` only parses, dispatches and says the error.

pub mod edge;
