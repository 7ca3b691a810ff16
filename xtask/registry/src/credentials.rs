//! The credentials for a registry: named by variables, as on a machine of GitHub, or those that
//! `docker login` and `podman login` keep, in a file or
//! with a helper program. Reading is here, understanding in `file`; the environment is handed in.

mod file;
mod helper;

pub use file::parse;

use super::auth::{Credentials, Login};
use helper::ask_each;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use xtask_core::reference::Repository;
use xtask_core::secret::Secret;

/// What of the environment says where credentials are.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `REGISTRY_AUTH_FILE`: Podman's file, wherever it is.
    pub registry_auth_file: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, where Podman keeps its file otherwise.
    pub runtime_dir: Option<PathBuf>,
    /// `DOCKER_CONFIG`: Docker's folder, wherever it is.
    pub docker_config: Option<PathBuf>,
    /// `HOME`, where Docker keeps its folder otherwise.
    pub home: Option<PathBuf>,
    /// `PATH`, where helpers are.
    pub path: Option<OsString>,
    /// Who we are at one registry, said outright.
    pub from_variables: Option<FromVariables>,
}

/// Credentials from variables. They are for one host, so that no other registry is ever shown them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromVariables {
    /// `REGISTRY`: a repository there.
    pub registry: String,
    /// `REGISTRY_USER` and `REGISTRY_TOKEN`.
    pub credentials: Credentials,
}

/// The user name behind which an identity token hides.
const TOKEN_USER: &str = "<token>";

/// Why credentials could not be had. None of these holds any.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file is there but cannot be read.
    #[error("failed to read `{path}`")]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// A file or a helper's answer is not what it should be.
    #[error("cannot use the credentials for `{registry}` from `{place}`: {why}")]
    Malformed {
        /// For which registry.
        registry: String,
        /// The file or the helper.
        place: String,
        /// What is wrong; never a value.
        why: String,
    },
    /// A helper could not be run, or failed.
    #[error("failed to ask `{program}` for the credentials of `{registry}`: {why}")]
    Helper {
        /// For which registry.
        registry: String,
        program: String,
        /// Its last line on stderr, or why it did not start.
        why: String,
    },
}

/// What a file says about one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// How to log in, itself.
    Inline(Login),
    /// `docker-credential-<name>` knows.
    Helper {
        /// The name behind `docker-credential-`.
        name: String,
        /// By what it may know the registry, in the order of asking.
        keys: Vec<String>,
    },
}

/// Finds how to log in for a repository: `None` if nobody has logged in.
pub async fn find(
    repository: &Repository,
    surroundings: &Surroundings,
) -> Result<Option<Login>, CredentialsError> {
    let from_variables = surroundings.from_variables.iter().find(|it| it.is_for(repository));
    if let Some(from_variables) = from_variables {
        return Ok(Some(Login::Password(from_variables.credentials.clone())));
    }
    for path in surroundings.files() {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => continue,
            Err(cause) => return Err(CredentialsError::Unreadable { path, cause }),
        };
        let place = path.display().to_string();
        let found = match parse(&text, repository, &place)? {
            None => None,
            Some(Source::Inline(login)) => Some(login),
            Some(Source::Helper { name, keys }) => {
                ask_each(&name, &keys, repository, surroundings).await?
            }
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

impl FromVariables {
    /// All three variables, or nothing is told.
    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let text = |name| variable(name)?.into_string().ok().filter(|value| !value.is_empty());
        let (user, token) = (text("REGISTRY_USER")?, text("REGISTRY_TOKEN")?);
        let credentials = Credentials { user, password: Secret::new(token) };
        Some(Self { registry: text("REGISTRY")?, credentials })
    }

    /// Whether they are for the host of this repository.
    pub fn is_for(&self, repository: &Repository) -> bool {
        self.registry.split('/').next() == Some(repository.registry())
    }
}

impl Surroundings {
    /// What the environment says, asked variable by variable.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            registry_auth_file: path("REGISTRY_AUTH_FILE"),
            runtime_dir: path("XDG_RUNTIME_DIR"),
            docker_config: path("DOCKER_CONFIG"),
            home: path("HOME"),
            path: variable("PATH"),
            from_variables: FromVariables::of(&variable),
        }
    }

    /// The files in the order in which they are asked, Podman's before Docker's.
    fn files(&self) -> Vec<PathBuf> {
        let podman = self.runtime_dir.as_ref().map(|folder| folder.join("containers/auth.json"));
        let home = self.home.as_ref().map(|home| home.join(".docker"));
        let docker = self.docker_config.clone().or(home).map(|folder| folder.join("config.json"));
        [self.registry_auth_file.clone().or(podman), docker].into_iter().flatten().collect()
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
