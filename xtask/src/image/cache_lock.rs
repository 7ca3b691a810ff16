//! The lock of the cache: builds share it, and who removes from it needs it alone. The kernel
//! holds it, so it ends with its process.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Locks `cache` for a build until the lock is dropped; any number of builds may.
pub fn shared(cache: &Path) -> Result<File> {
    let file = open(cache)?;
    file.lock_shared().or_outside(|| format!("failed to lock `{}`", cache.display()))?;
    Ok(file)
}

/// Keeps builds out of `cache` until the lock is dropped; refused while one runs.
pub fn exclusive(cache: &Path) -> Result<File> {
    let file = open(cache)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::refused("cannot remove anything: a build is running")
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
