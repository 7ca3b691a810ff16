//! Debian's archive, reached through apt as this machine has it set up: its mirrors, its proxy,
//! its keys. No address of an archive is written anywhere in the repository.

mod index;
mod sources;

pub use index::{Indexes, indexes};
pub use sources::Archives;

use crate::edge::files;
use crate::edge::shell::{Shell, last_lines};
use crate::error::{Context as _, Failure, Result};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use xtask_core::command::Command;
use xtask_core::digest::Digest;
use xtask_core::lock::LockedPackage;

const HELPER: &str = "/usr/lib/apt/apt-helper";

/// How many packages one call of apt's helper fetches; it pipelines them over one connection.
const BATCH: usize = 24;

/// The store of `.deb`s, by digest, shared by all checkouts of this user.
#[derive(Clone, Debug)]
pub struct DebStore {
    folder: PathBuf,
}

impl DebStore {
    /// The store inside the cache.
    pub fn open(cache: &Path) -> Result<Self> {
        let folder = cache.join("debs");
        files::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Where the `.deb` called `digest` is, or will be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.deb", digest.hex()))
    }

    /// Fetches what is not there yet; `archive_time` finds in the snapshot archive what the
    /// mirror has dropped. Gives back how many were fetched.
    pub fn fetch(
        &self,
        shell: &Shell,
        packages: &[LockedPackage],
        archive_time: u64,
        doing: impl Fn(usize, usize),
    ) -> Result<usize> {
        let absent = |it: &&LockedPackage| !self.path(&it.digest).is_file();
        let missing: Vec<&LockedPackage> = packages.iter().filter(absent).collect();
        if missing.is_empty() {
            return Ok(0);
        }
        let archives = Archives::of_this_machine()?;
        let aside = tempfile::tempdir_in(&self.folder)
            .or_outside(|| format!("failed to make a folder in `{}`", self.folder.display()))?;
        let mut said = String::new();
        for (number, batch) in missing.chunks(BATCH).enumerate() {
            doing(number * BATCH, missing.len());
            said.push_str(&self.fetch_batch(shell, batch, &archives.mirrors(), aside.path())?);
        }
        self.fetch_dropped(shell, &missing, archive_time, aside.path(), &said)?;
        Ok(missing.len())
    }

    /// What the mirror answered with something else, or not at all, comes from the snapshots.
    fn fetch_dropped(
        &self,
        shell: &Shell,
        missing: &[&LockedPackage],
        archive_time: u64,
        aside: &Path,
        said: &str,
    ) -> Result<()> {
        let absent = |it: &&&LockedPackage| !self.path(&it.digest).is_file();
        let dropped: Vec<&LockedPackage> = missing.iter().filter(absent).copied().collect();
        if let (false, Some(snapshot)) = (dropped.is_empty(), Archives::snapshot(archive_time)) {
            self.fetch_batch(shell, &dropped, &snapshot, aside)?;
        }
        match missing.iter().find(absent) {
            Some(package) => Err(gone(package, said)),
            None => Ok(()),
        }
    }

    /// Fetches from the archives that `mirror` knows; gives what apt complained of.
    fn fetch_batch(
        &self,
        shell: &Shell,
        batch: &[&LockedPackage],
        mirror: &dyn Fn(&str) -> Option<String>,
        aside: &Path,
    ) -> Result<String> {
        let mut command = Command::new(HELPER)
            .args(["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"])
            .arg("download-file");
        for package in batch {
            let Some(base) = mirror(&package.archive) else { continue };
            let target = aside.join(format!("{}.deb", package.digest.hex()));
            command =
                command.args([format!("{base}/{}", package.path), target.display().to_string()]);
        }
        // One refusal makes it end badly; what did arrive is used, the rest is looked at after.
        let said = shell.observe(&command)?.stderr;
        batch.iter().try_for_each(|package| self.admit(package, aside))?;
        Ok(said)
    }

    /// Moves what arrived into the store if it is what the lock names.
    fn admit(&self, package: &LockedPackage, aside: &Path) -> Result<()> {
        let arrived = aside.join(format!("{}.deb", package.digest.hex()));
        if !arrived.is_file() {
            return Ok(());
        }
        let found = digest_of_file(&arrived)?;
        if found != package.digest {
            return Err(Failure::outside(format!("failed to fetch package `{}`", package.name))
                .reason(format!("wanted {}, found {found}", package.digest))
                .hint("the mirror or the lock is wrong; `cargo xtask image lock --update` makes the lock anew"));
        }
        let synced = std::fs::File::open(&arrived).and_then(|file| file.sync_all());
        synced.or_outside(|| format!("failed to write `{}`", arrived.display()))?;
        let place = self.path(&package.digest);
        std::fs::rename(&arrived, &place)
            .or_outside(|| format!("failed to write `{}`", place.display()))
    }
}

fn gone(package: &LockedPackage, said: &str) -> Failure {
    let LockedPackage { name, version, .. } = package;
    Failure::outside(format!("failed to fetch package `{name}` {version}"))
        .reason(format!("apt said: {}", last_lines(said, 4)))
        .hint("if the mirror has dropped it, `cargo xtask image lock --update` locks what the mirror holds now; or name a snapshot archive in XTASK_DEBIAN_SNAPSHOT")
}

fn digest_of_file(path: &Path) -> Result<Digest> {
    let hash = || -> std::io::Result<Digest> {
        let mut file = std::fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Digest::from_bytes(hasher.finalize().into())),
                length => hasher.update(&buffer[..length]),
            }
        }
    };
    hash().or_outside(|| format!("failed to read `{}`", path.display()))
}
