//! The Docker client as a process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

#[derive(Clone, Debug)]
pub(super) struct Cli {
    client: PathBuf,
}

impl Cli {
    pub(super) fn new(client: PathBuf) -> Self {
        Self { client }
    }

    pub(super) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<str>>) -> Command {
        let mut command = Command::new(&self.client);
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs it; the cause in Docker's words when it fails.
    pub(super) fn done(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), String> {
        self.done_with(arguments, &BTreeMap::new())
    }

    /// Runs it with variables that must not be arguments.
    pub(super) fn done_with(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let output = self.command(arguments).envs(variables).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() { Ok(()) } else { Err(cause(&output)) }
    }

    /// What it prints, where it succeeds.
    pub(super) fn text(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Option<String> {
        let output = self.command(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    pub(super) fn lines(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Vec<String> {
        let text = self.text(arguments).unwrap_or_default();
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// What it prints, also where it fails in part.
    pub(super) fn printed(&self, arguments: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let output = self.command(arguments).output();
        output.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap_or_default()
    }

    /// Its status and both streams.
    pub(super) fn both(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> (i32, String) {
        match self.command(arguments).output() {
            Ok(output) => {
                let both = [output.stdout, output.stderr].concat();
                let status = output.status.code().unwrap_or(-1);
                (status, String::from_utf8_lossy(&both).into_owned())
            }
            Err(error) => (-1, error.to_string()),
        }
    }
}

fn cause(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    let hint = said.split("\nSee '").next().unwrap_or_default().trim();
    hint.strip_prefix("Error response from daemon: ").unwrap_or(hint).to_owned()
}
