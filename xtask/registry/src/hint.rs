//! The one next step after a refusal, where it is known.

use super::error::RegistryError;
use super::refusal::Refusal;
use http::StatusCode;

impl RegistryError {
    /// What to change so that it works; `None` where we do not know.
    pub fn hint(&self) -> Option<String> {
        match self.root() {
            Self::Http(error) => error.hint().or_else(|| of_network(error).map(str::to_owned)),
            _ => self.of_registry().map(str::to_owned),
        }
    }

    fn of_registry(&self) -> Option<&'static str> {
        match self.root() {
            Self::Answered { status, refusal, .. } => of_answer(*status, refusal, self),
            Self::Corrupt { .. } | Self::Unreadable { .. } => Some(
                "`cargo xtask image build` finds what is damaged on this machine and makes it anew",
            ),
            Self::Login { .. } => Some("log in again with `docker login` or `podman login`"),
            _ => None,
        }
    }

    fn is_about_token(&self) -> bool {
        match self {
            Self::Token { .. } => true,
            Self::GaveUp { last: inner, .. } | Self::Blob { cause: inner, .. } => {
                inner.is_about_token()
            }
            _ => false,
        }
    }
}

/// What GHCR means is only in its words: the code is `DENIED` each time. No decision hangs on
/// them, only advice.
fn of_answer(status: StatusCode, refusal: &Refusal, error: &RegistryError) -> Option<&'static str> {
    let says = |words: &str| refusal.text.to_ascii_lowercase().contains(words);
    match status.as_u16() {
        401 | 403 if says("create organization package") => Some(
            "give the workflow `permissions: packages: write`, and let members create packages in \
             the organization's settings",
        ),
        401 | 403 if says("write_package") => Some(
            "in the package's settings, under `Manage Actions access`, add this repository with \
             the role `Write`; workflows of forks can never write",
        ),
        401 | 403 if says("read_package") => {
            Some("give the workflow `permissions: packages: read`, and the repository access")
        }
        401 | 403 if says("token scopes") || says("scope") => Some(
            "use a classic personal access token with `write:packages`; fine-grained ones do not \
             reach packages",
        ),
        401 | 403 if error.is_about_token() => {
            Some("user or password is wrong, or has expired: log in again")
        }
        401 => Some("log in with `docker login`, or hand over a user and a token"),
        403 => Some(
            "the user has no access to this repository; on GHCR the package must grant it, and \
             workflows of forks can only read",
        ),
        404 if refusal.has("NAME_UNKNOWN") => {
            Some("check the repository's name; some registries want it created first")
        }
        413 => Some("a layer or manifest is larger than the registry or its proxy takes"),
        429 => Some("the registry limits requests; log in for a higher limit, or come back later"),
        _ => None,
    }
}

fn of_network(error: &xtask_http::Error) -> Option<&'static str> {
    match error {
        error if error.is_refused() => {
            Some("nothing listens there: is the registry up, and the port right?")
        }
        error if error.may_pass() => {
            Some("check the registry's name, and this machine's network, DNS and proxy")
        }
        _ => None,
    }
}
