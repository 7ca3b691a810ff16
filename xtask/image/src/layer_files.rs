//! The files of a layer that is in a layout, read back: their paths, and what of each is wanted.
//!
//! The whole tar is held against its diff id, so that nothing is said of other bytes.

use crate::error::{Error, Result};
use crate::layout::Layout;
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufReader, Read};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its path.
    Path,
    /// Its bytes as well; a file over 16 MiB is refused.
    Bytes,
    /// Its digest as well.
    Digest,
}

/// A file of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFile {
    /// Where it is, without a `/` in front.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
    /// Its bytes, if they were wanted.
    pub bytes: Option<Vec<u8>>,
    /// Its digest, if it was wanted.
    pub digest: Option<Digest>,
}

const BYTES_MAX: u64 = 16 << 20;

/// Every regular file of a layer, in the order of its tar.
pub fn layer_files(
    layout: &Layout,
    layer: &Descriptor,
    diff_id: &Digest,
    wanted: &dyn Fn(&str) -> Wanted,
) -> Result<Vec<LayerFile>> {
    let path = layout.blob_path(&layer.digest);
    let failed = |source| Error::Disk { verb: "read", path: path.clone(), source };
    let blob = BufReader::with_capacity(256 << 10, layout.open_blob(&layer.digest)?);
    let hashing = Hashing { source: MultiGzDecoder::new(blob), hasher: Sha256::new(), size: 0 };
    let mut archive = tar::Archive::new(hashing);
    let files = entries(&mut archive, wanted).map_err(failed)?;
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(failed)?;
    let found = Digest::from_bytes(rest.hasher.finalize().into());
    if found == *diff_id {
        return Ok(files);
    }
    let (wanted, size) = (*diff_id, rest.size);
    Err(Error::Corrupt { wanted, size, found: format!("digest `{found}`") })
}

fn entries<R: Read>(
    archive: &mut tar::Archive<R>,
    wanted: &dyn Fn(&str) -> Wanted,
) -> io::Result<Vec<LayerFile>> {
    let mut files = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.trim_start_matches("./").trim_start_matches('/').to_owned();
        let size = entry.size();
        let (mut bytes, mut digest) = (None, None);
        match wanted(&path) {
            Wanted::Path => {}
            Wanted::Bytes if size > BYTES_MAX => {
                return Err(io::Error::other(format!("`{path}` has {size} bytes")));
            }
            Wanted::Bytes => {
                let mut read = Vec::new();
                entry.read_to_end(&mut read)?;
                bytes = Some(read);
            }
            Wanted::Digest => {
                let mut hasher = Sha256::new();
                io::copy(&mut entry, &mut hasher)?;
                digest = Some(Digest::from_bytes(hasher.finalize().into()));
            }
        }
        files.push(LayerFile { path, size, bytes, digest });
    }
    Ok(files)
}

/// Hashes what passes through.
struct Hashing<R> {
    source: R,
    hasher: Sha256,
    size: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{LayerOptions, write_layer};
    use crate::tree::{Node, Tree};

    fn layer() -> (tempfile::TempDir, Layout, crate::layer::LayerBlob) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(folder.path()).unwrap();
        let long = format!("{}/deep", "long".repeat(40));
        let mut tree = Tree::new();
        for (path, bytes) in [("a", "one"), (long.as_str(), "two"), ("z", "three")] {
            tree.insert(path, Node::file(0o644, bytes.as_bytes())).unwrap();
        }
        tree.insert("link", Node::symlink("a")).unwrap();
        let blob = write_layer(&tree, &layout, LayerOptions::default()).unwrap();
        (folder, layout, blob)
    }

    #[test]
    fn every_file_is_found_and_of_each_only_what_is_wanted() {
        let (_folder, layout, blob) = layer();
        let wanted = |path: &str| match path {
            "a" => Wanted::Bytes,
            "z" => Wanted::Digest,
            _ => Wanted::Path,
        };
        let files = layer_files(&layout, &blob.descriptor, &blob.diff_id, &wanted).unwrap();
        let [one, two, three] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((one.path.as_str(), one.bytes.as_deref()), ("a", Some(b"one".as_slice())));
        assert!(two.path.ends_with("/deep") && two.bytes.is_none() && two.size == 3);
        assert_eq!(three.digest, Some(Digest::of(b"three")));
    }

    #[test]
    fn a_layer_that_is_not_what_its_diff_id_says_is_refused() {
        let (_folder, layout, blob) = layer();
        let other = Digest::of(b"other");
        let refused = layer_files(&layout, &blob.descriptor, &other, &|_| Wanted::Path);
        assert!(matches!(refused, Err(Error::Corrupt { wanted, .. }) if wanted == other));
        let path = layout.blob_path(&blob.descriptor.digest);
        std::fs::write(&path, &std::fs::read(&path).unwrap()[..40]).unwrap();
        assert!(layer_files(&layout, &blob.descriptor, &blob.diff_id, &|_| Wanted::Path).is_err());
    }
}
