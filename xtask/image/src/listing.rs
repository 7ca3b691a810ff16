//! What a layer in a layout holds, read back from its blob.

use crate::error::{Error, Result, lossy};
use crate::layout::Layout;
use crate::tar_v1::Owner;
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use tar::{Archive, EntryType};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// One entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A directory with its mode and owner.
    Directory(u32, Owner),
    /// A file with its mode, owner and the digest of its bytes.
    File(u32, Owner, Digest),
    /// A symbolic link and its text.
    Link(String),
}

/// Every entry of `layer` by path.
pub fn list(layout: &Layout, layer: &Descriptor) -> Result<BTreeMap<String, Listed>> {
    let path = layout.blob_path(&layer.digest);
    let blob = BufReader::new(layout.open_blob(&layer.digest)?);
    entries(MultiGzDecoder::new(blob)).map_err(Error::disk("read", &path))
}

/// The paths at which two layers differ, in order; also those that only one of them holds.
pub fn differences(layout: &Layout, left: &Descriptor, right: &Descriptor) -> Result<Vec<String>> {
    let (left, right) = (list(layout, left)?, list(layout, right)?);
    let mut paths: Vec<&String> = left.keys().chain(right.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let differ = |path: &&String| left.get(*path) != right.get(*path);
    Ok(paths.into_iter().filter(differ).cloned().collect())
}

fn entries(tar: impl Read) -> io::Result<BTreeMap<String, Listed>> {
    let mut listed = BTreeMap::new();
    for entry in Archive::new(tar).entries()? {
        let mut entry = entry?;
        let path = lossy(&entry.path_bytes()).trim_end_matches('/').to_owned();
        let header = entry.header();
        let mode = header.mode()?;
        let number = |id: u64| u32::try_from(id).map_err(io::Error::other);
        let owner = Owner { uid: number(header.uid()?)?, gid: number(header.gid()?)? };
        let found = match header.entry_type() {
            EntryType::Directory => Listed::Directory(mode, owner),
            EntryType::Symlink => Listed::Link(lossy(&entry.link_name_bytes().unwrap_or_default())),
            EntryType::Regular => Listed::File(mode, owner, digest(&mut entry)?),
            other => return Err(io::Error::other(format!("`{path}` has type {other:?}"))),
        };
        listed.insert(path, found);
    }
    Ok(listed)
}

fn digest(bytes: &mut impl Read) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    io::copy(bytes, &mut hasher)?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gzip_v1::Options;
    use crate::layer::write_layer;
    use crate::tree::{Node, Tree};

    #[test]
    fn a_layer_reads_back_and_every_difference_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(dir.path()).unwrap();
        let long = "d/".repeat(80) + "é";
        let mut tree = Tree::new();
        for path in ["a/same", "a/bytes", &long] {
            tree.insert(path, Node::file(0o644, path)).unwrap();
        }
        tree.insert("a/mode", Node::file(0o644, "")).unwrap();
        tree.insert("a/link", Node::symlink("same")).unwrap();
        let write = |tree: &Tree| write_layer(tree, &layout, Options::default()).unwrap();
        let before = write(&tree).descriptor;
        let found = list(&layout, &before).unwrap();
        assert_eq!(found["a"], Listed::Directory(0o755, Owner::default()));
        let digest = Digest::of(long.as_bytes());
        assert_eq!(found[&long], Listed::File(0o644, Owner::default(), digest));
        assert_eq!(found["a/link"], Listed::Link("same".into()));

        tree.insert_over("a/bytes", Node::file(0o644, "others")).unwrap();
        tree.insert_over("a/mode", Node::file(0o755, "")).unwrap();
        tree.insert_over("a/link", Node::symlink("mode")).unwrap();
        tree.insert("a/new", Node::directory(0o755)).unwrap();
        let after = write(&tree).descriptor;
        let named = differences(&layout, &before, &after).unwrap();
        assert_eq!(named, ["a/bytes", "a/link", "a/mode", "a/new"]);
        assert_eq!(differences(&layout, &after, &after).unwrap(), [""; 0]);
    }
}
