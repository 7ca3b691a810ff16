//! What outsiders may hand us, to every parser of it.
//!
//! A target is a plain function over any bytes: it panics where a promise is broken. The tests
//! of this crate call each with its seeds and with damaged ones; `main.rs` has libFuzzer call it
//! with whatever reaches new code.
#![allow(clippy::disallowed_methods, reason = "a tool of tests, which fail where it cannot look")]

mod mutate;
mod targets;

pub use mutate::damaged;
pub use targets::{TARGETS, Target};

/// Names the target that the fuzzer's process calls.
pub const TARGET: &str = "XTASK_FUZZ_TARGET";
