//! The programs that keep credentials for Docker and Podman, `docker-credential-<name>`.

use super::file::login;
use super::{CredentialsError, Surroundings};
use crate::auth::Login;
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use xtask_core::reference::Repository;
use xtask_core::secret::Secret;

/// A helper may ask a person for a password, but not for ever.
const HELPER_LIMIT: Duration = Duration::from_secs(60);

/// Asks a helper by each key until it knows one.
pub(super) async fn ask_each(
    name: &str,
    keys: &[String],
    repository: &Repository,
    surroundings: &Surroundings,
) -> Result<Option<Login>, CredentialsError> {
    for key in keys {
        let found = ask(name, key, repository, surroundings).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Asks a helper. It is told the registry on stdin and answers JSON on stdout.
pub(super) async fn ask(
    name: &str,
    key: &str,
    repository: &Repository,
    surroundings: &Surroundings,
) -> Result<Option<Login>, CredentialsError> {
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
        Some(login) => Ok(Some(login)),
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

fn answer(output: &str) -> Option<Login> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Spelled {
        username: String,
        secret: String,
    }
    let spelled: Spelled = serde_json::from_str(output).ok()?;
    Some(login(spelled.username, Secret::new(spelled.secret)))
}
