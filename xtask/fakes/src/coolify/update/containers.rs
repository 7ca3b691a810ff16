//! What Coolify does to containers: really, or to simulated ones.

pub(super) mod docker;
pub mod simulated;

use super::journal::Event;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A host's containers, images and networks.
pub trait Containers: Send + Sync {
    /// Fetches an image, always, even one that is here.
    fn pull(&self, image: &str) -> Result<(), PullError>;
    /// Creates and starts a container; the cause, as Docker says it, when it cannot.
    fn start(&self, container: &NewContainer) -> Result<(), String>;
    /// What its check says; none for a container that has no check, or is not there.
    fn health(&self, name: &str) -> Option<Health>;
    /// What its last check wrote, and its exit status.
    fn health_log(&self, name: &str) -> Option<(i64, String)>;
    /// Sends TERM, and KILL after the grace; whether it was there.
    fn stop(&self, name: &str, grace: Duration) -> bool;
    /// Removes it, running or not; whether it was there.
    fn remove(&self, name: &str) -> bool;
    /// The containers of an application, newest first.
    fn list(&self, app: &str) -> Vec<Container>;
    /// Every container of this host that Coolify made.
    fn all(&self) -> Vec<Container>;
    /// The last lines that it wrote.
    fn logs(&self, name: &str, lines: usize) -> String;
    /// Runs a shell command in it.
    fn exec(&self, name: &str, command: &str) -> Exec;
    /// The images of a repository on this host.
    fn images(&self, repository: &str) -> Vec<LocalImage>;
    /// Removes a tag of an image.
    fn remove_image(&self, image: &str);
    /// Makes a network, when it is not there.
    fn create_network(&self, name: &str);
    /// Removes a network.
    fn remove_network(&self, name: &str);
    /// What `docker_cleanup` does at its default to the whole host: on record only.
    fn prune_host(&self);
    /// What is on record, oldest first.
    fn events(&self) -> Vec<Event>;
    /// Waits, at most so long, until a container starts, ends, or its health changes; gives the
    /// count of such changes. `seen` is the count that the caller knows.
    fn wait_for_change(&self, seen: u64, at_most: Duration) -> u64;
}

/// Why an image could not be fetched; the text is Docker's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullError {
    /// The registry says that it is not there, or may not be had.
    Denied(String),
    /// Nothing answered. Coolify takes it for a fault of SSH and tries three times.
    ConnectionRefused(String),
}

/// A container as compose makes it.
#[derive(Clone, Debug, Default)]
pub struct NewContainer {
    pub name: String,
    /// The application's uuid: the compose project.
    pub app: String,
    /// With its tag or digest.
    pub image: String,
    /// The network, and its names there.
    pub network: String,
    /// Further names on the network.
    pub aliases: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// What the container sees, after rendering.
    pub env: BTreeMap<String, String>,
    /// The check that Coolify writes; none leaves the image's own.
    pub check: Option<super::Check>,
    /// `host:container`.
    pub ports: Vec<String>,
    /// Limits as arguments of `docker run`.
    pub limits: Vec<String>,
    /// Of `custom_docker_run_options`, what Coolify honours.
    pub options: Vec<String>,
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It has not been answered yet.
    Starting,
    Healthy,
    /// It failed too often.
    Unhealthy,
}

impl Health {
    /// As Docker writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// A container that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    /// The application's uuid.
    pub app: String,
    /// As it was asked for.
    pub image: String,
    /// `running`, `restarting`, `exited`, `created`.
    pub state: String,
    /// What its check says; none without a check.
    pub health: Option<Health>,
    pub labels: BTreeMap<String, String>,
    /// Where it can be reached, without a port: its address on the network.
    pub address: Option<std::net::IpAddr>,
    /// Where a port of it answers, for those that are not at `address`.
    pub served: Option<SocketAddr>,
}

/// What became of a command in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// Its exit status.
    pub status: i32,
    pub output: String,
}

/// An image on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalImage {
    pub repository: String,
    /// The tag; `<none>` for one that was fetched by digest.
    pub tag: String,
    /// When it says it was made, in seconds.
    pub created: i64,
    pub id: String,
}
