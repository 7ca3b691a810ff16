//! What a layer has at each path, short of most bytes: enough to lay layers over each other and to
//! hold what an image promises against what is in it.

use crate::content::{Content, fill};
use crate::error::{Error, Result, lossy};
use crate::layout::Layout;
use crate::listing::{Kind, ListedFile, Wanted, list};
use crate::start::{self, Start};
use crate::tree::{Node, Tree};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use xtask_core::descriptor::Descriptor;

/// What a layer has at each path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape(BTreeMap<String, Form>);

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// A directory: its mode, user and group.
    Directory(u32, u32, u32),
    File(FileForm),
    /// A link and its text.
    Link(String),
}

/// What is told of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileForm {
    /// Its mode, user and group.
    pub rights: (u32, u32, u32),
    /// How it is started, if anybody may execute it and it is something that can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// What it says, if it is a list of accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The files whose text is kept: who has an account, and which groups there are.
const KEPT: [&str; 2] = ["etc/passwd", "etc/group"];
/// Of a longer list no more is kept.
const TEXT_LEN_MAX: usize = 64 << 10;
const EXECUTABLE: u32 = 0o111;

impl Shape {
    /// The shape of the layer that `tree` becomes.
    pub fn of_tree(tree: &Tree) -> Result<Self> {
        let entries = tree.iter().map(|(path, node)| {
            let path = lossy(path);
            let form = of_node(&path, node)?;
            Ok((path, form))
        });
        Ok(Self(entries.collect::<Result<_>>()?))
    }

    /// The shape of a layer in a layout, which is read for it.
    pub fn of_layer(layout: &Layout, layer: &Descriptor) -> Result<Self> {
        let mut shape = BTreeMap::new();
        let wants = |path: &str| {
            Wanted::Head(if KEPT.contains(&path) { TEXT_LEN_MAX } else { start::HEAD_LEN } as u64)
        };
        list(layout, layer, wants, |it| {
            let rights = (it.mode, it.owner.uid, it.owner.gid);
            let form = match it.kind {
                Kind::Directory => Form::Directory(it.mode, it.owner.uid, it.owner.gid),
                Kind::File(ListedFile { head, .. }) => Form::File(of_head(&it.path, rights, &head)),
                Kind::Link(target) => Form::Link(target),
            };
            shape.insert(it.path, form);
        })?;
        Ok(Self(shape))
    }

    /// What is at each path, in the order of the layer.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Form)> {
        self.0.iter().map(|(path, form)| (path.as_str(), form))
    }
}

fn of_node(path: &str, node: &Node) -> Result<Form> {
    let owner = node.owner();
    let rights = (node.mode(), owner.uid, owner.gid);
    Ok(match node {
        Node::Directory { .. } => Form::Directory(rights.0, rights.1, rights.2),
        Node::Symlink { target, .. } => Form::Link(lossy(target)),
        Node::File { content, .. } => {
            let head = head_of(path, rights.0, content);
            let head = head.map_err(|error| Error::disk("read", Path::new(path))(error))?;
            Form::File(of_head(path, rights, &head))
        }
    })
}

fn head_of(path: &str, mode: u32, content: &Content) -> std::io::Result<Vec<u8>> {
    let len = match (KEPT.contains(&path), mode & EXECUTABLE) {
        (true, _) => TEXT_LEN_MAX,
        (false, 0) => return Ok(Vec::new()),
        (false, _) => start::HEAD_LEN,
    };
    let mut head = vec![0; usize::try_from(content.size()).map_or(len, |size| size.min(len))];
    let read = fill(&mut content.open()?, &mut head)?;
    head.truncate(read);
    Ok(head)
}

fn of_head(path: &str, rights: (u32, u32, u32), head: &[u8]) -> FileForm {
    let start = if rights.0 & EXECUTABLE == 0 { None } else { Start::of(head) };
    let text = KEPT.contains(&path).then(|| lossy(&head[..head.len().min(TEXT_LEN_MAX)]));
    FileForm { rights, start, text }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(mode, uid, gid) => {
                write!(formatter, "a directory ({mode:04o} {uid}:{gid})")
            }
            Self::File(_) => write!(formatter, "a file"),
            Self::Link(target) => write!(formatter, "a link to `{target}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gzip_v1::Options;
    use crate::layer::write_layer;

    #[test]
    fn a_layer_read_back_has_the_shape_of_its_tree() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(dir.path()).unwrap();
        let mut tree = Tree::new();
        let long = format!("#!/bin/sh\n{}", "x".repeat(100_000));
        for (path, node) in [
            ("a/f", Node::file(0o755, "")),
            ("d", Node::directory(0o750)),
            ("l", Node::symlink("a")),
            ("run", Node::file(0o755, long.clone())),
            ("text", Node::file(0o644, long)),
            ("etc/passwd", Node::file(0o644, "root:x:0:0::/:\n")),
        ] {
            tree.insert(path, node).unwrap();
        }
        let layer = write_layer(&tree, &layout, Options::default()).unwrap().descriptor;
        let shape = Shape::of_tree(&tree).unwrap();
        assert_eq!(Shape::of_layer(&layout, &layer).unwrap(), shape);
        let file = |path: &str| match &shape.0[path] {
            Form::File(file) => file.clone(),
            other => panic!("{other}"),
        };
        assert!(file("run").start.is_some() && file("text").start.is_none());
        assert_eq!(file("etc/passwd").text.as_deref(), Some("root:x:0:0::/:\n"));
    }
}
