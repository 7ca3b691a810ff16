//! Who changes an environment from this machine right now: the first of two leases.
//!
//! The kernel holds it: it is free the moment its process ends, however it ends, so there is nothing
//! to expire and nothing to take over. It is there before the environment has a database; what other
//! machines are told is the second lease, in that database (`ship/lease.rs`).

use crate::cancel::Cancel;
use crate::edge::{clock, files};
use crate::error::{Context as _, Failure, Result, code};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a lease that somebody holds is asked for again.
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// The lease's file inside the state of an environment.
pub const FILE: &str = "lease";

/// The lease. Dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    file: File,
    verb: String,
    who: String,
    waited: Duration,
}

/// What a holder writes about itself.
#[derive(Serialize, Deserialize)]
struct Note {
    verb: String,
    who: String,
    process: u32,
    since: String,
}

impl Lease {
    /// Takes the lease kept in `folder`, or tells who has it.
    pub fn take(folder: &Path, verb: &str, who: &str) -> Result<Self> {
        files::make_private_folder(folder)?;
        let path = folder.join(FILE);
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.or_outside(|| format!("failed to open `{}`", path.display()))?;
        match file.try_lock() {
            Ok(()) => write_note(&mut file, verb, who)?,
            Err(TryLockError::WouldBlock) => return Err(held_by(&mut file)),
            Err(TryLockError::Error(error)) => {
                return Err(error).or_outside(|| format!("failed to lock `{}`", path.display()));
            }
        }
        Ok(Self { file, verb: verb.to_owned(), who: who.to_owned(), waited: Duration::ZERO })
    }

    /// The same; if somebody has it, it is asked for again until `limit` is over.
    pub fn wait(folder: &Path, verb: &str, who: &str, wait: &Wait<'_>) -> Result<Self> {
        let began = Instant::now();
        let lease = wait.until(|| Self::take(folder, verb, who))?;
        Ok(Self { waited: began.elapsed(), ..lease })
    }

    /// How long it was waited for.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The verb that took it.
    pub fn verb(&self) -> &str {
        &self.verb
    }

    /// Who took it.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// The name of this very kernel lock: of all processes anywhere, only the one that holds it
    /// says this name. It lives as long as the kernel, and the file.
    pub fn seat(&self) -> Result<String> {
        seat(&self.file)
    }
}

fn seat(file: &File) -> Result<String> {
    let boot = files::read(Path::new("/proc/sys/kernel/random/boot_id"))?;
    let file = file.metadata();
    let file = file.or_outside(|| format!("failed to look at the file `{FILE}`"))?;
    Ok(format!("{} {}:{}", boot.trim(), file.dev(), file.ino()))
}

/// Whether and how long a lease that somebody else holds is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    /// Not at all if it is zero.
    pub limit: Duration,
    /// What ends the wait.
    pub cancel: &'a Cancel,
}

impl Wait<'_> {
    /// Asks until the lease is given, something else is wrong, or the limit is over.
    pub fn until<T>(&self, mut ask: impl FnMut() -> Result<T>) -> Result<T> {
        let began = Instant::now();
        loop {
            match ask() {
                Err(held)
                    if held.name() == code::LEASE_HELD.name && began.elapsed() < self.limit =>
                {
                    self.cancel.sleep(ASKED_EVERY)?;
                }
                answer => return answer,
            }
        }
    }
}

/// Whether somebody holds the lease that is kept in `folder`.
pub fn is_held(folder: &Path) -> Result<bool> {
    let Some(file) = open(folder)? else { return Ok(false) };
    is_locked(&file, folder)
}

/// The seat of the lease that is kept in `folder` while nobody has it: whoever claims to sit there
/// has ended.
pub fn vacant_seat(folder: &Path) -> Result<Option<String>> {
    let Some(file) = open(folder)? else { return Ok(None) };
    if is_locked(&file, folder)? { Ok(None) } else { seat(&file).map(Some) }
}

fn open(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(FILE);
    match File::open(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).or_outside(|| format!("failed to open `{}`", path.display())),
    }
}

fn is_locked(file: &File, folder: &Path) -> Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => {
            Err(error).or_outside(|| format!("failed to lock `{}`", folder.join(FILE).display()))
        }
    }
}

fn write_note(file: &mut File, verb: &str, who: &str) -> Result<()> {
    let process = std::process::id();
    let note = Note { verb: verb.into(), who: who.into(), process, since: clock::now() };
    let text = serde_json::to_string(&note).expect("a note has only texts and numbers");
    let mut write = || {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    };
    write().or_outside(|| "failed to write who holds the environment".to_owned())
}

fn held_by(file: &mut File) -> Failure {
    let mut text = String::new();
    let read = file.read_to_string(&mut text).ok();
    let note: Option<Note> = read.and_then(|_| serde_json::from_str(&text).ok());
    let by = note.map_or_else(
        || "another process".to_owned(),
        |it| format!("`{}` of {} (process {}, since {})", it.verb, it.who, it.process, it.since),
    );
    Failure::refused(format!("cannot change the environment: {by} is changing it"))
        .code(&code::LEASE_HELD)
        .hint("wait until it has ended; the lease frees itself with its process")
}

/// User and machine, for people.
pub fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}@{}", user.as_deref().unwrap_or("root"), machine.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it_and_the_lease_frees_itself() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lease::take(folder.path(), "up", "ada@laptop").unwrap();
        let refusal = Lease::take(folder.path(), "up", "eve@desktop").unwrap_err().to_string();
        assert!(refusal.contains("`up` of ada@laptop (process"), "{refusal}");
        drop(first);
        assert!(Lease::take(folder.path(), "up", "eve@desktop").is_ok());
    }
}
