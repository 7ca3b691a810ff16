//! What a layer holds, before it is bytes: an ordered map from paths to nodes.
//!
//! A tree cannot hold what a tar must not say: no path twice, nothing below a file, and
//! nothing below a symbolic link, because the file would land wherever the link points.

pub use crate::content::Content;
use crate::error::lossy;
pub use crate::tar_v1::Owner;
use std::collections::{BTreeMap, BTreeSet};

mod form;
pub(crate) mod globs;
mod node;
mod walk;

pub use node::Node;
pub use walk::DirectoryRules;

/// A path in a tree: relative, `/`-separated, no empty, `.` or `..` component.
pub type TreePath = Vec<u8>;

/// Why a tree refuses a path.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The path has a form that no entry may have.
    #[error("cannot hold `{path}`: {why}")]
    Malformed {
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The path is taken by something else.
    #[error("cannot hold `{path}` twice: {why}")]
    Conflict {
        path: String,
        /// In what the two differ.
        why: String,
    },
    /// The parent is a file.
    #[error("cannot hold `{path}`: `{parent}` is a file")]
    BelowFile { path: String, parent: String },
    /// The parent is a symbolic link.
    #[error("cannot hold `{path}`: `{link}` is a symbolic link to `{target}`")]
    ThroughLink {
        path: String,
        link: String,
        /// Where the link points.
        target: String,
    },
    /// A pattern is not a glob.
    #[error("`{glob}` is not a pattern: {why}")]
    Glob {
        glob: String,
        /// What is wrong with it.
        why: String,
    },
}

