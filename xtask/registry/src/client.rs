//! The registry of one host: where it is, who we are there, and what is remembered of it.

use super::auth::{Credentials, Login};
use super::credentials::{self, CredentialsError, Surroundings};
use super::retry_policy::RetryPolicy;
use super::schemes::Schemes;
use super::token::Tokens;
use http::Uri;
use std::fmt;
use xtask_core::reference::Repository;
use xtask_http::{Client, Settings};

/// The registry of one host. It remembers tokens and connections between calls, and may be
/// shared.
pub struct Registry {
    pub(super) base: Uri,
    pub(super) login: Option<Login>,
    pub(super) retry_policy: RetryPolicy,
    pub(super) client: Client,
    pub(super) tokens: Tokens,
}

impl Registry {
    /// The registry at `host`, which has its port with it if it needs one. Loopback hosts speak
    /// plain HTTP, all others HTTPS, unless the environment says otherwise.
    ///
    /// # Panics
    /// If `host` could not stand in a URL; a `Repository` never holds such a one.
    pub fn new(host: &str, credentials: Option<Credentials>) -> Self {
        Self::spoken_to(host, &Schemes::of(|name| std::env::var_os(name)), credentials)
    }

    pub(super) fn spoken_to(
        host: &str,
        schemes: &Schemes,
        credentials: Option<Credentials>,
    ) -> Self {
        let scheme = if schemes.is_plain(host) { "http" } else { "https" };
        // Docker Hub's images are named after a host that serves no registry.
        let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let base = format!("{scheme}://{host}/").parse().expect("the host of a repository");
        // No limit on a whole upload: what counts is that bytes move.
        let client = Client::new(Settings::of_environment());
        let (retry_policy, tokens) = (RetryPolicy::default(), Tokens::default());
        Self { base, login: credentials.map(Login::Password), retry_policy, client, tokens }
    }

    /// The registry of `repository`, with the credentials that `docker login` or `podman login`
    /// keep on this machine for it, if any.
    pub async fn of(repository: &Repository) -> Result<Self, CredentialsError> {
        let surroundings = Surroundings::of(|name| std::env::var_os(name));
        let login = credentials::find(repository, &surroundings).await?;
        Ok(Self::new(repository.registry(), None).with_login(login))
    }

    /// The same registry, to which we say who we are in this way.
    #[must_use]
    pub fn with_login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    /// The same registry with other limits, or another clock.
    #[must_use]
    pub fn with_retry_policy(self, retry_policy: RetryPolicy) -> Self {
        Self { retry_policy, ..self }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Registry({})", self.base)
    }
}
