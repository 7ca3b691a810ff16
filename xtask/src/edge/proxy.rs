//! The reverse proxy, told inside its own container: what it listens on through Caddy's admin API,
//! which nobody else reaches, and where requests go by the files that it looks at.

use crate::edge::shell::Shell;
use crate::error::{Context as _, Result};
use serde_json::Value;
use xtask_core::command::Command;
use xtask_core::secret::Secret;
use xtask_core::ship::proxy::{self, ADMIN, ROUTES, Routes};

/// The proxy in one container.
#[derive(Clone, Debug)]
pub struct Proxy<'a> {
    shell: &'a Shell,
    container: String,
}

impl<'a> Proxy<'a> {
    /// The proxy that runs in `container`.
    pub fn new(shell: &'a Shell, container: String) -> Self {
        Self { shell, container }
    }

    /// Gives it a whole configuration. Connections and streams of every service end by that, unless
    /// it is the one that it has: then Caddy changes nothing.
    pub fn configure(&self, config: &Value) -> Result<()> {
        let reload = ["caddy", "reload", "--config", "-", "--address", ADMIN];
        let load = self.inside().args(reload).input(Secret::new(config.to_string())).finishes();
        self.run(&load, "failed to change the proxy").map(drop)
    }

    /// Where it sends requests.
    pub fn routes(&self) -> Result<Routes> {
        let failed = "failed to ask the proxy where it sends requests";
        let listing = self.run(&proxy::list(self.inside(), ROUTES), failed)?;
        Routes::parse(&listing).or_outside(|| failed.to_owned())
    }

    /// Sends new requests by these routes; what is under way stays where it is.
    pub fn switch(&self, routes: &Routes) -> Result<()> {
        self.run(&routes.switch(self.inside(), ROUTES), "failed to change the proxy").map(drop)
    }

    fn inside(&self) -> Command {
        Command::new("docker").args(["exec", "--interactive", &self.container])
    }

    fn run(&self, command: &Command, failed: &str) -> Result<String> {
        let output = self.shell.run(command).map_err(|failure| failure.during(failed))?;
        Ok(output.text())
    }
}
