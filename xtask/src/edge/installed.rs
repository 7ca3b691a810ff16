//! Folders that outside tools have installed into the cache. Each has a record beside it of what
//! it held when it was made; at each use it is held to that record.
//!
//! Content decides. What `stat` says is kept as well, because most folders have not been touched:
//! a change of any file, a replaced one too, has another change time or inode, and nobody but the
//! kernel sets those.

use crate::cancel::Cancel;
use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use xtask_core::digest::Digest;

/// How often a place that somebody has is asked for again.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// What is in the cache at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The folder is as it was when it was made.
    Whole,
    /// There is none.
    Absent,
    /// It was not as its record says, or had none, and is removed.
    Dropped,
}

/// An installation, and whether a bad one was in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Where it is.
    pub folder: PathBuf,
    /// Whether one was dropped that was not as its record says.
    pub made_anew: bool,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Record {
    /// Of every path with its kind, mode and content.
    content: Digest,
    /// Of what `stat` says of every path.
    stat: Digest,
}

/// A place that nobody else looks at, makes or changes while this lives: another build would take
/// what is half made for damaged. The kernel holds the lock, so it ends with its process.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    _alone: File,
}

impl Place {
    /// Waits until nobody else is there.
    pub fn alone(cancel: &Cancel, path: PathBuf) -> Result<Self> {
        let lock = path.with_extension("lock");
        let failed = || format!("failed to lock `{}`", lock.display());
        files::make_folder(path.parent().unwrap_or(Path::new("/")))?;
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(&lock);
        let file = open.or_outside(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { path, _alone: file }),
                Err(TryLockError::WouldBlock) => cancel.sleep(ASKED_EVERY)?,
                Err(TryLockError::Error(error)) => return Err(error).or_outside(failed),
            }
        }
    }

    /// Makes the folder unless it is there and whole. `make` fills an empty folder and judges what
    /// it has filled; what it refuses is not kept.
    pub fn ensure(&self, make: impl FnOnce(&Path) -> Result<()>) -> Result<Installed> {
        let place = &self.path;
        let state = look(place)?;
        if state != State::Whole {
            let made = files::make_aside(place)?;
            if let Err(failure) = make(&made) {
                let _debris = files::remove_folder(&made);
                return Err(failure);
            }
            settle(&made, place)?;
        }
        Ok(Installed { folder: place.clone(), made_anew: state == State::Dropped })
    }

    /// Records the folder as it is now: a build of ours found it whole, ran in it, and left what it
    /// keeps for the next one, such as `node_modules/.cache`.
    pub fn record_anew(&self) -> Result<()> {
        let place = &self.path;
        let entries = entries(place)?;
        let (stat, text) = (stat_digest(&entries), files::read_if_there(&record_path(place))?);
        let known: Option<Record> = text.and_then(|text| serde_json::from_str(&text).ok());
        if known.is_some_and(|known| known.stat == stat) {
            return Ok(());
        }
        keep(place, &Record { content: content_digest(&entries)?, stat })
    }
}

/// Looks at the folder at `place`, and drops it if it is not as its record says.
fn look(place: &Path) -> Result<State> {
    if !files::is_folder(place)? {
        return Ok(State::Absent);
    }
    let text = files::read_if_there(&record_path(place))?;
    let record: Option<Record> = text.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(record) = record {
        let entries = entries(place)?;
        let stat = stat_digest(&entries);
        if stat == record.stat {
            return Ok(State::Whole);
        }
        if content_digest(&entries)? == record.content {
            keep(place, &Record { stat, ..record })?;
            return Ok(State::Whole);
        }
    }
    files::remove_file(&record_path(place))?;
    files::remove_folder(place)?;
    Ok(State::Dropped)
}

/// Puts the finished folder `made` at `place`, and its record beside it. A folder without a record
/// is one whose maker was killed in between, and is made anew.
fn settle(made: &Path, place: &Path) -> Result<()> {
    let content = content_digest(&entries(made)?)?;
    files::settle_folder(made, place)?;
    let entries = entries(place)?;
    if content_digest(&entries)? != content {
        let shown = place.display();
        return Err(Failure::outside(format!("failed to keep `{shown}`: somebody changes it")));
    }
    keep(place, &Record { content, stat: stat_digest(&entries) })
}

fn keep(place: &Path, record: &Record) -> Result<()> {
    let text = serde_json::to_string(record).expect("two digests");
    files::write(&record_path(place), text.as_bytes())
}

fn record_path(place: &Path) -> PathBuf {
    place.with_extension("json")
}

/// One path below a folder.
struct Entry {
    path: PathBuf,
    relative: PathBuf,
    metadata: std::fs::Metadata,
}

/// Everything below `folder`, ordered; links are not followed.
fn entries(folder: &Path) -> Result<Vec<Entry>> {
    let failed = |path: &Path| format!("failed to read `{}`", path.display());
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(parent) = open.pop() {
        for entry in std::fs::read_dir(&parent).or_outside(|| failed(&parent))? {
            let path = entry.or_outside(|| failed(&parent))?.path();
            let metadata = std::fs::symlink_metadata(&path).or_outside(|| failed(&path))?;
            if metadata.is_dir() {
                open.push(path.clone());
            }
            let relative = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            found.push(Entry { path, relative, metadata });
        }
    }
    found.sort_by(|one, other| one.relative.cmp(&other.relative));
    Ok(found)
}

