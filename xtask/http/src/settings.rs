//! What may differ between the users of the client.

use crate::proxies::Proxies;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Names a file of certificate authorities (PEM) that are trusted beside the machine's own.
/// `SSL_CERT_FILE` is honoured too, and as everywhere it stands instead of the machine's.
pub const CA_FILE: &str = "XTASK_CA_FILE";

/// How a client is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long things may take.
    pub limits: Limits,
    /// Whether a connection is used again. A probe wants a fresh one for each question.
    pub keeps_connections: bool,
    /// Through which proxies other machines are asked; this one is never asked through any.
    pub proxies: Proxies,
    /// Certificate authorities that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
}

/// How long things may take. What passes a limit is an error that names it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a connection stands, its handshake included.
    pub connect: Duration,
    /// For the whole exchange; `None` where a body may take as long as its bytes keep moving.
    pub total: Option<Duration>,
    /// For which no byte of a body moves, in either direction.
    pub idle: Duration,
    /// Until the answer begins, once the whole request has left.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let [connect, idle, answer] = [15, 120, 300].map(Duration::from_secs);
        Self { connect, total: None, idle, answer }
    }
}

impl Settings {
    /// What the environment says, asked variable by variable.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let ca_file = variable(CA_FILE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let (limits, proxies) = (Limits::default(), Proxies::of(&variable));
        Self { limits, keeps_connections: true, proxies, ca_file }
    }

    /// What the environment of this process says.
    pub fn of_environment() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// The same with a limit on each whole exchange.
    #[must_use]
    pub fn within(mut self, total: Duration) -> Self {
        self.limits.total = Some(total);
        self
    }

    /// The same, but every request opens a connection of its own.
    #[must_use]
    pub fn with_fresh_connections(mut self) -> Self {
        self.keeps_connections = false;
        self
    }
}
