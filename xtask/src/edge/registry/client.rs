//! The registry of one host: where it is, who we are there, and what it remembers.

use super::auth::{Credentials, Scope};
use super::credentials::{self, CredentialsError, Surroundings};
use super::error::RegistryError;
use super::location::is_loopback;
use super::patience::Patience;
use super::session::Session;
use super::token::Tokens;
use super::wire::{self, Ask};
use http::{Method, Uri};
use std::fmt;
use xtask_core::reference::Repository;

/// The registry of one host. It remembers tokens and connections between calls, and may be
/// shared between threads.
pub struct Registry {
    pub(super) base: Uri,
    pub(super) credentials: Option<Credentials>,
    pub(super) patience: Patience,
    pub(super) agent: ureq::Agent,
    pub(super) tokens: Tokens,
}

impl Registry {
    /// The registry at `host`, which has its port with it if it needs one. Loopback hosts speak
    /// plain HTTP, all others HTTPS.
    ///
    /// # Panics
    /// If `host` could not stand in a URL; a `Repository` never holds such a one.
    pub fn new(host: &str, credentials: Option<Credentials>) -> Self {
        let is_loopback = is_loopback(host);
        let scheme = if is_loopback { "http" } else { "https" };
        // Docker Hub's images are named after a host that serves no registry.
        let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let base = format!("{scheme}://{host}/").parse().expect("the host of a repository");
        let agent = wire::agent(is_loopback);
        let (patience, tokens) = (Patience::default(), Tokens::default());
        Self { base, credentials, patience, agent, tokens }
    }

    /// The registry of `repository`, with the credentials that `docker login` or `podman login`
    /// keep on this machine for it, if any.
    pub fn of(repository: &Repository) -> Result<Self, CredentialsError> {
        let surroundings = Surroundings::of(|name| std::env::var_os(name));
        let credentials = credentials::find(repository, &surroundings)?;
        Ok(Self::new(repository.registry(), credentials))
    }

    /// The same registry with other limits, or another clock.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Asks whether there is a registry that lets us in.
    pub fn ping(&self) -> Result<(), RegistryError> {
        let session = Session::quiet(self);
        let ask = Ask::new(Method::GET, session.url("/v2/")?);
        session.send(&Scope::default(), &ask)?.wanted(&[200])?;
        Ok(())
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Registry({})", self.base)
    }
}
