//! The files of a layer as they stand in its blob, one after the other and never all in memory.

use crate::error::{Error, Result, lossy};
use crate::layout::Layout;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// How much of a blob is read at a time.
const BUFFER_LEN: usize = 64 << 10;
/// Enough of a file to tell what it is.
const HEAD_LEN: u64 = 16;
/// A text that is asked for whole is refused beyond this size.
const TEXT_LEN_MAX: u64 = 16 << 20;

/// A file of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path, relative to the root of the image.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// How many bytes of the blob were read since the file before it.
    pub packed: u64,
    /// Its first bytes.
    pub head: Vec<u8>,
    /// All of it, if that was asked for.
    pub text: Option<String>,
}

/// Hands every regular file of the layer `descriptor` to `each`, with its whole text where
/// `wants` says so. A blob that is not what its name says is refused once it is read.
pub fn list(
    layout: &Layout,
    descriptor: &Descriptor,
    wants: impl Fn(&str) -> bool,
    mut each: impl FnMut(Listed),
) -> Result<()> {
    let path = layout.blob_path(&descriptor.digest);
    let failed = || Error::disk("read", &path);
    let taken = Rc::new(Cell::new(0));
    let blob = Counted::new(layout.open_blob(&descriptor.digest)?, Rc::clone(&taken));
    let mut archive = tar::Archive::new(MultiGzDecoder::new(blob));
    let mut before = 0;
    for entry in archive.entries().map_err(failed())? {
        let mut entry = entry.map_err(failed())?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut listed = read(&mut entry, &wants).map_err(failed())?;
        io::copy(&mut entry, &mut io::sink()).map_err(failed())?;
        listed.packed = taken.get() - before;
        before = taken.get();
        each(listed);
    }
    let mut blob = archive.into_inner();
    io::copy(&mut blob, &mut io::sink()).map_err(failed())?;
    check(descriptor, blob.into_inner(), taken.get())
}

fn read(
    entry: &mut tar::Entry<'_, impl Read>,
    wants: &impl Fn(&str) -> bool,
) -> io::Result<Listed> {
    let path = lossy(&entry.path_bytes());
    let path = path.trim_start_matches("./").to_owned();
    let size = entry.size();
    let mut head = Vec::new();
    if !wants(&path) {
        entry.take(HEAD_LEN).read_to_end(&mut head)?;
        return Ok(Listed { path, size, packed: 0, head, text: None });
    }
    if size > TEXT_LEN_MAX {
        return Err(io::Error::other(format!("`{path}` is larger than such a list can be")));
    }
    entry.read_to_end(&mut head)?;
    let text = Some(lossy(&head));
    head.truncate(HEAD_LEN as usize);
    Ok(Listed { path, size, packed: 0, head, text })
}

fn check(wanted: &Descriptor, blob: Counted, size: u64) -> Result<()> {
    let digest = Digest::from_bytes(blob.hasher.finalize().into());
    if digest == wanted.digest && size == wanted.size {
        return Ok(());
    }
    let found = format!("{size} bytes with digest `{digest}`");
    Err(Error::Corrupt { wanted: wanted.digest, size: wanted.size, found })
}

/// Hashes and counts what the decoder really takes, not what a buffer reads ahead.
struct Counted {
    file: BufReader<File>,
    hasher: Sha256,
    taken: Rc<Cell<u64>>,
}

impl Counted {
    fn new(file: File, taken: Rc<Cell<u64>>) -> Self {
        let file = BufReader::with_capacity(BUFFER_LEN, file);
        Self { file, hasher: Sha256::new(), taken }
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, len: usize) {
        self.hasher.update(&self.file.buffer()[..len]);
        self.taken.set(self.taken.get() + len as u64);
        self.file.consume(len);
    }
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let len = available.read(bytes)?;
        self.consume(len);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{LayerOptions, write_layer};
    use crate::tree::{Node, Tree};

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    fn layer(dir: &std::path::Path) -> (Layout, Descriptor) {
        let layout = Layout::open_or_create(dir).unwrap();
        let mut tree = Tree::new();
        tree.insert("a/noise", Node::file(0o644, noise(3_000_000))).unwrap();
        tree.insert("a/zeros", Node::file(0o644, vec![0; 3_000_000])).unwrap();
        tree.insert("b/list", Node::file(0o644, "x\n")).unwrap();
        tree.insert("b/link", Node::symlink(b"list")).unwrap();
        let blob = write_layer(&tree, &layout, LayerOptions::default()).unwrap();
        (layout, blob.descriptor)
    }

    #[test]
    fn files_are_listed_with_what_they_take_of_the_blob() {
        let dir = tempfile::tempdir().unwrap();
        let (layout, descriptor) = layer(dir.path());
        let mut found = Vec::new();
        list(&layout, &descriptor, |path| path == "b/list", |it| found.push(it)).unwrap();
        let names: Vec<_> = found.iter().map(|it| (it.path.as_str(), it.size)).collect();
        assert_eq!(names, [("a/noise", 3_000_000), ("a/zeros", 3_000_000), ("b/list", 2)]);
        assert!((2_990_000..3_010_000).contains(&found[0].packed), "{}", found[0].packed);
        assert!(found[1].packed < 10_000, "zeros are packed small: {}", found[1].packed);
        assert_eq!(found[2].text.as_deref(), Some("x\n"));
        assert_eq!((&found[0].text, found[0].head.len()), (&None, 16));
    }

    #[test]
    fn a_blob_that_is_not_what_its_name_says_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (layout, descriptor) = layer(dir.path());
        let path = layout.blob_path(&descriptor.digest);
        let mut bytes = std::fs::read(&path).unwrap();
        // A byte of the gzip header that decoders ignore: only the digest can tell.
        bytes[4] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = list(&layout, &descriptor, |_| false, |_| ()).unwrap_err();
        assert!(error.to_string().contains("is corrupt"), "{error}");
    }
}
