//! Rows of the table as a machine runs them that has nothing: the real programs, empty caches.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::cargo_home;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask_core::check::task::{self, Task};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// A home of cargo that has the settings of the machine, and no crate.
fn empty_cargo_home() -> tempfile::TempDir {
    let real = cargo_home().unwrap();
    let home = tempfile::tempdir().unwrap();
    for settings in ["config.toml", "config"].iter().filter(|file| real.join(file).exists()) {
        std::fs::copy(real.join(settings), home.path().join(settings)).unwrap();
    }
    home
}

/// Runs all commands of a row at the root of this checkout.
fn carry_out(task: &Task, cargo_home: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for command in &task.commands {
        let program = match command.program.as_str() {
            // What runs this test.
            "cargo" => PathBuf::from("cargo"),
            other => required!(required_program(other)),
        };
        let mut run = Command::new(program);
        run.args(&command.args).current_dir(root).env("CARGO_HOME", cargo_home);
        let output = run.output().unwrap();
        assert!(output.status.success(), "`{command}` of `{}`: {output:?}", task.name);
    }
}

#[test]
fn cargo_deny_needs_no_crate_but_those_that_its_needs_fetch() {
    let home = empty_cargo_home();
    let rows = task::all();
    let deny = rows.iter().find(|row| row.name == "cargo-deny").unwrap();
    assert_eq!(deny.needs, ["cargo-fetch"]);
    for row in rows.iter().filter(|row| deny.needs.contains(&row.name)) {
        carry_out(row, home.path());
    }
    carry_out(deny, home.path());
}
