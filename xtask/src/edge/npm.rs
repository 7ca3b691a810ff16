//! npm: packages from a lock, for any platform.

use crate::edge::entry::{Entries, copy_all};
use crate::edge::files;
use crate::edge::installed::{Installed, Place};
use crate::edge::shell::Shell;
use crate::error::{Context as _, Failure, Result};
use std::path::Path;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::digest::Digest;
use xtask_core::image::npm::{self, NpmLock, Package, Source};
use xtask_core::platform::Platform;

/// What a folder asks for, and its lock.
pub const MANIFEST: &str = "package.json";
pub const LOCK: &str = "package-lock.json";

/// npm's settings for a folder.
const SETTINGS: &str = ".npmrc";
/// A thousand packages over a thin line.
const INSTALL_LIMIT: Duration = Duration::from_secs(1800);

/// Settings that may stand in the person's `.npmrc` or environment, and would make of a lock
/// something else than it says.
const DECIDED: [&str; 6] = [
    "--bin-links",
    "--install-strategy=hoisted",
    "--no-dry-run",
    "--no-global",
    "--no-package-lock-only",
    "--package-lock",
];

/// What decides the outcome of `npm ci` beside its arguments.
pub const INPUTS: [&str; 3] = [MANIFEST, LOCK, SETTINGS];

/// A folder of ours that a lock links to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFolder {
    /// Where npm puts the link.
    pub link: String,
    /// The folder, relative to that of the lock.
    pub folder: String,
    /// Its sources, relative to the folder.
    pub sources: Entries,
    /// The digest of all of them.
    pub digest: Digest,
}

/// A lock, and the folders of ours that it links to.
#[derive(Clone, Copy, Debug)]
pub struct Locked<'a> {
    pub packages: &'a NpmLock,
    pub own: &'a [OwnFolder],
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
    /// The same, as the lock is asked for it; `None` where nobody knows this machine's processor.
    fn of_lock(self) -> Option<npm::Wanted> {
        let (platform, dev, optional) = match self {
            Self::Development => (Platform::of_machine(std::env::consts::ARCH)?, true, true),
            Self::ProductionWithOptional(platform) => (platform, false, true),
            Self::Production(platform) => (platform, false, false),
        };
        Some(npm::Wanted { target: platform.into(), dev, optional })
    }

    /// All that is taken is said: what is not, `NODE_ENV` or the person's settings decide.
    fn args(self) -> Vec<String> {
        let (platform, kinds) = match self {
            Self::Development => (None, "--include=dev --include=optional --include=peer"),
            Self::ProductionWithOptional(platform) => {
                (Some(platform), "--omit=dev --include=optional --include=peer")
            }
            Self::Production(platform) => {
                (Some(platform), "--omit=dev --omit=optional --include=peer")
            }
        };
        let kinds = kinds.split(' ').map(ToOwned::to_owned);
        let target = platform.map(|platform| {
            let cpu = format!("--cpu={}", platform.npm_cpu());
            ["--os=linux".into(), cpu, "--libc=glibc".into()]
        });
        kinds.chain(target.into_iter().flatten()).collect()
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
    lock: Locked<'_>,
) -> Result<Installed> {
    fill(shell, &alone(shell, cache, source, wanted, lock)?, source, wanted, lock)
}

/// Where it is, for this run alone.
pub(super) fn alone(
    shell: &Shell,
    cache: &Path,
    source: &Path,
    wanted: Wanted,
    lock: Locked<'_>,
) -> Result<Place> {
    let path = cache.join("npm").join(key(source, wanted, lock.own)?.hex());
    Place::alone(shell.cancel(), path)
}

/// Installs them there, unless they are.
pub(super) fn fill(
    shell: &Shell,
    place: &Place,
    source: &Path,
    wanted: Wanted,
    lock: Locked<'_>,
) -> Result<Installed> {
    place.ensure(|made| {
        for input in INPUTS {
            if !files::is_file(&source.join(input))? {
                continue;
            }
            let copied = std::fs::copy(source.join(input), made.join(input));
            copied.or_outside(|| format!("failed to copy `{input}`"))?;
        }
        for OwnFolder { folder, sources, .. } in lock.own {
            copy_all(&source.join(folder), sources, &made.join(folder))?;
        }
        let command = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
            .args(DECIDED)
            .args(wanted.args())
            .limit(INSTALL_LIMIT)
            .folder(made.display().to_string());
        shell.run(&command).map_err(|failure| {
            failure.during(format!("failed to install the packages of `{}`", source.display()))
        })?;
        let wanted = wanted.of_lock().map(|wanted| lock.packages.fitting(&wanted));
        check_complete(made, source, &wanted.unwrap_or_default())?;
        // Where nothing is asked for, npm makes none.
        files::make_folder(&made.join("node_modules"))?;
        // It may hold a token, and is no part of what was installed.
        files::remove_file(&made.join(SETTINGS))?;
        lock.own.iter().try_for_each(|own| files::replace_link(&made.join(&own.link)))
    })
}

/// Refuses an installation that lacks a package of the lock: npm leaves out an optional one that
/// it could not fetch, and ends well.
fn check_complete(made: &Path, source: &Path, wanted: &[&Package]) -> Result<()> {
    let mut missing = Vec::new();
    // What is bundled came in the archive of another package.
    let own = |it: &&&Package| matches!(it.source, Source::Registry(_));
    for package in wanted.iter().filter(own) {
        let manifest = files::read_if_there(&made.join(&package.path).join(MANIFEST))?;
        if manifest.as_deref().and_then(version_of).as_ref() != Some(&package.version) {
            let name = package.path.trim_start_matches("node_modules/");
            missing.push(format!("{name}@{}", package.version));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("failed to install the packages of `{}`", source.display());
    Err(Failure::outside(line)
        .reason(format!("npm ended well and left out `{}`", missing.join("`, `")))
        .hint("its registry did not give them; run it again when it does"))
}

fn version_of(manifest: &str) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(manifest).ok()?;
    manifest.get("version")?.as_str().map(ToOwned::to_owned)
}

fn key(source: &Path, wanted: Wanted, own: &[OwnFolder]) -> Result<Digest> {
    let mut bytes = format!("npm-3 {}\n", wanted.args().join(" ")).into_bytes();
    for input in INPUTS {
        let text = files::read_if_there(&source.join(input))?.unwrap_or_default();
        bytes.extend(format!("{input} {}\n", Digest::of(text.as_bytes())).into_bytes());
    }
    for OwnFolder { link, digest, .. } in own {
        bytes.extend(format!("{link} {digest}\n").into_bytes());
    }
    Ok(Digest::of(&bytes))
}
