//! Files of records on this machine, one a line, synced before anybody relies on them.

use crate::edge::files;
use crate::error::{Coded as _, Context as _, Result, code};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use xtask_core::ship::ledger::{Lines, Record, line, lines};

/// What the file holds; nothing if it is not there. A torn last line is passed over.
pub fn read(path: &Path) -> Result<Lines> {
    let bytes = files::bytes_if_there(path)?.unwrap_or_default();
    parse(path, &bytes)
}

/// Adds a record. A torn line that a killed run has left is cut off first.
pub fn add(path: &Path, record: &Record) -> Result<()> {
    let failed = || format!("failed to write `{}`", path.display());
    let mut file = locked(path)?;
    let found = content(path, &mut file)?;
    let mut write = || {
        file.set_len(found.whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(line(record).as_bytes())?;
        file.sync_all()?;
        sync_folder(path)
    };
    write().or_outside(failed).coded(&code::DISK)
}

/// Hands all records over; the file is emptied when that has succeeded, and nobody adds to it in
/// between. `None` if there are none.
pub fn hand_over<T>(path: &Path, take: impl FnOnce(&[Record]) -> Result<T>) -> Result<Option<T>> {
    if !files::is_file(path)? {
        return Ok(None);
    }
    let mut file = locked(path)?;
    let found = content(path, &mut file)?;
    if found.records.is_empty() {
        return Ok(None);
    }
    let taken = take(&found.records)?;
    let emptied = file.set_len(0).and_then(|()| file.sync_all());
    emptied.or_outside(|| format!("failed to empty `{}`", path.display())).coded(&code::DISK)?;
    Ok(Some(taken))
}

/// Puts these records in the place of all that the file holds.
pub fn replace(path: &Path, records: &[Record]) -> Result<()> {
    if let Some(folder) = path.parent() {
        files::make_private_folder(folder)?;
    }
    let text: String = records.iter().map(line).collect();
    files::write_private(path, text.as_bytes())
}

/// The file, and nobody else writes it while it is open.
fn locked(path: &Path) -> Result<File> {
    let failed = || format!("failed to open `{}`", path.display());
    if let Some(folder) = path.parent() {
        files::make_private_folder(folder)?;
    }
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = open.or_outside(failed).coded(&code::DISK)?;
    file.lock().or_outside(failed).coded(&code::DISK)?;
    Ok(file)
}

fn content(path: &Path, file: &mut File) -> Result<Lines> {
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    read.or_outside(|| format!("failed to read `{}`", path.display())).coded(&code::DISK)?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Lines> {
    lines(bytes)
        .or_refused(|| format!("cannot use `{}`", path.display()))
        .coded(&code::LEDGER_BROKEN)
}

/// A file's name is in its folder: without this it may be gone after a power cut.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
