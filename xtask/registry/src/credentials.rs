//! The credentials for a registry: named by variables, as on a machine of GitHub, or those that
//! `docker login` and `podman login` keep, in a file or
//! with a helper program. Reading is here, understanding in `parse`; the environment is handed in.

use super::auth::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use xtask_core::reference::Repository;
use xtask_core::secret::Secret;

/// The user name behind which helpers hide an identity token.
const TOKEN_USER: &str = "<token>";
/// A helper may ask a person for a password, but not for ever.
const HELPER_LIMIT: Duration = Duration::from_secs(60);

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
    /// Somebody logged in with an identity token.
    #[error(
        "cannot log in to `{registry}` with the identity token from `{place}`: only users with \
         passwords or access tokens are spoken for"
    )]
    IdentityToken {
        /// For which registry.
        registry: String,
        /// The file or the helper.
        place: String,
    },
}

/// What a file says about one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// User and password themselves.
    Inline(Credentials),
    /// `docker-credential-<name>` knows, and calls the registry by this key.
    Helper {
        /// The name behind `docker-credential-`.
        name: String,
        /// What to ask it for.
        key: String,
    },
    /// An identity token.
    IdentityToken,
}

/// Finds the credentials for a repository: `None` if nobody has logged in.
pub async fn find(
    repository: &Repository,
    surroundings: &Surroundings,
) -> Result<Option<Credentials>, CredentialsError> {
    let from_variables = surroundings.from_variables.iter().find(|it| it.is_for(repository));
    if let Some(from_variables) = from_variables {
        return Ok(Some(from_variables.credentials.clone()));
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
            Some(Source::Inline(credentials)) => Some(credentials),
            Some(Source::IdentityToken) => return Err(identity_token(repository, &place)),
            Some(Source::Helper { name, key }) => {
                ask(&name, &key, repository, surroundings).await?
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

    fn is_for(&self, repository: &Repository) -> bool {
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

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AuthFile {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// Understands a credentials file. The helper of one registry comes before the helper for all,
/// that before what stands in the file itself.
pub fn parse(
    text: &str,
    repository: &Repository,
    place: &str,
) -> Result<Option<Source>, CredentialsError> {
    let malformed = |why: &str| CredentialsError::Malformed {
        registry: repository.registry().to_owned(),
        place: place.to_owned(),
        why: why.to_owned(),
    };
    // serde's message may repeat a value; its place may not.
    let file: AuthFile = serde_json::from_str(text)
        .map_err(|error| malformed(&format!("it is not such a file (line {})", error.line())))?;
    let key = keys(repository).into_iter().find(|key| file.auths.contains_key(key));
    let helper_key = keys(repository).into_iter().find(|key| file.cred_helpers.contains_key(key));
    if let Some(key) = helper_key {
        return Ok(Some(Source::Helper { name: file.cred_helpers[&key].clone(), key }));
    }
    if let Some(name) = file.creds_store.filter(|name| !name.is_empty()) {
        let key = key.unwrap_or_else(|| main_key(repository));
        return Ok(Some(Source::Helper { name, key }));
    }
    key.map_or(Ok(None), |key| inline(&file.auths[&key]).map_err(malformed))
}

fn inline(entry: &Entry) -> Result<Option<Source>, &'static str> {
    if entry.identitytoken.as_ref().is_some_and(|token| !token.is_empty()) {
        return Ok(Some(Source::IdentityToken));
    }
    if let (Some(user), Some(password)) = (&entry.username, &entry.password) {
        let password = Secret::new(password.clone());
        return Ok(Some(Source::Inline(Credentials { user: user.clone(), password })));
    }
    let Some(auth) = entry.auth.as_ref().filter(|auth| !auth.is_empty()) else {
        return Ok(None);
    };
    let pair = STANDARD.decode(auth.trim()).map_err(|_| "its `auth` is not base64")?;
    let pair = String::from_utf8(pair).map_err(|_| "its `auth` is not text")?;
    let (user, password) = pair.split_once(':').ok_or("its `auth` has no `:`")?;
    if user == TOKEN_USER {
        return Ok(Some(Source::IdentityToken));
    }
    // Old Dockers padded with zero bytes.
    let password = Secret::new(password.trim_end_matches('\0'));
    Ok(Some(Source::Inline(Credentials { user: user.to_owned(), password })))
}

/// Under which keys a file may know a repository: Podman's per namespace first, the longest
/// before the shorter, then the host as itself and as Docker has spelled it over the years.
fn keys(repository: &Repository) -> Vec<String> {
    let registry = repository.registry();
    let mut keys = vec![repository.to_string()];
    while let Some((shorter, _)) = keys[keys.len() - 1].rsplit_once('/') {
        keys.push(shorter.to_owned());
    }
    for scheme in ["https://", "http://"] {
        let spelled = ["", "/", "/v1/", "/v2/", "/v1", "/v2"];
        keys.extend(spelled.map(|end| format!("{scheme}{registry}{end}")));
    }
    if registry == "docker.io" {
        keys.extend([main_key(repository), "index.docker.io".to_owned()]);
    }
    keys
}

/// What a helper that serves every registry is asked for.
fn main_key(repository: &Repository) -> String {
    match repository.registry() {
        "docker.io" => "https://index.docker.io/v1/".to_owned(),
        registry => registry.to_owned(),
    }
}

/// Asks a helper. It is told the registry on stdin and answers JSON on stdout.
async fn ask(
    name: &str,
    key: &str,
    repository: &Repository,
    surroundings: &Surroundings,
) -> Result<Option<Credentials>, CredentialsError> {
    let program = format!("docker-credential-{name}");
    let registry = repository.registry().to_owned();
    let fail = |why: String| CredentialsError::Helper {
        registry: registry.clone(),
        program: program.clone(),
        why,
    };
    let found = lookup(&program, surroundings).ok_or_else(|| fail("it is not in PATH".into()))?;
    let output = run(&found, key).await.map_err(|error| fail(error.to_string()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        // The protocol has no other way to say that there are none than these words.
        if printed.trim() == "credentials not found in native keychain" {
            return Ok(None);
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().last().unwrap_or("it said nothing");
        return Err(fail(format!("{} ({last})", output.status)));
    }
    match answer(&printed) {
        Some(credentials) if credentials.user == TOKEN_USER => {
            Err(identity_token(repository, &program))
        }
        Some(credentials) => Ok(Some(credentials)),
        None => Err(fail("its answer has no `Username` and `Secret`".to_owned())),
    }
}

/// A name with a slash in it would be a path, and no file may make us run any program.
fn lookup(program: &str, surroundings: &Surroundings) -> Option<PathBuf> {
    let path = surroundings.path.as_ref().filter(|_| !program.contains('/'))?;
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| std::fs::metadata(file).is_ok_and(|it| it.is_file()))
}

async fn run(program: &Path, key: &str) -> io::Result<Output> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read is judged by its answer.
        stdin.write_all(key.as_bytes()).await.ok();
    }
    let never = |_| io::Error::other(format!("it said nothing within {HELPER_LIMIT:?}"));
    tokio::time::timeout(HELPER_LIMIT, child.wait_with_output()).await.map_err(never)?
}

fn answer(output: &str) -> Option<Credentials> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Spelled {
        username: String,
        secret: String,
    }
    let spelled: Spelled = serde_json::from_str(output).ok()?;
    Some(Credentials { user: spelled.username, password: Secret::new(spelled.secret) })
}

fn identity_token(repository: &Repository, place: &str) -> CredentialsError {
    let (registry, place) = (repository.registry().to_owned(), place.to_owned());
    CredentialsError::IdentityToken { registry, place }
}

#[cfg(test)]
mod tests;
