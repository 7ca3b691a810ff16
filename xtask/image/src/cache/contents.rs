//! Digests of files, from memory where `stat` says that nothing changed, and otherwise by
//! reading, on all cores: before a cold build this is the one pass that nothing hides.

use super::stat::Stat;
use super::{Cache, locked};
use crate::content::Content;
use crate::error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::SystemTime;
use xtask_core::digest::Digest;

/// How many files a thread takes at a time: neighbours on disk, and little to wait for at the end.
const BATCH: usize = 32;
/// More threads than this wait for each other.
const THREADS_MAX: usize = 8;

/// The digest of some bytes, and what `stat` said of their file before they were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) digest: Digest,
    pub(super) stat: Option<Stat>,
}

/// What is known of each of `contents`, in their order.
pub(super) fn look(contents: &[&Content], cache: &Cache) -> Result<Vec<Known>> {
    let batches: Vec<_> = contents.chunks(BATCH).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < batches.len());
        let batches = std::iter::from_fn(take).map(|at| Ok((at, look_at(batches[at], cache)?)));
        batches.collect::<Result<Vec<_>>>()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(THREADS_MAX).min(batches.len());
    let join = |worker: ScopedJoinHandle<'_, _>| worker.join().expect("no worker panics");
    let done: Result<Vec<_>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(join).collect()
    });
    let mut done: Vec<_> = done?.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().flat_map(|(_, known)| known).collect())
}

/// Whether every file still is as it was when it was looked at.
pub(super) fn unchanged(contents: &[&Content], known: &[Known]) -> Result<bool> {
    for (content, known) in contents.iter().zip(known) {
        let stat = content.disk_path().map(|path| stat(path, content)).transpose()?;
        if stat != known.stat {
            return Ok(false);
        }
    }
    Ok(true)
}

fn look_at(contents: &[&Content], cache: &Cache) -> Result<Vec<Known>> {
    let look = |content: &&Content| match content {
        Content::Bytes(bytes) => Ok(Known { digest: Digest::of(bytes), stat: None }),
        Content::Disk { path, .. } | Content::Slice { path, .. } => disk(path, content, cache),
    };
    contents.iter().map(look).collect()
}

/// The digest of bytes on disk; remembered only if nothing can have changed unseen.
fn disk(path: &Path, content: &Content, cache: &Cache) -> Result<Known> {
    let before = stat(path, content)?;
    if let Some(digest) = locked(&cache.contents).get(&before) {
        return Ok(Known { digest, stat: Some(before) });
    }
    let started = SystemTime::now();
    let digest = read(path, content)?;
    if before.is_settled(started) && stat(path, content)? == before {
        locked(&cache.contents).put(before, digest);
    }
    Ok(Known { digest, stat: Some(before) })
}

fn read(path: &Path, content: &Content) -> Result<Digest> {
    let mut hasher = Sha256::new();
    let mut reader = content.open().map_err(Error::disk("read", path))?;
    io::copy(&mut reader, &mut hasher).map_err(Error::disk("read", path))?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

fn stat(path: &Path, content: &Content) -> Result<Stat> {
    let metadata = std::fs::metadata(path).map_err(Error::disk("read", path))?;
    let offset = if let Content::Slice { offset, .. } = content { *offset } else { 0 };
    Ok(Stat::new(&metadata, offset, content.size()))
}
