//! What was learnt from files, cached by what `stat` says of them.
//!
//! The rule is git's: what changed within the clock's grain of being read is not cached,
//! because a second change could leave the same times behind.

use crate::edge::files;
use crate::error::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use xtask_core::digest::Digest;

/// The coarsest clock of a file system that we trust: FAT's.
const GRAIN: Duration = Duration::from_secs(2);

/// A memory in one file. Losing it costs time, never correctness.
#[derive(Debug)]
pub(super) struct StatCache {
    file: PathBuf,
    /// By name: what `stat` said, and what was learnt.
    entries: BTreeMap<String, (String, String)>,
    learnt_more: bool,
}

impl StatCache {
    /// Opens the memory; one that cannot be read is empty.
    pub(super) fn open(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let entries = serde_json::from_str(&text).unwrap_or_default();
        Self { file: file.to_owned(), entries, learnt_more: false }
    }

    /// Writes it, if there is anything new.
    pub(super) fn save(&self) -> Result<()> {
        if !self.learnt_more {
            return Ok(());
        }
        let text = serde_json::to_string(&self.entries)
            .or_outside(|| format!("failed to write `{}`", self.file.display()))?;
        files::write(&self.file, text.as_bytes())
    }

    /// What is known about the file at `path` under `name`, if it is as it was.
    pub(super) fn known(&self, name: &str, path: &Path) -> Option<String> {
        let stat = stat_of(&std::fs::symlink_metadata(path).ok()?);
        self.entries
            .get(name)
            .filter(|(before, _)| *before == stat)
            .map(|(_, learnt)| learnt.clone())
    }

    /// Remembers what was learnt from the file at `path`, if nothing can have changed unseen.
    pub(super) fn learn(&mut self, name: &str, path: &Path, learnt: &str) {
        let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
        if is_settled(&metadata) {
            self.entries.insert(name.to_owned(), (stat_of(&metadata), learnt.to_owned()));
            self.learnt_more = true;
        }
    }

    /// The digest of the file `name` below `root`, with what it is; `None` if it is not there.
    pub(super) fn digest(&mut self, root: &Path, name: &str) -> Result<Option<String>> {
        let path = root.join(name);
        if let Some(known) = self.known(name, &path) {
            return Ok(Some(known));
        }
        let Ok(before) = std::fs::symlink_metadata(&path) else { return Ok(None) };
        let digest = digest_now(&path, &before)?;
        let after = std::fs::symlink_metadata(&path);
        if after.is_ok_and(|after| stat_of(&after) == stat_of(&before)) {
            self.learn(name, &path, &digest);
        }
        Ok(Some(digest))
    }
}

fn digest_now(path: &Path, metadata: &Metadata) -> Result<String> {
    let failed = || format!("failed to read `{}`", path.display());
    if metadata.is_symlink() {
        let target = std::fs::read_link(path).or_outside(failed)?;
        return Ok(format!("link {}", Digest::of(target.as_os_str().as_bytes())));
    }
    if metadata.is_dir() {
        return Ok("folder".to_owned());
    }
    let kind = if metadata.mode() & 0o100 == 0 { "file" } else { "program" };
    Ok(format!("{kind} {}", Digest::of(&std::fs::read(path).or_outside(failed)?)))
}

fn stat_of(it: &Metadata) -> String {
    let modified = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
    let modified = modified.map(|it| it.to_string()).join(" ");
    format!("{} {} {} {:o} {modified}", it.dev(), it.ino(), it.size(), it.mode())
}

fn is_settled(metadata: &Metadata) -> bool {
    let seconds = u64::try_from(metadata.ctime().max(metadata.mtime())).unwrap_or_default();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    SystemTime::now().duration_since(changed).is_ok_and(|age| age > GRAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str, age: Duration) {
        std::fs::write(path, text).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn content_and_the_right_to_execute_decide_and_a_missing_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut stat_cache = StatCache::open(&folder.path().join("stat-cache.json"));
        let mut digest = |name: &str| stat_cache.digest(folder.path(), name).unwrap();
        for (name, text) in [("a", "x"), ("b", "x"), ("c", "y")] {
            write(&folder.path().join(name), text, Duration::ZERO);
        }
        assert_eq!(digest("a"), digest("b"));
        assert_ne!(digest("a"), digest("c"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path().join("b"), mode).unwrap();
        assert_ne!(digest("a"), digest("b"));
        assert_eq!(digest("none"), None);
    }

    #[test]
    fn what_changed_a_moment_ago_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, "x", Duration::from_secs(60));
        let mut stat_cache = StatCache::open(&folder.path().join("stat-cache.json"));
        stat_cache.digest(folder.path(), "a").unwrap();
        assert_eq!(stat_cache.known("a", &path), None, "its inode changed just now");
    }

    #[test]
    fn what_was_learnt_outlives_the_run_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("stat-cache.json");
        // Old enough on every machine, and not ours to change.
        let old = std::env::current_exe().unwrap().ancestors().last().unwrap().join("etc/passwd");
        let mut stat_cache = StatCache::open(&memory);
        stat_cache.learn("old", &old, "something");
        stat_cache.save().unwrap();
        assert_eq!(StatCache::open(&memory).known("old", &old).as_deref(), Some("something"));
        let other = folder.path().join("other");
        write(&other, "x", Duration::ZERO);
        assert_eq!(StatCache::open(&memory).known("old", &other), None);
    }
}
