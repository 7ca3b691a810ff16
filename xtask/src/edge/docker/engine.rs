//! Whether a Docker engine answers, and starting one where that is possible.

use super::docker;
use crate::edge::shell::{Shell, command, last_lines};
use crate::edge::{clock, files};
use crate::error::{Failure, Result, code};
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::ship::instance::Grants;

/// What containers ask for by default; an engine that may not grant it starts none.
const FILES_WANTED: u64 = 1_048_576;
/// What we give a container: plenty for a service, and below every limit met in the wild.
const FILES_MAX: u64 = 65_536;
/// What is given where even that is not allowed.
const FILES_RESTRICTED: u64 = 1024;
/// Where the engine of this machine listens, under both of its names.
const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];
/// What chooses another engine; the first one that is set decides.
const CHOICES: [&str; 2] = ["DOCKER_HOST", "DOCKER_CONTEXT"];
const START_LIMIT: Duration = Duration::from_secs(60);

/// The engine, as far as starting containers needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    pub version: String,
    /// What it grants to containers.
    pub grants: Grants,
    /// Whether this run started it.
    pub started: bool,
}

/// The engine that answers; one is started if none does and this user may.
pub fn ensure(shell: &Shell, state: &Path) -> Result<Engine> {
    let migrates_connections = files::is_file(Path::new("/proc/sys/net/ipv4/tcp_migrate_req"))?;
    let grants = Grants { files_max: files_max()?, migrates_connections };
    if let Some(version) = ask(shell)? {
        return Ok(Engine { version, grants, started: false });
    }
    start(shell, state)?;
    let version = ask(shell)?.ok_or_else(|| {
        Failure::outside("failed to reach the Docker engine").code(&code::ENGINE_SILENT)
    })?;
    Ok(Engine { version, grants, started: true })
}

/// Whether an engine answers right now. One that could not be asked is a failure: it may run
/// containers of ours.
pub fn answers(shell: &Shell) -> Result<bool> {
    Ok(ask(shell)?.is_some())
}

/// How Docker's client says that nothing listens at a socket, in versions before 28 and from 28 on,
/// and what follows the path.
const NOBODY: [(&str, &str); 2] = [
    ("Cannot connect to the Docker daemon at unix://", ". Is the docker daemon"),
    ("failed to connect to the docker API at unix://", "; check if the path"),
];

/// Whether Docker's client says that the engine of this machine does not run. Of any other socket
/// or machine it says nothing: the address may be wrong, and an engine may run elsewhere.
fn is_nobody_here(printed: &str) -> bool {
    NOBODY.iter().any(|(before, after)| {
        let path = printed.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        path.is_some_and(|(path, _)| SOCKETS.contains(&path))
    })
}

/// The version of the engine that answers; none if Docker's client says that there is none.
fn ask(shell: &Shell) -> Result<Option<String>> {
    let question = docker(["version", "--format", "{{.Server.Version}}"]);
    let output = shell.observe(&question).map_err(unasked)?;
    let printed = output.last_words();
    match output.code {
        Some(0) if !output.text().is_empty() => Ok(Some(output.text())),
        Some(code) if code != 0 && is_nobody_here(&printed) => Ok(None),
        _ => {
            let refused = without_permission().map(|refusal| refusal.reason(&printed));
            Err(refused.unwrap_or_else(|| unreachable_engine(&printed)))
        }
    }
}

/// A client that hangs or is ended by a signal is there all the same.
fn unasked(failure: Failure) -> Failure {
    if failure.name() != code::TOOL_MISSING.name {
        return failure;
    }
    failure
        .during("cannot find Docker")
        .hint("`./x up` installs it on Debian and Ubuntu; elsewhere install Docker first")
}

/// The variable that chooses an engine, with its value.
fn choice() -> Option<(&'static str, String)> {
    let set = |name: &'static str| {
        let value = std::env::var_os(name)?.to_string_lossy().into_owned();
        Some((name, value)).filter(|(_, value)| !value.is_empty())
    };
    CHOICES.into_iter().find_map(set)
}

