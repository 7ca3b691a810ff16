//! Debian's archive, reached through apt as this machine has it set up: its mirrors, its proxy,
//! its keys. No address of a mirror is written anywhere in the repository.

mod index;
mod sources;

pub use index::{Indexes, indexes};
pub use sources::Archives;

use crate::edge::files;
use crate::edge::shell::{Shell, last_lines};
use crate::error::{Context as _, Failure, Result, code};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::digest::Digest;
use xtask_core::image::lock::LockedPackage;

const HELPER: &str = "/usr/lib/apt/apt-helper";

/// How many packages one call of apt's helper fetches; it pipelines them over one connection.
const BATCH: usize = 24;

/// One batch over a thin line; apt has limits of its own for a server that says nothing.
const FETCH_LIMIT: Duration = Duration::from_secs(1800);

/// The store of `.deb`s, by digest, shared by all checkouts of this user.
#[derive(Clone, Debug)]
pub struct DebStore {
    folder: PathBuf,
}

/// What is to be fetched, and for which image.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The name of the image, which messages use.
    pub image: &'a str,
    pub packages: &'a [LockedPackage],
    /// When the archive that the lock was made from was signed.
    pub archive_time: u64,
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

    /// Drops what is not what the lock names, so that it is fetched anew; gives back its names. A
    /// file had its digest when it came in, and may have changed since.
    pub fn drop_damaged(&self, packages: &[LockedPackage]) -> Result<Vec<String>> {
        let mut damaged = Vec::new();
        for package in packages {
            let path = self.path(&package.digest);
            if files::is_file(&path)? && digest_of_file(&path)? != package.digest {
                files::remove_file(&path)?;
                damaged.push(package.name.clone());
            }
        }
        Ok(damaged)
    }

    /// Fetches what is not there yet: from the mirror, and what that has dropped from the snapshot
    /// archive of the lock's time. Gives back how many were fetched.
    pub fn fetch(
        &self,
        shell: &Shell,
        order: &Order<'_>,
        doing: impl Fn(usize, usize),
    ) -> Result<usize> {
        let missing = self.absent(order.packages.iter())?;
        if missing.is_empty() {
            return Ok(0);
        }
        let archives = Archives::of_lock(order.archive_time)?;
        let aside = tempfile::tempdir_in(&self.folder)
            .or_outside(|| format!("failed to make a folder in `{}`", self.folder.display()))?;
        let mut trouble = Trouble::default();
        for archive in &archives {
            let wanted = self.absent(missing.iter().copied())?;
            for (number, batch) in wanted.chunks(BATCH).enumerate() {
                doing(missing.len() - wanted.len() + number * BATCH, missing.len());
                trouble.add(archive.called, self.fetch_batch(shell, batch, archive, aside.path())?);
            }
        }
        let gone = self.absent(missing.iter().copied())?;
        if gone.is_empty() { Ok(missing.len()) } else { Err(trouble.failure(order, &gone)) }
    }

    fn absent<'a>(
        &self,
        of: impl Iterator<Item = &'a LockedPackage>,
    ) -> Result<Vec<&'a LockedPackage>> {
        let mut absent = Vec::new();
        for package in of {
            if !files::is_file(&self.path(&package.digest))? {
                absent.push(package);
            }
        }
        Ok(absent)
    }

    /// Fetches from one of them; gives why a package did not come.
    fn fetch_batch(
        &self,
        shell: &Shell,
        batch: &[&LockedPackage],
        archives: &Archives,
        aside: &Path,
    ) -> Result<Vec<(Digest, String)>> {
        let mut command = Command::new(HELPER)
            .args(["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"])
            .arg("download-file")
            .env("LC_ALL", "C")
            .limit(FETCH_LIMIT);
        for package in batch {
            let Some(base) = archives.address(&package.archive) else { continue };
            let target = aside.join(format!("{}.deb", package.digest.hex()));
            command =
                command.args([format!("{base}/{}", package.path), target.display().to_string()]);
        }
        // One refusal makes it end badly; what did arrive is used, the rest is looked at after.
        let output = shell.observe(&command)?.stderr;
        let mut complaints = Vec::new();
        for package in batch {
            let complaint = self.admit(package, aside, &output)?;
            complaints.extend(complaint.map(|why| (package.digest, why)));
        }
        Ok(complaints)
    }

    /// Moves what arrived into the store if it is what the lock names; else says why not.
    fn admit(&self, package: &LockedPackage, aside: &Path, output: &str) -> Result<Option<String>> {
        let arrived = aside.join(format!("{}.deb", package.digest.hex()));
        if !files::is_file(&arrived)? {
            return Ok(Some(words_about(&package.path, output)));
        }
        let found = digest_of_file(&arrived)?;
        if found != package.digest {
            files::remove_file(&arrived)?;
            return Ok(Some(format!("wanted {}, found {found}", package.digest)));
        }
        let synced = std::fs::File::open(&arrived).and_then(|file| file.sync_all());
        synced.or_outside(|| format!("failed to write `{}`", arrived.display()))?;
        let place = self.path(&package.digest);
        std::fs::rename(&arrived, &place)
            .or_outside(|| format!("failed to write `{}`", place.display()))?;
        Ok(None)
    }
}

