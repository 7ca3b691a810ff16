//! `completions`: what a shell needs to complete the words of `x` and of `cargo xtask`.

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::{Completions, Flags, ShellName};
use crate::report::Report;
use clap::CommandFactory as _;
use clap_complete::{Shell, generate};
use serde_json::json;

/// `cargo` has completions of its own, which stay in force for every other word.
const BASH: &str = include_str!("completions/cargo.bash");
const ZSH: &str = include_str!("completions/cargo.zsh");
const FISH: &str = include_str!("completions/cargo.fish");

pub(super) fn run(flags: &Completions, report: &Report) -> Result<Exit> {
    let script = script(flags.shell);
    report.data(&json!({ "script": script }), &script);
    Ok(Exit::Done)
}

/// The words of `x` as clap knows them, then how `cargo xtask` leads to the same.
fn script(shell: ShellName) -> String {
    let (shell, cargo) = match shell {
        ShellName::Bash => (Shell::Bash, BASH),
        ShellName::Zsh => (Shell::Zsh, ZSH),
        ShellName::Fish => (Shell::Fish, FISH),
    };
    let mut command = Flags::command().bin_name("x");
    let mut script = Vec::new();
    generate(shell, &mut command, "x", &mut script);
    let script = String::from_utf8(script).expect("clap writes text");
    let script = script.replacen("#compdef x\n", "#compdef x xtask\n", 1);
    format!("{script}\n{}", cargo.trim_end())
}