fn unreachable_engine(output: &str) -> Failure {
    let (line, hint) = match choice() {
        Some((name, value)) => (
            format!("failed to reach the Docker engine at `{value}`, which {name} names"),
            format!("start that engine, or unset {name} to use the one of this machine"),
        ),
        None => (
            "failed to reach the Docker engine".to_owned(),
            "`docker version` has to show a server; fix what it says".to_owned(),
        ),
    };
    Failure::outside(line).code(&code::ENGINE_SILENT).reason(output).hint(hint)
}

fn start(shell: &Shell, state: &Path) -> Result<()> {
    if let Some(refusal) = without_permission() {
        return Err(refusal);
    }
    if files::is_folder(Path::new("/run/systemd/system"))? {
        let asked = shell.observe(&command!("systemctl start docker").finishes())?;
        if asked.succeeded() {
            return wait(shell, || Ok(()));
        }
    }
    start_daemon(shell, state)
}

/// An engine that runs and may not be asked is not one that does not run. Where another engine is
/// chosen, that of this machine says nothing about it.
fn without_permission() -> Option<Failure> {
    if choice().is_some() {
        return None;
    }
    let error = UnixStream::connect(SOCKETS[0]).err()?;
    (error.kind() == ErrorKind::PermissionDenied).then(|| {
        Failure::refused("cannot ask the Docker engine: this user may not")
            .code(&code::ENGINE_FORBIDDEN)
            .because(&error)
            .hint("add the user to the group `docker` and log in again, or run this as root")
    })
}

/// Starts `dockerd` in a session of its own, so that it outlives this run.
fn start_daemon(shell: &Shell, state: &Path) -> Result<()> {
    let explain = |failure: Failure| {
        failure.hint("start Docker yourself (`sudo systemctl start docker`), or run this as root")
    };
    if shell.find("dockerd").is_none() {
        return Err(explain(
            Failure::outside("no Docker engine answers, and `dockerd` is not here")
                .code(&code::ENGINE_SILENT),
        ));
    }
    files::make_private_folder(state)?;
    let log = state.join("dockerd.log");
    let mut child = shell.leave_running(&daemon(hard_limit()?), &log)?;
    wait(shell, || still_runs(&mut child, &log)).map_err(explain)
}

/// Inside restricted machines the engine may not raise the limit on open files, and then no
/// container starts; so it is told a limit that it may set.
fn daemon(hard_limit: u64) -> Command {
    let command = Command::new("dockerd");
    if hard_limit >= FILES_WANTED {
        return command;
    }
    let files = FILES_RESTRICTED;
    command.args(["--default-ulimit", &format!("nofile={files}:{files}")])
}

fn still_runs(child: &mut Child, log: &Path) -> Result<()> {
    if matches!(child.try_wait(), Ok(None)) {
        return Ok(());
    }
    let output = files::read(log).unwrap_or_default();
    Err(Failure::outside("failed to start `dockerd`")
        .code(&code::ENGINE_SILENT)
        .reason(last_lines(&output, 6)))
}

fn wait(shell: &Shell, mut alive: impl FnMut() -> Result<()>) -> Result<()> {
    let look = || match (shell.cancel().check(), alive()) {
        (Ok(()), Ok(())) if matches!(ask(shell), Ok(Some(_))) => Ok(Ok(())),
        (Ok(()), Ok(())) => Err(()),
        (Err(ended), _) | (_, Err(ended)) => Ok(Err(ended)),
    };
    clock::wait_for(START_LIMIT, Duration::from_millis(200), look).map_err(|()| {
        Failure::outside("the Docker engine does not answer after a minute")
            .code(&code::ENGINE_SILENT)
    })?
}

/// How many files a container may open, as far as this machine's limit tells.
fn files_max() -> Result<u64> {
    Ok(if hard_limit()? >= FILES_MAX { FILES_MAX } else { FILES_RESTRICTED })
}

/// The highest limit on open files that a process of ours may set.
fn hard_limit() -> Result<u64> {
    let limits = files::read_if_there(Path::new("/proc/self/limits"))?.unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let hard = line.split_whitespace().nth(4).unwrap_or("unlimited");
    Ok(hard.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_may_not_raise_the_limit_is_told_one_it_may_set() {
        assert_eq!(daemon(FILES_WANTED).to_string(), "dockerd");
        assert_eq!(daemon(20_000).to_string(), "dockerd --default-ulimit nofile=1024:1024");
    }
}
