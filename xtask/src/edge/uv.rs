//! uv: wheels from a hash-pinned list, for any platform, without running anything of theirs.

use crate::edge::files;
use crate::edge::shell::Shell;
use crate::error::{Failure, Result};
use std::path::{Path, PathBuf};
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
) -> Result<PathBuf> {
    let list = files::read(requirements)?;
    let key = Digest::of(format!("uv-1 {platform} {PYTHON} {GLIBC}\n{list}").as_bytes());
    let place = cache.join("wheels").join(key.hex());
    if place.is_dir() {
        return Ok(place);
    }
    let made = files::make_aside(&place)?;
    shell.run(&command(requirements, platform, &made)).map_err(|failure| {
        let _debris = files::remove_folder(&made);
        let during = format!("failed to install `{}` for {platform}", requirements.display());
        with_hint(failure.during(during))
    })?;
    files::settle_folder(&made, &place)?;
    Ok(place)
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
