//! Who changes an environment of this machine right now.
//!
//! The kernel holds the lease: it is free the moment its process ends, however it ends, so there
//! is nothing to expire and nothing to take over.

use crate::edge::{clock, files};
use crate::error::{Context as _, Failure, Result, code};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// The lease's file inside the state of an environment.
pub const FILE: &str = "lease";

/// The lease. Dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    _file: File,
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
        Ok(Self { _file: file })
    }
}

/// Whether somebody holds the lease that is kept in `folder`.
pub fn is_held(folder: &Path) -> Result<bool> {
    let path = folder.join(FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(error).or_outside(|| format!("failed to open `{}`", path.display()));
        }
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => {
            Err(error).or_outside(|| format!("failed to lock `{}`", path.display()))
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