/// What apt said about the file at `path`, without its address; all of its last words if it did
/// not name the file.
fn words_about(path: &str, output: &str) -> String {
    let decode = |line| percent_encoding::percent_decode_str(line).decode_utf8_lossy();
    let about = output.lines().map(decode).find_map(|line| {
        let (_, words) = line.split_once(path)?;
        Some(words.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    about.filter(|words| !words.is_empty()).unwrap_or_else(|| last_lines(output, 4))
}

/// Why packages did not come, by package and in the order in which archives were asked.
#[derive(Debug, Default)]
struct Trouble(Vec<(Digest, String)>);

impl Trouble {
    fn add(&mut self, archive: &str, complaints: Vec<(Digest, String)>) {
        let named = |(digest, why)| (digest, format!("{archive}: {why}"));
        self.0.extend(complaints.into_iter().map(named));
    }

    /// One failure for all that are still missing, so that nobody fixes them one by one.
    fn failure(&self, order: &Order<'_>, gone: &[&LockedPackage]) -> Failure {
        let gone: BTreeSet<&LockedPackage> = gone.iter().copied().collect();
        let names: Vec<String> =
            gone.iter().map(|it| format!("`{}` {}", it.name, it.version)).collect();
        let word = if gone.len() == 1 { "package" } else { "packages" };
        let mut failure = Failure::outside(format!("failed to fetch {word} {}", names.join(", ")))
            .code(&code::PACKAGE_GONE);
        for package in &gone {
            for (_, why) in self.0.iter().filter(|(digest, _)| *digest == package.digest) {
                failure = failure.reason(format!("`{}` from {why}", package.name));
            }
        }
        let or = if Archives::has_snapshot() {
            ""
        } else {
            "; or let XTASK_DEBIAN_SNAPSHOT name a snapshot archive"
        };
        failure.hint(format!(
            "`cargo xtask image lock {} --update` locks what the mirror holds now{or}",
            order.image
        ))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_said_of_a_file_is_found_by_its_path() {
        let output = "E: Failed to fetch http://h/debian/pool/a%2bb_1%7e2.deb  404  Not Found\n\
                    E: Failed to fetch http://h/debian/pool/c.deb  Unable to connect to h:\n\
                    E: Download Failed\n";
        assert_eq!(words_about("pool/a+b_1~2.deb", output), "404 Not Found");
        assert_eq!(words_about("pool/c.deb", output), "Unable to connect to h:");
        assert!(words_about("pool/d.deb", output).ends_with("E: Download Failed"));
    }
}
