//! From the entries of a data archive to nodes of a tree.

use crate::content::Content;
use crate::error::{Error, Result, lossy};
use crate::tree::{Node, Owner, Tree};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};
use tar::{Archive, Entry, EntryType};

/// Files up to this size are held in memory: opening them again would cost more.
const SMALL: u64 = 4 << 10;
const SET_ID: u32 = 0o6000;
/// The most that an archive may say of an entry before the entry; a name is 4 KiB at most.
const EXTENSION_LEN_MAX: u64 = 64 << 10;

/// What may be kept that is otherwise dropped.
#[derive(Clone, Debug, Default)]
pub struct UnpackRules {
    /// Paths, without a leading slash, that keep their setuid and setgid bits.
    pub keep_set_id: Vec<String>,
}

/// A path whose setuid or setgid bits were dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetId {
    /// The path, without a leading slash.
    pub path: String,
    /// Its mode in the archive.
    pub mode: u32,
}

/// Adds every entry of the archive in `unpacked` to `tree`; what lost its set-id bits is told.
pub(super) fn into_tree(
    package: &str,
    unpacked: &Path,
    tree: &mut Tree,
    rules: &UnpackRules,
) -> Result<Vec<SetId>> {
    let mut dropped = Vec::new();
    let broken = |error: io::Error| Error::Package {
        package: package.to_owned(),
        why: format!("its data archive: {error}"),
    };
    let file = File::open(unpacked).map_err(Error::disk("read", unpacked))?;
    let len = file.metadata().map_err(Error::disk("read", unpacked))?.len();
    check_extensions(&file).map_err(broken)?;
    let mut archive = Archive::new(BufReader::new(file));
    for entry in archive.entries_with_seek().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = lossy(&entry.path_bytes());
        let mut unpack = Unpack { unpacked, len, tree: &mut *tree, rules, dropped: &mut dropped };
        unpack.entry(&mut entry).map_err(|why| Error::PackageEntry {
            package: package.to_owned(),
            entry: name,
            why,
        })?;
    }
    Ok(dropped)
}

/// What an archive says of an entry before it is held in memory, so its length comes first. A
/// size that is said there would make this walk and the next see different entries.
fn check_extensions(mut file: &File) -> io::Result<()> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut archive = Archive::new(BufReader::new(file));
    for entry in archive.entries_with_seek()?.raw(true) {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_sparse() {
            return Err(invalid("a file with holes is not read here"));
        }
        let is_pax = kind.is_pax_local_extensions() || kind.is_pax_global_extensions();
        if !is_pax && !kind.is_gnu_longname() && !kind.is_gnu_longlink() {
            continue;
        }
        if entry.size() > EXTENSION_LEN_MAX {
            return Err(invalid("a name is longer than 64 KiB"));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if is_pax && [&b"size="[..], b"GNU.sparse"].iter().any(|key| contains(&bytes, key)) {
            return Err(invalid("a PAX header changes a size"));
        }
    }
    drop(archive);
    file.rewind()
}

fn contains(bytes: &[u8], key: &[u8]) -> bool {
    bytes.windows(key.len()).any(|window| window == key)
}

struct Unpack<'a> {
    unpacked: &'a Path,
    len: u64,
    tree: &'a mut Tree,
    rules: &'a UnpackRules,
    dropped: &'a mut Vec<SetId>,
}

impl Unpack<'_> {
    fn entry<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), String> {
        let name = entry.path_bytes().into_owned();
        let Some(path) = relative(&name) else {
            return Ok(());
        };
        let node = self.node(entry, path)?;
        self.note_set_id(entry, path, &node)?;
        self.tree.insert(path, node).map_err(|error| error.to_string())
    }

    fn node<R: Read>(&self, entry: &mut Entry<'_, R>, path: &[u8]) -> Result<Node, String> {
        let kind = entry.header().entry_type();
        let (mode, owner) = (self.mode(entry, path)?, owner(entry)?);
        let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
        match kind {
            EntryType::Directory => Ok(Node::Directory { mode, owner }),
            EntryType::Regular | EntryType::Continuous => {
                Ok(Node::File { mode, owner, content: self.content(entry)? })
            }
            EntryType::Symlink => {
                Ok(Node::Symlink { target: link.ok_or("it links to nothing")?, owner })
            }
            EntryType::Link => self.hard_link(&link.ok_or("it links to nothing")?),
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                Err("it is a device or a pipe".to_owned())
            }
            other => Err(format!("its type `{}` is not read here", other.as_byte() as char)),
        }
    }

    /// Another name of an earlier file becomes a copy of it: two names of one file in a layer
    /// are more than some readers understand.
    fn hard_link(&self, link: &[u8]) -> Result<Node, String> {
        let target = relative(link).ok_or("it links to the root")?;
        match self.tree.get(target) {
            Some(node @ Node::File { .. }) => Ok(node.clone()),
            _ => Err(format!("it links to `{}`, which is no file before it", lossy(link))),
        }
    }

    fn content<R: Read>(&self, entry: &mut Entry<'_, R>) -> Result<Content, String> {
        let (offset, size) = (entry.raw_file_position(), entry.size());
        if offset.checked_add(size).is_none_or(|end| end > self.len) {
            return Err("its bytes are cut off".to_owned());
        }
        if size > SMALL {
            return Ok(Content::Slice { path: PathBuf::from(self.unpacked), offset, size });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 != size {
            return Err("its bytes are cut off".to_owned());
        }
        Ok(Content::Bytes(bytes))
    }

    fn note_set_id<R: Read>(
        &mut self,
        entry: &Entry<'_, R>,
        path: &[u8],
        node: &Node,
    ) -> Result<(), String> {
        let mode = entry.header().mode().map_err(|error| error.to_string())? & 0o7777;
        let is_link = matches!(node, Node::Symlink { .. });
        if !is_link && mode & !node.mode() & SET_ID != 0 {
            self.dropped.push(SetId { path: lossy(path), mode });
        }
        Ok(())
    }

    /// The mode, less the bits that give other people's rights to whoever runs the file.
    fn mode<R: Read>(&self, entry: &Entry<'_, R>, path: &[u8]) -> Result<u32, String> {
        let mode = entry.header().mode().map_err(|error| error.to_string())? & 0o7777;
        let kept = self.rules.keep_set_id.iter().any(|kept| kept.as_bytes() == path);
        Ok(if kept { mode } else { mode & !SET_ID })
    }
}

fn owner<R: Read>(entry: &Entry<'_, R>) -> Result<Owner, String> {
    let header = entry.header();
    let number = |id: io::Result<u64>| -> Result<u32, String> {
        let id = id.map_err(|error| error.to_string())?;
        u32::try_from(id).map_err(|_| "its owner's number is too large".to_owned())
    };
    Ok(Owner { uid: number(header.uid())?, gid: number(header.gid())? })
}

/// The path without `./` in front and `/` behind; none for the root itself. Everything else
/// that a path must not be is refused by the tree.
fn relative(name: &[u8]) -> Option<&[u8]> {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_suffix(b"/").unwrap_or(name);
    (!name.is_empty() && name != b".").then_some(name)
}
