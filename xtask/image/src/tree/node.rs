//! One entry of a tree.

use crate::content::Content;
use crate::error::lossy;
use crate::tar_v1::Owner;
use std::io;

/// A directory, a file or a symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Directory {
        mode: u32,
        /// Whose it is.
        owner: Owner,
    },
    /// A regular file.
    File {
        mode: u32,
        /// Whose it is.
        owner: Owner,
        content: Content,
    },
    /// A symbolic link.
    Symlink {
        /// Its text, taken as it is.
        target: Vec<u8>,
        /// Whose it is.
        owner: Owner,
    },
}

impl Node {
    /// A file of root's with these bytes.
    pub fn file(mode: u32, bytes: impl Into<Vec<u8>>) -> Self {
        Self::File { mode, owner: Owner::default(), content: Content::Bytes(bytes.into()) }
    }

    /// A directory of root's.
    pub fn directory(mode: u32) -> Self {
        Self::Directory { mode, owner: Owner::default() }
    }

    /// A symbolic link of root's.
    pub fn symlink(target: impl Into<Vec<u8>>) -> Self {
        Self::Symlink { target: target.into(), owner: Owner::default() }
    }

    /// Permission bits as they are written; a link's are always 0777.
    pub fn mode(&self) -> u32 {
        match self {
            Self::Directory { mode, .. } | Self::File { mode, .. } => mode & 0o7777,
            Self::Symlink { .. } => 0o777,
        }
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        match self {
            Self::Directory { owner, .. }
            | Self::File { owner, .. }
            | Self::Symlink { owner, .. } => *owner,
        }
    }
}

/// In what two nodes differ, as a person would say it.
pub(super) fn difference(existing: &Node, node: &Node) -> io::Result<Option<String>> {
    let text = match (existing, node) {
        (Node::File { content: existing, .. }, Node::File { content: new, .. })
            if !existing.same_bytes(new)? =>
        {
            "the files differ".to_owned()
        }
        (Node::Symlink { target: existing, .. }, Node::Symlink { target: new, .. })
            if existing != new =>
        {
            format!("it is a link to `{}`, and one to `{}`", lossy(existing), lossy(new))
        }
        _ if kind(existing) != kind(node) => {
            format!("it is a {}, and a {}", kind(existing), kind(node))
        }
        _ if existing.mode() != node.mode() => {
            format!("its mode is {:04o}, and {:04o}", existing.mode(), node.mode())
        }
        _ if existing.owner() != node.owner() => "its owners differ".to_owned(),
        _ => return Ok(None),
    };
    Ok(Some(text))
}

fn kind(node: &Node) -> &'static str {
    match node {
        Node::Directory { .. } => "directory",
        Node::File { .. } => "file",
        Node::Symlink { .. } => "symbolic link",
    }
}
