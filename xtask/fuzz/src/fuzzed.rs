//! The fuzzer's process: libFuzzer hands it bytes, and it hands them to the target that its
//! environment names. `main.rs` builds and starts it.
#![no_main]

use std::sync::LazyLock;
use xtask_fuzz::{TARGET, TARGETS, Target};

static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var(TARGET).unwrap_or_default();
    TARGETS.iter().find(|target| target.name == name).expect("the runner names a target")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (CHOSEN.run)(bytes));
