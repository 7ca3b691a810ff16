//! Reads and writes files; every error names the path.

use crate::error::{Coded as _, Context as _, Failure, Result, code};
use std::fs::Metadata;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// When what a killed run left for others is removed.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// Reads a text file.
pub fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path);
    let bytes = bytes.or_outside(|| format!("failed to read `{}`", path.display()));
    text(path, bytes.coded(&code::DISK)?)
}

/// Bytes that are no text are a mistake in the file, not a disk that fails.
fn text(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = bytes[at];
        Failure::usage(format!("cannot use `{}`: it is no text in UTF-8", path.display()))
            .reason(format!("byte {} of the file, in line {line}, is 0x{byte:02x}", at + 1))
    })
}

/// Reads a text file, if it is there.
pub fn read_if_there(path: &Path) -> Result<Option<String>> {
    bytes_if_there(path)?.map(|bytes| text(path, bytes)).transpose()
}

/// Reads a file, if it is there.
pub fn bytes_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error)
            .or_outside(|| format!("failed to read `{}`", path.display()))
            .coded(&code::DISK),
    }
}

/// Whether a file is there. What cannot be looked at is a failure, and not absence.
pub fn is_file(path: &Path) -> Result<bool> {
    Ok(look(std::fs::metadata(path), path)?.is_some_and(|it| it.is_file()))
}

/// Whether a folder is there.
pub fn is_folder(path: &Path) -> Result<bool> {
    Ok(look(std::fs::metadata(path), path)?.is_some_and(|it| it.is_dir()))
}

/// Whether anything is there, were it a link that leads nowhere.
pub fn is_there(path: &Path) -> Result<bool> {
    Ok(look(std::fs::symlink_metadata(path), path)?.is_some())
}

fn look(looked: std::io::Result<Metadata>, path: &Path) -> Result<Option<Metadata>> {
    match looked {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error).or_outside(|| format!("failed to look at `{}`", path.display())),
    }
}

/// Whether a file can be seen, as shells look along the `PATH`: a folder that cannot be looked into
/// is passed by, because another may hold the same. Anywhere else that would hide a failure.
#[expect(clippy::disallowed_methods, reason = "a place of several that may be closed to us")]
pub fn is_seen(path: &Path) -> bool {
    path.is_file()
}

/// What is found at a path that must not leave a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Within {
    Bytes(Vec<u8>),
    Absent,
    /// A link leads out of the folder.
    Elsewhere,
}

/// Reads a file in `folder`, if it is there, and if no link leads elsewhere.
pub fn bytes_within(folder: &Path, path: &Path) -> Result<Within> {
    let failed = || format!("failed to read `{}`", path.display());
    let real = match std::fs::canonicalize(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Within::Absent),
        real => real.or_outside(failed).coded(&code::DISK)?,
    };
    if !real.starts_with(std::fs::canonicalize(folder).or_outside(failed).coded(&code::DISK)?) {
        return Ok(Within::Elsewhere);
    }
    std::fs::read(&real).map(Within::Bytes).or_outside(failed).coded(&code::DISK)
}

/// The names of what is in a folder, ordered.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        Ok(entry?.file_name().to_string_lossy().into_owned())
    };
    let names = std::fs::read_dir(folder).and_then(|entries| entries.map(name).collect());
    let mut names: Vec<String> =
        names.or_outside(|| format!("failed to read `{}`", folder.display()))?;
    names.sort_unstable();
    Ok(names)
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .or_outside(|| format!("failed to make `{}`", path.display()))
        .coded(&code::DISK)
}

/// Makes a folder that only this user may enter.
pub fn make_private_folder(path: &Path) -> Result<()> {
    make_folder(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .or_outside(|| format!("failed to make `{}` private", path.display()))
        .coded(&code::DISK)
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
    write().or_outside(|| format!("failed to write `{}`", path.display())).coded(&code::DISK)
}

/// Removes all but the newest `count` files of a folder. One that another run removed is gone.
pub fn keep_newest(folder: &Path, count: usize) -> Result<()> {
    let failed = || format!("failed to read folder `{}`", folder.display());
    let mut files = Vec::new();
    for name in names(folder)? {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            Ok(found) => {
                files.push((found.modified().or_outside(failed).coded(&code::DISK)?, path));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).or_outside(failed).coded(&code::DISK),
        }
    }
    files.sort_by(|left, right| right.cmp(left));
    files.iter().skip(count).try_for_each(|(_, path)| remove_file(path))
}

