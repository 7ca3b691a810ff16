//! uv: wheels from a hash-pinned list, for any platform, without running anything of theirs.

use crate::edge::files;
use crate::edge::installed::{self, Installed};
use crate::edge::shell::Shell;
use crate::error::{Failure, Result};
use std::path::Path;
use xtask_core::command::Command;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;

/// Debian 12 has glibc 2.36; a wheel built for a newer one would not load.
const GLIBC: &str = "manylinux_2_36";
const PYTHON: &str = "3.11";

/// A folder that holds the wheels of `requirements`, unpacked for `platform`. Source packages
/// and files whose hash is not in the list are refused by uv.
pub fn install(
    shell: &Shell,
    cache: &Path,
    requirements: &Path,
    platform: Platform,
) -> Result<Installed> {
    let list = files::read(requirements)?;
    let key = Digest::of(format!("uv-1 {platform} {PYTHON} {GLIBC}\n{list}").as_bytes());
    let place = cache.join("wheels").join(key.hex());
    installed::ensure(&place, |made| {
        shell.run(&command(requirements, platform, made)).map_err(|failure| {
            let during = format!("failed to install `{}` for {platform}", requirements.display());
            with_hint(failure.during(during))
        })?;
        check_complete(made, requirements)
    })
}

/// Refuses an installation that lacks a file which a wheel in it says that it brought.
fn check_complete(made: &Path, requirements: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for name in files::names(made)?.into_iter().filter(|name| name.ends_with(".dist-info")) {
        let record = files::read(&made.join(&name).join("RECORD"))?;
        missing.extend(recorded(&record).filter(|path| !made.join(path).exists()));
    }
    if missing.is_empty() {
        return Ok(());
    }
    missing.truncate(5);
    Err(Failure::outside(format!("failed to install `{}`", requirements.display()))
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

fn with_hint(failure: Failure) -> Failure {
    failure
        .hint("a missing hash or wheel is mended by making the list anew; see the service's README")
}

fn command(requirements: &Path, platform: Platform, target: &Path) -> Command {
    let target_platform = format!("{}-{GLIBC}", platform.machine());
    Command::new("uv")
        .args(["pip", "install", "--quiet", "--no-config", "--target"])
        .arg(target.display().to_string())
        .args(["--python-platform", &target_platform, "--python-version", PYTHON])
        .args(["--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy"])
        .arg("--requirements")
        .arg(requirements.display().to_string())
}
