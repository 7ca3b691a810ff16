//! npm: packages from a lock, for any platform, and a service's own build.

use crate::edge::files;
use crate::edge::shell::Shell;
use crate::error::{Context as _, Result};
use std::path::{Path, PathBuf};
use xtask_core::command::Command;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;

/// What a folder asks for, and its lock.
pub const MANIFEST: &str = "package.json";
/// The lock.
pub const LOCK: &str = "package-lock.json";

/// What decides the outcome of `npm ci` beside its arguments.
pub const INPUTS: [&str; 3] = [MANIFEST, LOCK, ".npmrc"];

/// A folder of ours that a lock links to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFolder {
    /// Where npm puts the link.
    pub link: String,
    /// The folder, relative to that of the lock.
    pub folder: String,
    /// Its sources, relative to the folder.
    pub sources: Vec<String>,
    /// The digest of all of them.
    pub digest: Digest,
}

/// What is wanted of the packages of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What runs in production on a platform.
    Production(Platform),
    /// The same, with the optional packages that fit the platform.
    ProductionWithOptional(Platform),
    /// Everything, for this machine: compilers and test tools too.
    Development,
}

impl Wanted {
    fn args(self) -> Vec<String> {
        let (platform, omit) = match self {
            Self::Development => return Vec::new(),
            Self::ProductionWithOptional(platform) => (platform, "--omit=dev"),
            Self::Production(platform) => (platform, "--omit=dev --omit=optional"),
        };
        let cpu = format!("--cpu={}", platform.npm_cpu());
        let omit = omit.split(' ').map(ToOwned::to_owned);
        omit.chain(["--os=linux".into(), cpu, "--libc=glibc".into()]).collect()
    }
}

/// A folder that holds `node_modules` as the lock in `source` says. Installed at most once for
/// the same lock: the folder's name is the digest of all that decides it. Folders of ours that the
/// lock links to are in it as they are, so that it can be copied into an image.
pub fn install(
    shell: &Shell,
    cache: &Path,
    source: &Path,
    wanted: Wanted,
    own: &[OwnFolder],
) -> Result<PathBuf> {
    let place = cache.join("npm").join(key(source, wanted, own)?.hex());
    if place.is_dir() {
        return Ok(place);
    }
    let made = files::make_aside(&place)?;
    for input in INPUTS.iter().filter(|input| source.join(input).is_file()) {
        let copied = std::fs::copy(source.join(input), made.join(input));
        copied.or_outside(|| format!("failed to copy `{input}`"))?;
    }
    for OwnFolder { folder, sources, .. } in own {
        copy_all(&source.join(folder), sources, &made.join(folder))?;
    }
    let command = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
        .args(wanted.args())
        .folder(made.display().to_string());
    shell.run(&command).map_err(|failure| {
        let _debris = files::remove_folder(&made);
        failure.during(format!("failed to install the packages of `{}`", source.display()))
    })?;
    own.iter().try_for_each(|own| files::replace_link(&made.join(&own.link)))?;
    files::settle_folder(&made, &place)?;
    Ok(place)
}

/// What a service's own build is made from.
pub struct Build<'a> {
    /// The service's folder.
    pub folder: &'a Path,
    /// Its sources, relative to the folder.
    pub sources: &'a [String],
    /// The digest of all of them.
    pub key: Digest,
    /// The program that builds, and its arguments. Not through npm, whose start takes as long
    /// as the build itself.
    pub run: &'a [String],
    /// Other folders of ours that its lock links to.
    pub own: &'a [OwnFolder],
}

/// Runs a service's own build in a copy of its sources, with every package of its lock beside
/// them, and gives back the folder of that copy.
pub fn build(shell: &Shell, cache: &Path, build: &Build<'_>) -> Result<PathBuf> {
    let folder = build.folder;
    let key = Digest::of(format!("{} {:?}", build.key, build.run).as_bytes());
    let place = cache.join("builds").join(key.hex());
    if place.is_dir() {
        return Ok(place);
    }
    let packages = install(shell, cache, folder, Wanted::Development, build.own)?;
    let made = files::make_aside(&place)?;
    copy_all(folder, build.sources, &made)?;
    std::os::unix::fs::symlink(packages.join("node_modules"), made.join("node_modules"))
        .or_outside(|| "failed to link `node_modules`".to_owned())?;
    let (program, args) = build.run.split_first().expect("a definition names what builds");
    let command = Command::new(program).args(args);
    shell.run(&command.folder(made.display().to_string())).map_err(|failure| {
        let _debris = files::remove_folder(&made);
        failure.during(format!("failed to build `{}`", folder.display()))
    })?;
    files::settle_folder(&made, &place)?;
    Ok(place)
}

fn copy_all(folder: &Path, sources: &[String], into: &Path) -> Result<()> {
    for source in sources {
        let target = into.join(source);
        files::make_folder(target.parent().unwrap_or(into))?;
        let copied = std::fs::copy(folder.join(source), &target);
        copied.or_outside(|| format!("failed to copy `{}`", folder.join(source).display()))?;
    }
    Ok(())
}

fn key(source: &Path, wanted: Wanted, own: &[OwnFolder]) -> Result<Digest> {
    let mut bytes = format!("npm-1 {wanted:?}\n").into_bytes();
    for input in INPUTS {
        let text = files::read_if_there(&source.join(input))?.unwrap_or_default();
        bytes.extend(format!("{input} {}\n", Digest::of(text.as_bytes())).into_bytes());
    }
    for OwnFolder { link, digest, .. } in own {
        bytes.extend(format!("{link} {digest}\n").into_bytes());
    }
    Ok(Digest::of(&bytes))
}
