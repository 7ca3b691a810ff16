//! The entries of a layer as they stand in its blob, one after the other and never all in memory.

use crate::error::{Error, Result, lossy};
use crate::layout::Layout;
use crate::tar_v1::Owner;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use tar::EntryType;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// How much of a blob is read at a time.
const BUFFER_LEN: usize = 64 << 10;
/// Enough of a file to tell what it is.
const HEAD_LEN: u64 = 16;
/// A file whose bytes are asked for is refused beyond this size.
const BYTES_LEN_MAX: u64 = 16 << 20;

/// What is wanted of a file beside its path, size and first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Nothing,
    /// This many of its first bytes, if that is more than are told anyway.
    Head(u64),
    /// All its bytes.
    Bytes,
    /// The digest of its bytes.
    Digest,
}

/// An entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path, relative to the root of the image.
    pub path: String,
    pub mode: u32,
    /// Whose it is.
    pub owner: Owner,
    /// How many bytes of the blob were read since the entry before it.
    pub packed: u64,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    /// A symbolic link and its text.
    Link(String),
    /// A regular file.
    File(ListedFile),
}

/// What is told of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedFile {
    pub size: u64,
    /// Its first bytes.
    pub head: Vec<u8>,
    /// All of them, if they were wanted.
    pub bytes: Option<Vec<u8>>,
    /// Their digest, if it was wanted.
    pub digest: Option<Digest>,
}

/// Hands every entry of the layer `descriptor` to `each`, with what `wants` says of a file. A
/// blob that is not what its name says is refused once it is read.
pub fn list(
    layout: &Layout,
    descriptor: &Descriptor,
    wants: impl Fn(&str) -> Wanted,
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
    wants: &impl Fn(&str) -> Wanted,
) -> io::Result<Listed> {
    let path = lossy(&entry.path_bytes());
    let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
    let header = entry.header();
    let mode = header.mode()?;
    let number = |id: u64| u32::try_from(id).map_err(io::Error::other);
    let owner = Owner { uid: number(header.uid()?)?, gid: number(header.gid()?)? };
    let kind = match header.entry_type() {
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Link(lossy(&entry.link_name_bytes().unwrap_or_default())),
        EntryType::Regular => Kind::File(read_file(entry, &path, wants(&path))?),
        other => return Err(io::Error::other(format!("`{path}` has type {other:?}"))),
    };
    Ok(Listed { path, mode, owner, packed: 0, kind })
}

fn read_file(
    entry: &mut tar::Entry<'_, impl Read>,
    path: &str,
    wanted: Wanted,
) -> io::Result<ListedFile> {
    let mut file = ListedFile { size: entry.size(), ..ListedFile::default() };
    if wanted != Wanted::Bytes {
        let len = if let Wanted::Head(len) = wanted { len.max(HEAD_LEN) } else { HEAD_LEN };
        entry.take(len).read_to_end(&mut file.head)?;
    }
    match wanted {
        Wanted::Nothing | Wanted::Head(_) => {}
        Wanted::Digest => file.digest = Some(digest(&file.head, entry)?),
        Wanted::Bytes if file.size > BYTES_LEN_MAX => {
            return Err(io::Error::other(format!("`{path}` is larger than such a file can be")));
        }
        Wanted::Bytes => {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            file.head.extend(bytes.iter().take(HEAD_LEN as usize));
            file.bytes = Some(bytes);
        }
    }
    Ok(file)
}

fn digest(head: &[u8], rest: &mut impl Read) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    hasher.update(head);
    io::copy(rest, &mut hasher)?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
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
    fn entries_are_listed_with_what_they_take_of_the_blob() {
        let dir = tempfile::tempdir().unwrap();
        let (layout, descriptor) = layer(dir.path());
        let mut found = Vec::new();
        let wants = |path: &str| match path {
            "b/list" => Wanted::Bytes,
            "a/zeros" => Wanted::Digest,
            _ => Wanted::Nothing,
        };
        list(&layout, &descriptor, wants, |it| found.push(it)).unwrap();
        let paths: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, ["a", "a/noise", "a/zeros", "b", "b/link", "b/list"]);
        assert!((2_990_000..3_010_000).contains(&found[1].packed), "{}", found[1].packed);
        assert!(found[2].packed < 10_000, "zeros are packed small: {}", found[2].packed);
        assert_eq!((&found[0].kind, found[0].mode), (&Kind::Directory, 0o755));
        assert_eq!(found[4].kind, Kind::Link("list".to_owned()));
        let file = |at: usize| match &found[at].kind {
            Kind::File(file) => file.clone(),
            other => panic!("{other:?} is no file"),
        };
        assert_eq!((file(1).size, file(1).head.len(), file(1).digest), (3_000_000, 16, None));
        assert_eq!(file(2).digest, Some(Digest::of(&vec![0; 3_000_000])));
        assert_eq!(file(5).bytes.as_deref(), Some(&b"x\n"[..]));
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
        let error = list(&layout, &descriptor, |_| Wanted::Nothing, |_| ()).unwrap_err();
        assert!(error.to_string().contains("is corrupt"), "{error}");
    }
}
