//! A layer is split into two: what only one platform can use, and what all can.
//!
//! The neutral layer is one blob in the manifests of all platforms. Every rule looks at one
//! platform's tree alone, so that a build for one platform makes the layers that a build for
//! all of them makes; that the neutral layers are equal is checked where both are built.

use crate::elf;
use crate::error::{Error, Result, lossy};
use crate::tree::{Node, Tree, TreePath, globs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// Where the files of a layer are of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Portability {
    /// Of use on one platform only.
    Native,
    /// The same on every platform.
    Neutral,
}

/// A layer's tree, split; either may be empty.
#[derive(Clone, Debug, Default)]
pub struct SplitTree {
    /// What only this platform can use.
    pub native: Tree,
    /// What every platform can.
    pub neutral: Tree,
}

/// A link may lead to a link; longer chains than this are loops.
const HOPS_MAX: usize = 8;

impl SplitTree {
    /// All of `tree` on the neutral side.
    pub fn neutral(neutral: Tree) -> Self {
        Self { native: Tree::new(), neutral }
    }

    /// The trees that hold something, the native one first: what changes it nearly always
    /// changes the neutral one too, and an engine unpacks anew what lies above a change.
    pub fn into_filled(self) -> impl Iterator<Item = (Portability, Tree)> {
        let both = [(Portability::Native, self.native), (Portability::Neutral, self.neutral)];
        both.into_iter().filter(|(_, tree)| !tree.is_empty())
    }
}

/// Splits the tree of installed packages. Native are binaries, npm packages that name an `os` or
/// a `cpu`, the metadata of wheels for one platform, what `declared` matches, and links to any
/// of these.
pub fn split<G: AsRef<str>>(tree: &Tree, declared: &[G]) -> Result<SplitTree> {
    let declared = globs::compile(declared)?;
    let roots = native_roots(tree)?;
    let mut native = BTreeSet::new();
    for (path, node) in tree.iter() {
        let is_file = matches!(node, Node::File { .. });
        let below = || upwards(path).any(|it| roots.contains(it) || globs::matches(&declared, it));
        if below() || (is_file && is_binary(path, node)?) {
            native.insert(path);
        }
    }
    let leads_there = |path: &[u8], node: &Node| {
        let end = follow(tree, path, node);
        end.is_some_and(|end| upwards(&end).any(|it| native.contains(it)))
    };
    let links = tree.iter().filter(|(_, node)| matches!(node, Node::Symlink { .. }));
    let links: Vec<&[u8]> =
        links.filter(|(path, node)| leads_there(path, node)).map(|(path, _)| path).collect();
    native.extend(links);
    parted(tree, &native)
}

/// Puts every entry on its side, and a directory on each side that needs it.
fn parted(tree: &Tree, native: &BTreeSet<&[u8]>) -> Result<SplitTree> {
    let mut split_tree = SplitTree::default();
    let is_directory = |node: &Node| matches!(node, Node::Directory { .. });
    for (path, node) in tree.iter().filter(|(_, node)| !is_directory(node)) {
        let side =
            if native.contains(path) { &mut split_tree.native } else { &mut split_tree.neutral };
        side.insert(path, node.clone())?;
    }
    for (path, node) in tree.iter().filter(|(_, node)| is_directory(node)) {
        let needs = |side: &Tree| side.get(path).is_some();
        let (in_native, in_neutral) = (needs(&split_tree.native), needs(&split_tree.neutral));
        let holds_nothing = !in_native && !in_neutral;
        if in_native || (holds_nothing && native.contains(path)) {
            split_tree.native.insert(path, node.clone())?;
        }
        if in_neutral || (holds_nothing && !native.contains(path)) {
            split_tree.neutral.insert(path, node.clone())?;
        }
    }
    Ok(split_tree)
}

fn is_binary(path: &[u8], node: &Node) -> Result<bool> {
    let Node::File { content, .. } = node else { return Ok(false) };
    let machine = elf::read_machine(content);
    Ok(machine.map_err(unreadable(path))?.is_some())
}

/// Directories that are native with all below them.
fn native_roots(tree: &Tree) -> Result<BTreeSet<TreePath>> {
    let mut roots = BTreeSet::new();
    for (path, node) in tree.iter() {
        let Node::File { content, .. } = node else { continue };
        let Some((parent, name)) = parent_and_name(path) else { continue };
        let names_platform: fn(&[u8]) -> bool = match name {
            b"package.json" if is_package(parent) => package_names_platform,
            b"WHEEL" if parent.ends_with(b".dist-info") => wheel_names_platform,
            _ => continue,
        };
        if names_platform(&content.read().map_err(unreadable(path))?) {
            roots.insert(parent.to_vec());
        }
    }
    Ok(roots)
}

fn unreadable(path: &[u8]) -> impl FnOnce(std::io::Error) -> Error {
    let path = lossy(path);
    move |error| Error::disk("read", Path::new(&path))(error)
}

fn parent_and_name(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = path.iter().rposition(|byte| *byte == b'/')?;
    Some((&path[..at], &path[at + 1..]))
}

/// Whether `folder` is `…/node_modules/NAME` or `…/node_modules/@SCOPE/NAME`; files of that
/// name elsewhere, such as fixtures, say nothing of a package.
fn is_package(folder: &[u8]) -> bool {
    let mut parts = folder.rsplit(|byte| *byte == b'/').skip(1);
    let above = parts.next();
    let scoped = above.is_some_and(|it| it.starts_with(b"@"));
    (if scoped { parts.next() } else { above }) == Some(b"node_modules")
}

fn package_names_platform(json: &[u8]) -> bool {
    let json: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    ["os", "cpu", "libc"].iter().any(|key| json.get(key).is_some_and(names_one))
}

/// `["linux"]` and `"linux"` name one; `["!win32"]`, `["any"]` and `[]` are of use elsewhere.
fn names_one(value: &serde_json::Value) -> bool {
    let names = |value: &serde_json::Value| {
        value.as_str().is_some_and(|name| !name.starts_with('!') && name != "any")
    };
    names(value) || value.as_array().is_some_and(|list| list.iter().any(names))
}

fn wheel_names_platform(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut tags = text.lines().filter_map(|line| line.strip_prefix("Tag:"));
    tags.any(|tag| !tag.trim().ends_with("-any"))
}

/// The path itself, then its parents, innermost first.
fn upwards(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |path| Some(parent_and_name(path)?.0))
}

/// Where the link at `path` leads inside the tree, through further links.
fn follow(tree: &Tree, path: &[u8], node: &Node) -> Option<TreePath> {
    let mut at = path.to_vec();
    let mut node = node;
    for _ in 0..HOPS_MAX {
        let Node::Symlink { target, .. } = node else { return Some(at) };
        at = target_of(&at, target)?;
        node = tree.get(&at)?;
    }
    None
}

fn target_of(link: &[u8], target: &[u8]) -> Option<TreePath> {
    let mut parts: Vec<&[u8]> = match parent_and_name(link) {
        Some((parent, _)) if !target.starts_with(b"/") => parent.split(|it| *it == b'/').collect(),
        _ => Vec::new(),
    };
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

#[cfg(test)]
mod tests;