fn stat_digest(entries: &[Entry]) -> Digest {
    let mut hasher = Sha256::new();
    for Entry { relative, metadata, .. } in entries {
        hasher.update(relative.as_os_str().as_bytes());
        let numbers = [metadata.dev(), metadata.ino(), metadata.size(), u64::from(metadata.mode())];
        numbers.iter().for_each(|number| hasher.update(number.to_le_bytes()));
        // A folder's own times change when a tool looks up a file that is not there and makes one;
        // what is in it is listed anyway.
        if !metadata.is_dir() {
            for time in
                [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()]
            {
                hasher.update(time.to_le_bytes());
            }
        }
    }
    Digest::from_bytes(hasher.finalize().into())
}

/// The place of a path among all, and what an image can take of it.
type Meaning = (usize, Vec<u8>);

/// Files are read side by side.
fn content_digest(entries: &[Entry]) -> Result<Digest> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<Meaning>> {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = entries.get(at) else { return Ok(done) };
            done.push((at, meaning(entry)?));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let parts: Vec<Result<Vec<Meaning>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|it| it.join().expect("reading does not panic")).collect()
    });
    let mut all = Vec::with_capacity(entries.len());
    for part in parts {
        all.extend(part?);
    }
    all.sort_unstable_by_key(|(at, _)| *at);
    let mut hasher = Sha256::new();
    for (at, meaning) in &all {
        hasher.update(entries[*at].relative.as_os_str().as_bytes());
        hasher.update([0]);
        hasher.update(meaning);
    }
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

/// Kind, whether it may be executed, and content: what an image can take of it.
fn meaning(entry: &Entry) -> Result<Vec<u8>> {
    let failed = || format!("failed to read `{}`", entry.path.display());
    let kind = entry.metadata.file_type();
    if kind.is_dir() {
        return Ok(b"directory".to_vec());
    }
    if kind.is_symlink() {
        let target = std::fs::read_link(&entry.path).or_outside(failed)?;
        return Ok([b"link ", target.as_os_str().as_bytes()].concat());
    }
    if !kind.is_file() {
        return Err(Failure::outside(failed()).reason("it is a device, a socket or a pipe"));
    }
    let mut file = std::fs::File::open(&entry.path).or_outside(failed)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer).or_outside(failed)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    let runs = entry.metadata.mode() & 0o100 != 0;
    Ok([&[b'f', u8::from(runs)][..], &hasher.finalize()[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ensure(place: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<Installed> {
        Place::alone(&Cancel::new(), place.to_owned())?.ensure(make)
    }

    fn fill(folder: &Path) -> Result<()> {
        files::make_folder(&folder.join("a"))?;
        files::write(&folder.join("a/b"), b"good")
    }

    #[test]
    fn what_is_as_it_was_made_is_used_and_what_is_not_is_made_anew_once() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        let file = place.join("a/b");
        assert!(!ensure(&place, fill).unwrap().made_anew);
        let untouched = |_: &Path| -> Result<()> { panic!("it is whole") };
        assert!(!ensure(&place, untouched).unwrap().made_anew);

        // The same size and the same times, as a tool that keeps times writes them.
        let before = std::fs::metadata(&file).unwrap();
        std::fs::write(&file, "evil").unwrap();
        let times = std::fs::FileTimes::new().set_modified(before.modified().unwrap());
        std::fs::File::options().write(true).open(&file).unwrap().set_times(times).unwrap();
        assert!(ensure(&place, fill).unwrap().made_anew);
        assert_eq!(std::fs::read(&file).unwrap(), b"good");

        // Copied to another disk: other inodes and times, the same content.
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "good").unwrap();
        assert!(!ensure(&place, untouched).unwrap().made_anew);

        for change in ["new", "gone", "unrecorded"] {
            match change {
                "new" => std::fs::write(place.join("new"), "").unwrap(),
                "gone" => std::fs::remove_file(&file).unwrap(),
                _ => std::fs::remove_file(record_path(&place)).unwrap(),
            }
            assert!(ensure(&place, fill).unwrap().made_anew, "{change}");
        }
    }

    #[test]
    fn what_its_maker_refuses_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        let refuse = |made: &Path| fill(made).and(Err(Failure::outside("too little")));
        assert!(ensure(&place, refuse).is_err());
        let left = files::names(folder.path()).unwrap();
        assert_eq!(left, ["key.lock"]);
    }

    #[test]
    fn whoever_comes_second_waits_and_finds_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        let made = AtomicUsize::new(0);
        let slowly = |folder: &Path| {
            made.fetch_add(1, Ordering::Relaxed);
            fill(folder)?;
            std::thread::sleep(Duration::from_millis(50));
            files::write(&folder.join("a/c"), b"later")
        };
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| ensure(&place, slowly).unwrap());
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn a_person_who_ends_the_run_does_not_wait_for_another_build() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("key");
        let _somebody = Place::alone(&Cancel::new(), place.clone()).unwrap();
        let cancel = Cancel::new();
        cancel.cancel(2);
        assert!(Place::alone(&cancel, place).is_err());
    }
}
