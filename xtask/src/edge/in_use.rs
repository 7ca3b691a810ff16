//! Whether builds use the cache right now. The kernel holds the note, so it ends with its process.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Notes that a build uses `cache`, until the note is dropped; any number may.
pub fn share(cache: &Path) -> Result<File> {
    let file = open(cache)?;
    file.lock_shared().or_outside(|| format!("failed to lock `{}`", cache.display()))?;
    Ok(file)
}

/// Keeps builds out of `cache` until the note is dropped; refused while one runs.
pub fn alone(cache: &Path) -> Result<File> {
    let file = open(cache)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::refused("cannot let go of anything: a build is running")
                .hint("run it again when the build has ended"))
        }
        Err(TryLockError::Error(error)) => {
            Err(error).or_outside(|| format!("failed to lock `{}`", cache.display()))
        }
    }
}

fn open(cache: &Path) -> Result<File> {
    files::make_folder(cache)?;
    let path = cache.join("in-use");
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    open.or_outside(|| format!("failed to open `{}`", path.display()))
}