/// An ordered map from paths to nodes: byte-wise by full path, so parents come before children.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    entries: BTreeMap<TreePath, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    node: Node,
    /// Made only because something lies below it; whoever names it later decides its mode.
    implied: bool,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `node` at `path`, with parent directories 0755 of root where there are none.
    /// What is there already may only be the same thing.
    pub fn insert(&mut self, path: impl AsRef<[u8]>, node: Node) -> Result<(), TreeError> {
        let path = path.as_ref();
        self.check(path, &node)?;
        match self.entries.get(path) {
            Some(entry) if !may_take(entry, &node) => refuse_other(path, &entry.node, &node),
            _ => {
                self.put(path, node);
                Ok(())
            }
        }
    }

    /// Adds `node` at `path` in place of whatever is there; a directory that holds something
    /// gives way to a directory only.
    pub fn insert_over(&mut self, path: impl AsRef<[u8]>, node: Node) -> Result<(), TreeError> {
        let path = path.as_ref();
        self.check(path, &node)?;
        if !matches!(node, Node::Directory { .. }) && self.below(path).next().is_some() {
            let why = "it is a directory that holds other entries".to_owned();
            return Err(TreeError::Conflict { path: lossy(path), why });
        }
        self.put(path, node);
        Ok(())
    }

    /// Adds everything of `other`, as `insert` would.
    pub fn merge(&mut self, other: Self) -> Result<(), TreeError> {
        for (path, entry) in other.entries {
            if !entry.implied {
                self.insert(&path, entry.node)?;
            } else if !self.is_directory(&path) {
                self.insert(&path, entry.node)?;
                self.imply(&path);
            }
        }
        Ok(())
    }

    /// Removes what a glob matches, with everything below it; says how many entries went.
    /// `*` and `?` stay inside one component, `**` does not.
    pub fn remove_matching<G: AsRef<str>>(&mut self, globs: &[G]) -> Result<usize, TreeError> {
        let set = globs::compile(globs)?;
        let before = self.entries.len();
        // Not only the last one: `a-b` comes between `a` and `a/c`.
        let mut gone: BTreeSet<TreePath> = BTreeSet::new();
        self.entries.retain(|path, _| {
            let below = parents(path).any(|parent| gone.contains(parent));
            if !below && globs::matches(&set, path) {
                gone.insert(path.clone());
                return false;
            }
            !below
        });
        Ok(before - self.entries.len())
    }

    /// The places in `globs` of those that match nothing here.
    pub fn unmatched<G: AsRef<str>>(&self, globs: &[G]) -> Result<BTreeSet<usize>, TreeError> {
        let set = globs::compile(globs)?;
        let mut rest: BTreeSet<usize> = (0..globs.len()).collect();
        for path in self.entries.keys() {
            if rest.is_empty() {
                break;
            }
            for place in globs::places(&set, path) {
                rest.remove(&place);
            }
        }
        Ok(rest)
    }

    /// The node at `path`.
    pub fn get(&self, path: impl AsRef<[u8]>) -> Option<&Node> {
        self.entries.get(path.as_ref()).map(|entry| &entry.node)
    }

    /// Takes the node at `path` out. What lies below a directory stays, so the directory does
    /// too; only its mode and owner are forgotten.
    pub fn remove(&mut self, path: impl AsRef<[u8]>) -> Option<Node> {
        let path = path.as_ref();
        let node = self.entries.remove(path)?.node;
        if self.below(path).next().is_some() {
            self.put(path, Node::directory(0o755));
            self.imply(path);
        }
        Some(node)
    }

    /// All nodes, byte-wise by full path.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Node)> {
        self.entries.iter().map(|(path, entry)| (path.as_slice(), &entry.node))
    }

    /// How many entries there are, implied directories included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The sum of the sizes of all files.
    pub fn unpacked_size(&self) -> u64 {
        let size = |node: &Node| match node {
            Node::File { content, .. } => content.size(),
            Node::Directory { .. } | Node::Symlink { .. } => 0,
        };
        self.entries.values().map(|entry| size(&entry.node)).sum()
    }

    /// Refuses what has no form or place in a tar: a malformed path or link, and a path whose
    /// innermost parent there is no directory. Parents of a directory are directories already.
    fn check(&self, path: &[u8], node: &Node) -> Result<(), TreeError> {
        if let Some(why) = form::path_flaw(path).or_else(|| form::link_flaw(node)) {
            return Err(TreeError::Malformed { path: lossy(path), why });
        }
        let existing = parents(path).find_map(|parent| Some((parent, self.get(parent)?)));
        match existing {
            None | Some((_, Node::Directory { .. })) => Ok(()),
            Some((parent, Node::File { .. })) => {
                let (path, parent) = (lossy(path), lossy(parent));
                Err(TreeError::BelowFile { path, parent })
            }
            Some((link, Node::Symlink { target, .. })) => {
                let (path, link, target) = (lossy(path), lossy(link), lossy(target));
                Err(TreeError::ThroughLink { path, link, target })
            }
        }
    }

    fn put(&mut self, path: &[u8], node: Node) {
        for parent in parents(path) {
            if self.entries.contains_key(parent) {
                break; // Then its own parents are there too.
            }
            let node = Node::directory(0o755);
            self.entries.insert(parent.to_vec(), Entry { node, implied: true });
        }
        self.entries.insert(path.to_vec(), Entry { node, implied: false });
    }

    fn imply(&mut self, path: &[u8]) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.implied = true;
        }
    }

    fn is_directory(&self, path: &[u8]) -> bool {
        matches!(self.get(path), Some(Node::Directory { .. }))
    }

    /// The entries below `path`, itself left out.
    fn below<'a>(&'a self, path: &[u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let start = [path, b"/"].concat();
        let range = self.entries.range(start.clone()..);
        range.map(|(path, _)| path.as_slice()).take_while(move |path| path.starts_with(&start))
    }
}

/// Only a directory may take the place of a directory that was merely implied.
fn may_take(entry: &Entry, node: &Node) -> bool {
    entry.implied && matches!(node, Node::Directory { .. })
}

/// Accepts `node` where `held` is only if they are the same thing.
fn refuse_other(path: &[u8], existing: &Node, node: &Node) -> Result<(), TreeError> {
    let why = match node::difference(existing, node) {
        Ok(None) => return Ok(()),
        Ok(Some(difference)) => difference,
        Err(error) => format!("their bytes cannot be compared: {error}"),
    };
    Err(TreeError::Conflict { path: lossy(path), why })
}

/// The parents of `path`, innermost first.
fn parents(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
    slashes.map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests;
