//! Runs a command that the core described, and nothing else.

use crate::error::{Context as _, Failure, Result, code};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use xtask_core::command::Command;

/// Runs commands from one folder.
#[derive(Clone, Debug)]
pub struct Shell {
    root: PathBuf,
    /// Where programs are looked for: our own pinned tools first, then the `PATH`.
    path: OsString,
}

/// What a command said, and how it ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Output {
    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Standard output as text, without the newline at its end.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }
}

impl Shell {
    /// Runs commands from `root` unless they say where; `tools` come before the `PATH`.
    pub fn new(root: &Path, tools: &Path) -> Self {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = [tools.to_owned()].into_iter().chain(std::env::split_paths(&inherited));
        let path = std::env::join_paths(folders).unwrap_or(inherited);
        Self { root: root.to_owned(), path }
    }

    /// The folder that commands are run from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Runs `command` and gives back what it said, however it ended.
    pub fn observe(&self, command: &Command) -> Result<Output> {
        let output = self.spawn(command)?.wait_with_output();
        let output = output.or_outside(|| format!("failed to wait for `{command}`"))?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Output { stdout: output.stdout, stderr, code: output.status.code() })
    }

    /// Runs `command`; ending badly is a failure that holds its last lines.
    pub fn run(&self, command: &Command) -> Result<Output> {
        let output = self.observe(command)?;
        if output.succeeded() {
            return Ok(output);
        }
        let said = if output.stderr.trim().is_empty() { output.text() } else { output.stderr };
        let code = output.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        Err(Failure::outside(format!("failed to run `{command}`"))
            .code(&code::TOOL_FAILED)
            .reason(format!("it ended with {code}: {}", last_lines(&said, 12))))
    }

    /// Where a program is, if it is anywhere.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        if program.contains('/') {
            return Some(PathBuf::from(program)).filter(|path| path.is_file());
        }
        let folders = std::env::split_paths(&self.path);
        folders.map(|folder| folder.join(program)).find(|path| path.is_file())
    }

    /// Starts `command` with every stream piped.
    pub fn spawn(&self, command: &Command) -> Result<Child> {
        let mut child = self
            .prepare(command)
            .stdin(if command.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| cannot_start(command, &error))?;
        if let (Some(input), Some(mut stdin)) = (&command.input, child.stdin.take()) {
            // A program that ends without reading says why by its exit code.
            let _unread = stdin.write_all(input.expose().as_bytes());
        }
        Ok(child)
    }

    /// The command as the standard library takes it, with no stream decided.
    pub fn prepare(&self, command: &Command) -> std::process::Command {
        let program = self.find(&command.program).unwrap_or_else(|| command.program.clone().into());
        let mut prepared = std::process::Command::new(program);
        prepared.env("PATH", &self.path);
        let folder = command.folder.as_ref().map_or(self.root.clone(), |it| self.root.join(it));
        command.without.iter().for_each(|name| {
            prepared.env_remove(name);
        });
        prepared.args(&command.args).current_dir(folder).envs(command.env.iter().cloned());
        prepared
    }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    let failure = Failure::outside(format!("failed to start `{}`", command.program))
        .code(&code::TOOL_MISSING)
        .because(error);
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.hint("`./x doctor` lists every tool and how to get it")
        }
        _ => failure,
    }
}

/// The last `count` lines of `text`, which is where programs say what went wrong.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
