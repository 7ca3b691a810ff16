//! uv: wheels from a hash-pinned list, for any platform, without running anything of theirs.

use crate::edge::files;
use crate::edge::installed::{Installed, Place};
use crate::edge::shell::Shell;
use crate::error::{Failure, Result};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::digest::Digest;
use xtask_core::image::requirements::{self, Environment, Requirement};
use xtask_core::secret::Secret;

/// Debian 12 has glibc 2.36; a wheel built for a newer one would not load.
const GLIBC: &str = "manylinux_2_36";

/// Hundreds of megabytes over a thin line.
const INSTALL_LIMIT: Duration = Duration::from_secs(1800);

/// Variables by which uv installs something else than it is told here, or keeps other records of
/// it. Where it finds wheels and how it reaches them is the machine's.
const SURROUNDINGS: [&str; 16] = [
    "UV_BUILD_CONSTRAINT",
    "UV_COMPILE_BYTECODE",
    "UV_CONSTRAINT",
    "UV_DRY_RUN",
    "UV_EXCLUDE",
    "UV_EXCLUDE_NEWER",
    "UV_NO_BINARY",
    "UV_NO_INSTALLER_METADATA",
    "UV_NO_VERIFY_HASHES",
    "UV_ONLY_BINARY",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_PROJECT",
    "UV_TORCH_BACKEND",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
];

/// Wheels for an image.
#[derive(Clone, Copy, Debug)]
pub struct Wheels<'a> {
    /// The file that names them, as it is shown.
    pub file: &'a str,
    /// Each by name, version and hashes; nothing is left to decide.
    pub wanted: &'a [&'a Requirement],
    /// What they are to run on.
    pub environment: &'a Environment,
}

/// A folder that holds the wheels, unpacked. Source packages and files whose hash is not in the
/// list are refused by uv.
pub fn install(shell: &Shell, cache: &Path, wheels: &Wheels<'_>) -> Result<Installed> {
    let Wheels { file, wanted, environment } = wheels;
    let list = requirements::list(wanted);
    let key = Digest::of(format!("uv-2 {environment} {GLIBC}\n{list}").as_bytes());
    let place = Place::alone(shell.cancel(), cache.join("wheels").join(key.hex()))?;
    place.ensure(|made| {
        shell.run(&command(&list, environment, made)).map_err(|failure| {
            let during = format!("failed to install `{file}` for {}", environment.platform);
            with_hint(failure.during(during))
        })?;
        check_complete(made, file, wanted)
    })
}

/// Refuses an installation that lacks a wheel of the list, or a file which a wheel in it says that
/// it brought.
fn check_complete(made: &Path, file: &str, wanted: &[&Requirement]) -> Result<()> {
    let mut found = BTreeSet::new();
    let mut missing = Vec::new();
    for name in files::names(made)? {
        let Some(stem) = name.strip_suffix(".dist-info") else { continue };
        found.insert(requirements::normal(stem.rsplit_once('-').map_or(stem, |(name, _)| name)));
        let record = files::read(&made.join(&name).join("RECORD"))?;
        for path in recorded(&record) {
            if !files::is_there(&made.join(&path))? {
                missing.push(path);
            }
        }
    }
    let left_out = wanted.iter().filter(|it| !found.contains(&it.name));
    missing.splice(0..0, left_out.map(|it| format!("{}=={}", it.name, it.version.text())));
    if missing.is_empty() {
        return Ok(());
    }
    missing.truncate(5);
    Err(Failure::outside(format!("failed to install `{file}`"))
        .reason(format!("uv ended well and `{}` is not there", missing.join("`, `")))
        .hint("run it again; if that does not help, `uv cache clean` first"))
}

/// The paths of a wheel's `RECORD`. What lies outside of the folder, such as a script, is no part
/// of what is shipped; a path with a comma in it stands in quotes.
fn recorded(record: &str) -> impl Iterator<Item = String> {
    record.lines().filter_map(|line| {
        let path = match line.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",").map(|(path, _)| path.replace("\"\"", "\"")),
            None => line.split_once(',').map(|(path, _)| path.to_owned()),
        };
        path.filter(|path| !path.starts_with("..") && !path.starts_with('/'))
    })
}

/// An index that was not reached says nothing of the list.
fn with_hint(failure: Failure) -> Failure {
    if failure.to_string().contains("Failed to fetch") {
        return failure.hint(
            "uv did not reach its index: look at its settings (`UV_DEFAULT_INDEX`, `uv.toml` is \
             not read) and at the network",
        );
    }
    failure
        .hint("a missing hash or wheel is fixed by making the list anew; see the service's README")
}

/// The list is handed over as it was read, so that uv cannot read it otherwise.
fn command(list: &str, environment: &Environment, target: &Path) -> Command {
    let Environment { platform, python } = environment;
    let target_platform = format!("{}-{GLIBC}", platform.machine());
    Command::new("uv")
        .args(["pip", "install", "--quiet", "--no-config", "--target"])
        .arg(target.display().to_string())
        .args(["--python-platform", &target_platform, "--python-version", &python.to_string()])
        .args(["--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy"])
        .args(["--requirements", "-"])
        .without(SURROUNDINGS)
        .limit(INSTALL_LIMIT)
        .input(Secret::new(list.to_owned()))
}
