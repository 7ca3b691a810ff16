//! The key of a layer: a digest over everything that its bytes depend on.

use super::stat::Stat;
use super::{Cache, held};
use crate::content::Content;
use crate::error::{Error, Result};
use crate::tar_v1;
use crate::tree::{Node, Tree};
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::Path;
use std::time::SystemTime;
use xtask_core::digest::Digest;

/// The key of the layer of `tree` as `encoder_id` would write it. Reads only files whose
/// digest the cache does not know.
pub fn layer_key(tree: &Tree, encoder_id: &str, cache: &Cache) -> Result<Digest> {
    let mut hasher = Sha256::new();
    field(&mut hasher, tar_v1::FORM.as_bytes());
    field(&mut hasher, encoder_id.as_bytes());
    for (path, node) in tree.iter() {
        field(&mut hasher, path);
        hasher.update(node.mode().to_le_bytes());
        hasher.update(node.owner().uid.to_le_bytes());
        hasher.update(node.owner().gid.to_le_bytes());
        match node {
            Node::Directory { .. } => field(&mut hasher, b"directory"),
            Node::Symlink { target, .. } => {
                field(&mut hasher, b"symlink");
                field(&mut hasher, target);
            }
            Node::File { content, .. } => {
                field(&mut hasher, b"file");
                field(
                    &mut hasher,
                    content_digest(content, cache)?.hex().as_bytes(),
                );
            }
        }
    }
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

/// Fields carry their length, so that no two lists of fields are the same bytes.
fn field(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn content_digest(content: &Content, cache: &Cache) -> Result<Digest> {
    match content {
        Content::Bytes(bytes) => Ok(Digest::of(bytes)),
        Content::Disk { path, size } => disk_digest(path, content, 0, *size, cache),
        Content::Slice { path, offset, size } => disk_digest(path, content, *offset, *size, cache),
    }
}

/// The digest of a file, from memory if `stat` says that nothing changed.
fn disk_digest(
    path: &Path,
    content: &Content,
    offset: u64,
    size: u64,
    cache: &Cache,
) -> Result<Digest> {
    let metadata = std::fs::metadata(path).map_err(Error::disk("read", path))?;
    let stat = Stat::new(&metadata, offset, size);
    if let Some(digest) = held(&cache.contents).get(&stat) {
        return Ok(digest);
    }
    let started = SystemTime::now();
    let digest = read_digest(path, content)?;
    let metadata = std::fs::metadata(path).map_err(Error::disk("read", path))?;
    if Stat::new(&metadata, offset, size) == stat && stat.is_settled(started) {
        held(&cache.contents).put(stat, digest);
    }
    Ok(digest)
}

fn read_digest(path: &Path, content: &Content) -> Result<Digest> {
    let mut hasher = Sha256::new();
    let mut reader = content.open().map_err(Error::disk("read", path))?;
    io::copy(&mut reader, &mut hasher).map_err(Error::disk("read", path))?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}
