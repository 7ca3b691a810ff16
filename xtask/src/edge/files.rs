//! Reads and writes files; every error names the path.

use crate::error::{Context as _, Result};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Reads a text file.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).or_outside(|| format!("failed to read `{}`", path.display()))
}

/// Reads a text file, if it is there.
pub fn read_if_there(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).or_outside(|| format!("failed to read `{}`", path.display())),
    }
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).or_outside(|| format!("failed to make `{}`", path.display()))
}

/// Makes a folder that only this user may enter.
pub fn make_private_folder(path: &Path) -> Result<()> {
    make_folder(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .or_outside(|| format!("failed to make `{}` private", path.display()))
}

/// Writes a file whole or not at all: beside it, synced, then renamed over it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with_mode(path, bytes, 0o644)
}

/// Writes a file that only this user may read.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with_mode(path, bytes, 0o600)
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let permissions = std::fs::Permissions::from_mode(mode);
        let mut aside = tempfile::Builder::new()
            .prefix(".aside")
            .permissions(permissions)
            .tempfile_in(folder)?;
        aside.write_all(bytes)?;
        aside.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
        aside.as_file().sync_all()?;
        aside.persist(path).map(drop).map_err(|error| error.error)
    };
    write().or_outside(|| format!("failed to write `{}`", path.display()))
}

/// Removes a folder and all in it, if it is there.
pub fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).or_outside(|| format!("failed to remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

/// Puts the finished folder `made` at `place`. If another run was quicker, its folder stays.
pub fn settle_folder(made: &Path, place: &Path) -> Result<()> {
    match std::fs::rename(made, place) {
        Err(_) if place.is_dir() => remove_folder(made),
        moved => moved.or_outside(|| format!("failed to move a folder to `{}`", place.display())),
    }
}
