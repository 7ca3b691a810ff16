//! Coolify's double, as a program beside this one. It ends when its standard input is closed, and
//! removes its containers before that.

use crate::cancel::Cancel;
use crate::edge::shell::{Ending, Output, Shell, Streams, Talk};
use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, PipeWriter};
use std::time::Duration;
use tokio::task::JoinHandle;
use xtask_core::command::Command;

/// Longer than any rehearsal.
const LIMIT: Duration = Duration::from_secs(4 * 3600);
/// Nothing of it may be built yet.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// The double alone would want other features of the crates that this program has, and those crates
/// would be built once more: so it is built as a part of both.
const BUILD: [&str; 10] = [
    "build",
    "--quiet",
    "--locked",
    "--package",
    "xtask",
    "--package",
    "xtask-fakes",
    "--bin",
    "fakes",
    "--message-format=json-render-diagnostics",
];

/// What it says of itself.
#[derive(Debug, Deserialize)]
pub struct Card {
    /// Where the panel and the API are.
    pub url: String,
    /// Its tokens, by what they may do.
    pub tokens: BTreeMap<String, String>,
    /// Where the proxy is.
    pub proxy: String,
}

/// It while it runs.
pub struct Double {
    /// What it said of itself.
    pub card: Card,
    input: Option<PipeWriter>,
    ended: Option<JoinHandle<std::io::Result<(Ending, Output)>>>,
}

impl Double {
    /// Starts it with these arguments, and waits for its card. A signal to this run does not end
    /// it: what was begun there is brought back first.
    pub fn start(shell: &Shell, cancel: &Cancel, arguments: &[&str]) -> Result<Self> {
        let failed = || "failed to start Coolify's double".to_owned();
        let program = build(shell)?;
        let command = Command::new(&program).args(["coolify"]).args(arguments.iter().copied());
        let (reads, input) = std::io::pipe().or_outside(failed)?;
        let (output, writes) = std::io::pipe().or_outside(failed)?;
        let streams = Streams { stdin: reads.into(), stdout: writes.into(), ..Streams::heard() };
        let job = shell.start(&command, streams)?;
        let bounds = {
            let _whole = cancel.whole();
            shell.bounds(&command).limit(LIMIT)
        };
        let ended = runtime::spawn(job.attend(Talk::default(), bounds));
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).or_outside(failed)?;
        let card = serde_json::from_str(&line);
        let double = |card| Self { card, input: Some(input), ended: Some(ended) };
        match card {
            Ok(card) => Ok(double(card)),
            Err(_) => {
                let nothing =
                    Card { url: String::new(), tokens: BTreeMap::new(), proxy: String::new() };
                Err(double(nothing).without_card())
            }
        }
    }

    /// Why it said nothing: it ended.
    fn without_card(mut self) -> Failure {
        let failure = Failure::outside("failed to start Coolify's double").code(&code::TOOL_FAILED);
        match self.wait() {
            Some(Ok((_, output))) => failure.reason(output.stderr.trim().to_owned()),
            _ => failure,
        }
    }

    /// Has it end, and waits for that.
    pub fn end(mut self) {
        self.wait();
    }

    fn wait(&mut self) -> Option<std::io::Result<(Ending, Output)>> {
        self.input.take();
        runtime::wait(self.ended.take()?).ok()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.wait();
    }
}

/// Builds it, and gives the program.
fn build(shell: &Shell) -> Result<String> {
    let said = shell.run(&Command::new("cargo").args(BUILD).limit(BUILD_LIMIT))?.text();
    let made = said.lines().filter_map(|line| serde_json::from_str::<Built>(line).ok());
    made.filter_map(|built| built.executable).next_back().ok_or_else(|| {
        Failure::outside("failed to build Coolify's double: cargo names no program")
            .code(&code::TOOL_FAILED)
    })
}

/// What cargo says of one thing that it built, or found built.
#[derive(Deserialize)]
struct Built {
    executable: Option<String>,
}
