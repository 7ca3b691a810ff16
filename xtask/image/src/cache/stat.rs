//! What `stat` says of a file, and whether that is enough to know its bytes.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

/// The coarsest clock of a file system that we expect to build on.
const GRAIN: Duration = Duration::from_secs(2);

/// The identity of some bytes on disk: which file, which part, and when it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Stat {
    dev: u64,
    inode: u64,
    file_size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
    offset: u64,
    size: u64,
}

impl Stat {
    pub(super) fn new(metadata: &Metadata, offset: u64, size: u64) -> Self {
        Self {
            dev: metadata.dev(),
            inode: metadata.ino(),
            file_size: metadata.len(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            ctime: (metadata.ctime(), metadata.ctime_nsec()),
            offset,
            size,
        }
    }

    /// Whether the last change was long enough before `read_at` that another one would show.
    /// A file from the future is never settled.
    pub(super) fn is_settled(&self, read_at: SystemTime) -> bool {
        let since_epoch = read_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let latest = since_epoch.saturating_sub(GRAIN).as_nanos();
        let (seconds, nanos) = self.ctime.max(self.mtime);
        let changed = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        i128::try_from(latest).is_ok_and(|latest| changed < latest)
    }
}