/// Removes a file, if it is there.
pub fn remove_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)
            .or_outside(|| format!("failed to remove `{}`", path.display()))
            .coded(&code::DISK),
        _ => Ok(()),
    }
}

/// Removes a folder and all in it, if it is there.
pub fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)
            .or_outside(|| format!("failed to remove `{}`", path.display()))
            .coded(&code::DISK),
        _ => Ok(()),
    }
}

/// Puts the folder that a link leads to in the link's place, if there is a link.
pub fn replace_link(link: &Path) -> Result<()> {
    let failed = || format!("failed to copy what `{}` leads to", link.display());
    let is_link = look(std::fs::symlink_metadata(link), link)?.is_some_and(|it| it.is_symlink());
    if !is_link {
        return Ok(());
    }
    let folder = std::fs::canonicalize(link).or_outside(failed).coded(&code::DISK)?;
    remove_file(link)?;
    copy_folder(&folder, link).or_outside(failed).coded(&code::DISK)
}

/// Links in it stay links.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Makes an empty folder beside `place`, on the same file system, for work that is renamed when it
/// is whole. What killed runs left for the same place is removed; what they left for others, which
/// may hold a token of npm, when it is a day old: by then nobody works in it, wherever it runs.
pub fn make_aside(place: &Path) -> Result<PathBuf> {
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = place.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some((of, process)) = of_aside(&file) else { continue };
        let is_dead = !is_folder(Path::new(&format!("/proc/{process}")))?;
        if is_dead && of == name {
            remove_folder(&entry.path())?;
        } else if is_dead && is_old(&entry) {
            // Another run may be sweeping it too.
            let _debris = remove_folder(&entry.path());
        }
    }
    let made = folder.join(format!("{name}.{}.aside", std::process::id()));
    remove_folder(&made)?;
    make_folder(&made)?;
    Ok(made)
}

/// For what a folder was made aside, and by which process.
fn of_aside(name: &str) -> Option<(&str, u32)> {
    let (of, process) = name.strip_suffix(".aside")?.rsplit_once('.')?;
    Some((of, process.parse().ok()?))
}

fn is_old(entry: &std::fs::DirEntry) -> bool {
    let changed = entry.metadata().and_then(|it| it.modified());
    changed.is_ok_and(|it| it.elapsed().is_ok_and(|age| age > OLD))
}

/// Puts the finished folder `made` at `place`. If another run was quicker, its folder stays.
pub fn settle_folder(made: &Path, place: &Path) -> Result<()> {
    match std::fs::rename(made, place) {
        Err(_) if is_folder(place)? => remove_folder(made),
        moved => moved
            .or_outside(|| format!("failed to move a folder to `{}`", place.display()))
            .coded(&code::DISK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_lives_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        let (dead, alive) =
            (folder.path().join("key.4294967295.aside"), folder.path().join("key.1.aside"));
        for folder in [&dead, &alive] {
            std::fs::create_dir(folder).unwrap();
        }
        let of_others = ["young", "old"].map(|name| {
            let folder = folder.path().join(format!("{name}.4294967295.aside"));
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(".npmrc"), "token").unwrap();
            folder
        });
        let long_ago = std::time::SystemTime::now() - OLD - Duration::from_secs(60);
        std::fs::File::open(&of_others[1]).unwrap().set_modified(long_ago).unwrap();
        let made = make_aside(&place).unwrap();
        assert!(made.is_dir() && alive.is_dir() && !dead.exists());
        assert_eq!(of_others.map(|it| it.exists()), [true, false]);
        settle_folder(&made, &place).unwrap();
        assert!(place.is_dir() && !made.exists());
    }

    #[test]
    fn a_private_file_is_private_from_its_first_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_private(&path, b"x").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!((mode & 0o777, read(&path).unwrap().as_str()), (0o600, "x"));
    }
}
