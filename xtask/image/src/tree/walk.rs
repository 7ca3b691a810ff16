//! Reads a directory of the disk as a tree, without anything that depends on the host: not the
//! order of listing, not the umask, not owners, not times.

use super::{Node, Tree, globs};
use crate::content::Content;
use crate::error::{Error, Result};
use crate::tar_v1::Owner;
use globset::GlobSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const SET_ID: u32 = 0o6000;

/// How a directory becomes a tree.
#[derive(Clone, Debug, Default)]
pub struct DirectoryRules {
    /// Who owns every entry.
    pub owner: Owner,
    /// Patterns over paths relative to the directory; what matches is not even walked.
    pub exclude: Vec<String>,
}

struct Walk<'a> {
    tree: Tree,
    prefix: &'a [u8],
    owner: Owner,
    exclude: GlobSet,
}

impl Tree {
    /// The contents of `disk_dir` below `prefix` (empty for the root). Files become 0755 if
    /// their owner may execute them and 0644 otherwise, directories 0755; links keep their text.
    pub fn from_directory(
        disk_dir: &Path,
        prefix: impl AsRef<[u8]>,
        rules: &DirectoryRules,
    ) -> Result<Self> {
        let exclude = globs::compile(&rules.exclude)?;
        let prefix = prefix.as_ref();
        let mut walk = Walk { tree: Self::new(), prefix, owner: rules.owner, exclude };
        if !prefix.is_empty() {
            walk.tree.insert(prefix, Node::Directory { mode: 0o755, owner: rules.owner })?;
        }
        walk.directory(disk_dir, b"")?;
        Ok(walk.tree)
    }
}

impl Walk<'_> {
    fn directory(&mut self, disk_dir: &Path, relative: &[u8]) -> Result<()> {
        for entry in fs::read_dir(disk_dir).map_err(Error::disk("list", disk_dir))? {
            let entry = entry.map_err(Error::disk("list", disk_dir))?;
            let relative = join(relative, entry.file_name().as_bytes());
            if !globs::matches(&self.exclude, &relative) {
                self.entry(&entry.path(), &relative)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, relative: &[u8]) -> Result<()> {
        let metadata = fs::symlink_metadata(path).map_err(Error::disk("read", path))?;
        let node = node_of(path, &metadata, self.owner)?;
        self.tree.insert(join(self.prefix, relative), node)?;
        if metadata.is_dir() {
            self.directory(path, relative)?;
        }
        Ok(())
    }
}

fn node_of(path: &Path, metadata: &Metadata, owner: Owner) -> Result<Node> {
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Ok(Node::Directory { mode: 0o755, owner });
    }
    if kind.is_symlink() {
        let target = fs::read_link(path).map_err(Error::disk("read", path))?;
        return Ok(Node::Symlink { target: target.as_os_str().as_bytes().to_vec(), owner });
    }
    if kind.is_file() {
        if metadata.permissions().mode() & SET_ID != 0 {
            let why = "it is setuid or setgid, which no image of ours is; take the bit off";
            return Err(Error::disk("pack", path)(io::Error::other(why)));
        }
        let executable = metadata.permissions().mode() & 0o100 != 0;
        let mode = if executable { 0o755 } else { 0o644 };
        let content = Content::Disk { path: path.to_owned(), size: metadata.len() };
        return Ok(Node::File { mode, owner, content });
    }
    let why = io::Error::new(io::ErrorKind::InvalidInput, "it is a device, a socket or a pipe");
    Err(Error::disk("pack", path)(why))
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    if parent.is_empty() { name.to_vec() } else { [parent, b"/", name].concat() }
}
