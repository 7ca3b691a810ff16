//! What is on the disk, as far as an image can hold it: the one form in which folders of ours and
//! folders that tools have filled become layers, copies and keys. No link is followed.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use xtask_core::image::links::Seen;

/// Who runs such a file becomes its owner or its group.
const SET_ID: u32 = 0o6000;

/// What is at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Folder,
    File {
        /// Whether its owner may execute it.
        runs: bool,
        /// Its size in bytes.
        size: u64,
    },
    /// A symbolic link, and its text.
    Link(String),
}

impl Entry {
    /// What is at `path`, if anything is.
    pub fn at(path: &Path) -> Result<Option<Self>> {
        let failed = || format!("failed to read `{}`", path.display());
        let metadata = match std::fs::symlink_metadata(path) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            metadata => metadata.or_outside(failed)?,
        };
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let target = std::fs::read_link(path).or_outside(failed)?.into_os_string();
            let not_text =
                |_| Failure::usage(failed()).reason("it links to a name that is no UTF-8");
            return target.into_string().map_err(not_text).map(|it| Some(Self::Link(it)));
        }
        if kind.is_dir() {
            return Ok(Some(Self::Folder));
        }
        if !kind.is_file() {
            return Err(Failure::usage(failed()).reason("it is a device, a socket or a pipe"));
        }
        let mode = metadata.permissions().mode();
        if mode & SET_ID != 0 {
            let why = "it is setuid or setgid, which no image of ours is; take the bit off";
            return Err(Failure::usage(failed()).reason(why));
        }
        let runs = mode & 0o100 != 0;
        Ok(Some(Self::File { runs, size: metadata.len() }))
    }
}

/// Everything below a folder, by path relative to it. Folders may be named only by what they hold.
pub type Entries = BTreeMap<String, Entry>;

/// Everything that is below `folder`.
pub fn below(folder: &Path) -> Result<Entries> {
    let mut entries = Entries::new();
    walk(folder, "", &mut entries)?;
    Ok(entries)
}

fn walk(folder: &Path, within: &str, entries: &mut Entries) -> Result<()> {
    let here = folder.join(within);
    let failed = || format!("failed to list `{}`", here.display());
    for entry in std::fs::read_dir(&here).or_outside(failed)? {
        let entry = entry.or_outside(failed)?;
        let not_text = |_| Failure::usage(failed()).reason("it holds a name that is no UTF-8");
        let name = entry.file_name().into_string().map_err(not_text)?;
        let path = join(within, &name);
        let Some(found) = Entry::at(&entry.path())? else { continue };
        let is_folder = found == Entry::Folder;
        entries.insert(path.clone(), found);
        if is_folder {
            walk(folder, &path, entries)?;
        }
    }
    Ok(())
}

/// `name` below `folder`, where either may be empty.
pub fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
    }
}

/// What `path` is called from `folder`, if it is that folder or below it.
pub fn within<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// What is at `path` of `entries`, as the link that is followed there wants to know it.
pub fn seen<'a>(entries: &'a Entries, path: &str) -> Seen<'a> {
    match entries.get(path) {
        Some(Entry::File { .. }) => Seen::File,
        Some(Entry::Folder) => Seen::Folder,
        Some(Entry::Link(target)) => Seen::Link(target),
        None if holds(entries, path) => Seen::Folder,
        None => Seen::Nothing,
    }
}

/// Whether anything is below `path`.
fn holds(entries: &Entries, path: &str) -> bool {
    let start = format!("{path}/");
    entries.range(start.clone()..).next().is_some_and(|(first, _)| first.starts_with(&start))
}

/// Copies `entries` of `folder` into another, links as links. Modes are those of a fresh checkout.
pub fn copy_all(folder: &Path, entries: &Entries, into: &Path) -> Result<()> {
    for (path, entry) in entries {
        let (from, to) = (folder.join(path), into.join(path));
        let failed = || format!("failed to copy `{}`", from.display());
        files::make_folder(if *entry == Entry::Folder {
            &to
        } else {
            to.parent().unwrap_or(into)
        })?;
        match entry {
            Entry::Folder => {}
            Entry::Link(target) => symlink(target, &to).or_outside(failed)?,
            Entry::File { runs, .. } => {
                std::fs::copy(&from, &to).or_outside(failed)?;
                let mode = if *runs { 0o755 } else { 0o644 };
                let set = std::fs::set_permissions(&to, Permissions::from_mode(mode));
                set.or_outside(failed)?;
            }
        }
    }
    Ok(())
}
