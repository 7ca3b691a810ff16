//! OpenSSH's client: one command on one server, in a connection of its own.

use crate::edge::shell::{Output, Shell};
use crate::error::{Failure, Result, code};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::deploy::Server;
use xtask_core::secret::Secret;

/// By which ssh says that it, and not the command, failed.
const OWN_FAILURE: i32 = 255;

/// How a server is reached: as whom, and which key it must show.
#[derive(Debug)]
pub struct Reach<'a> {
    server: &'a Server,
    user: &'a str,
    known: Option<&'a Path>,
}

impl<'a> Reach<'a> {
    /// As `user`; `known` is a file with its key, without which `~/.ssh/known_hosts` must know it.
    pub fn new(server: &'a Server, user: &'a str, known: Option<&'a Path>) -> Self {
        Self { server, user, known }
    }

    /// Runs `line` there, as root, with `input`; every line of its output is given to `heard`.
    ///
    /// No connection is shared with another one: a new one proves that one can still get in.
    pub fn run(
        &self,
        shell: &Shell,
        line: &str,
        input: Option<Secret>,
        limit: Duration,
        heard: &(dyn Fn(&str) + Sync),
    ) -> Result<Output> {
        let mut command = Command::new("ssh").args(self.options()).arg(self.as_root(line));
        command.input = input;
        let output = shell.observe_lines(&command.limit(limit), heard)?;
        match output.code {
            Some(OWN_FAILURE) | None => Err(self.unreached(&output)),
            _ => Ok(output),
        }
    }

    fn options(&self) -> Vec<String> {
        let mut options: Vec<String> = ["-T", "-p"].map(str::to_owned).into();
        options.push(self.server.port.to_string());
        for option in [
            "BatchMode=yes",
            "ConnectTimeout=15",
            "ControlPath=none",
            "ServerAliveInterval=15",
            "StrictHostKeyChecking=yes",
        ] {
            options.extend(["-o".to_owned(), option.to_owned()]);
        }
        if let Some(known) = self.known {
            options.extend(["-o".to_owned(), format!("UserKnownHostsFile={}", known.display())]);
        }
        options.extend(["-l".to_owned(), self.user.to_owned()]);
        options.extend(["--".to_owned(), self.server.host.clone()]);
        options
    }

    fn as_root(&self, line: &str) -> String {
        if self.user == "root" { line.to_owned() } else { format!("sudo -n {line}") }
    }

    fn unreached(&self, output: &Output) -> Failure {
        let (user, host) = (self.user, &self.server.host);
        let said = output.last_words();
        let failure = Failure::outside(format!("failed to reach `{host}` as `{user}` over SSH"))
            .code(&code::SERVER_UNREACHED)
            .reason(said.clone());
        match said {
            said if said.contains("Host key verification failed") => failure.hint(format!(
                "compare the key that the provider shows with `ssh-keyscan {host}`, and put it into \
                 `host_key`"
            )),
            said if said.contains("Permission denied") => {
                failure.hint("a server that nobody made ready lets in root only: `--as-root`")
            }
            _ => failure,
        }
    }
}

/// A line of a `known_hosts` file for `server`, if `deploy.toml` says its key.
pub fn known_line(server: &Server) -> Option<String> {
    let key = server.host_key.as_ref()?;
    let mut line = match server.port {
        22 => server.host.clone(),
        port => format!("[{}]:{port}", server.host),
    };
    let _ = writeln!(line, " {key}");
    Some(line)
}
