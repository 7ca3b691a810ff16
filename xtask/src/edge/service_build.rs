//! A service's own build: any program, in a copy of the sources, with the packages of npm beside them
//! where the service has a lock of npm.

use crate::edge::entry::{Entries, copy_all};
use crate::edge::installed::{Installed, Place};
use crate::edge::npm::{self, Locked, Wanted};
use crate::edge::shell::Shell;
use crate::error::{Context as _, Result};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::digest::Digest;

const LIMIT: Duration = Duration::from_secs(900);

/// Without these a program may not start at all, or not find the tools that it is made with. Those
/// that `image verify` varies are among them, so that it still finds a build that depends on one.
const KEPT: [&str; 13] = [
    "CARGO_HOME",
    "FAKETIME",
    "FAKETIME_DONT_FAKE_MONOTONIC",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LLVM_PROFILE_FILE",
    "PATH",
    "RUSTUP_HOME",
    "TMPDIR",
    "TZ",
];

/// What a service's own build is made from.
pub struct Build<'a> {
    /// The service's folder.
    pub folder: &'a Path,
    /// Its sources, relative to the folder.
    pub sources: &'a Entries,
    /// The digest of all of them.
    pub key: Digest,
    /// The program that builds, and its arguments. Not through npm, whose start takes as long
    /// as the build itself.
    pub run: &'a [String],
    /// The lock of npm whose packages it finds beside its sources.
    pub lock: Option<Locked<'a>>,
}

/// Runs a service's own build in a copy of its sources, and gives back the folder of that copy.
pub fn run(shell: &Shell, cache: &Path, build: &Build<'_>) -> Result<Installed> {
    let key = Digest::of(format!("{} {}", build.key, json!(build.run)).as_bytes());
    let place = Place::alone(shell.cancel(), cache.join("builds").join(key.hex()))?;
    let mut made_anew = false;
    let built = place.ensure(|made| {
        let Some(lock) = build.lock else {
            copy_all(build.folder, build.sources, made)?;
            return start(shell, build, made);
        };
        // Builds leave files in `node_modules`, so no other one looks at it meanwhile.
        let installation = npm::alone(shell, cache, build.folder, Wanted::Development, lock)?;
        let packages = npm::fill(shell, &installation, build.folder, Wanted::Development, lock)?;
        made_anew = packages.made_anew;
        copy_all(build.folder, build.sources, made)?;
        std::os::unix::fs::symlink(packages.folder.join("node_modules"), made.join("node_modules"))
            .or_outside(|| "failed to link `node_modules`".to_owned())?;
        start(shell, build, made)?;
        installation.record_anew()
    })?;
    Ok(Installed { made_anew: built.made_anew || made_anew, ..built })
}

fn start(shell: &Shell, build: &Build<'_>, made: &Path) -> Result<()> {
    let (program, args) = build.run.split_first().expect("a definition names what builds");
    let command = Command::new(program).args(args).limit(LIMIT);
    let command = command.folder(made.display().to_string()).without(surroundings());
    let failed = || format!("failed to build `{}`", build.folder.display());
    shell.run(&command).map(drop).map_err(|failure| failure.during(failed()))
}

/// The variables of whoever runs us that a service's own build does not get: what it makes would
/// differ with them from one shell to the next, and no commit says what they hold.
fn surroundings() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| !KEPT.contains(&name.to_ascii_uppercase().as_str()))
}
