//! The layers of an image on top of each other: where an upper one would break a lower one.
//!
//! A directory in an upper layer replaces a link below it instead of following it. A package
//! that ships `bin/x` over a base where `bin` links to `usr/bin` so takes every program away.

use crate::error::{Result, lossy};
use crate::layout::Layout;
use crate::listing::{Kind, Wanted, list};
use crate::tree::{Node, Tree};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use xtask_core::descriptor::Descriptor;

/// What a layer has at each path, short of the bytes of files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape(BTreeMap<String, Form>);

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Form {
    /// A directory: its mode, user and group.
    Directory(u32, u32, u32),
    /// A file.
    File,
    /// A link and its text.
    Link(String),
}

/// A path at which an upper layer would break a lower one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The path.
    pub path: String,
    /// The layer that has something there.
    pub lower: String,
    /// The layer that would replace it.
    pub upper: String,
    held: Form,
    found: Form,
}

impl Shape {
    /// The shape of the layer that `tree` becomes.
    pub fn of_tree(tree: &Tree) -> Self {
        let form = |node: &Node| match node {
            Node::Directory { mode, owner } => Form::Directory(*mode, owner.uid, owner.gid),
            Node::File { .. } => Form::File,
            Node::Symlink { target, .. } => Form::Link(lossy(target)),
        };
        Self(tree.iter().map(|(path, node)| (lossy(path), form(node))).collect())
    }

    /// The shape of a layer in a layout, which is read for it.
    pub fn of_layer(layout: &Layout, layer: &Descriptor) -> Result<Self> {
        let mut shape = BTreeMap::new();
        list(
            layout,
            layer,
            |_| Wanted::Nothing,
            |listed| {
                let form = match listed.kind {
                    Kind::Directory => {
                        Form::Directory(listed.mode, listed.owner.uid, listed.owner.gid)
                    }
                    Kind::File(_) => Form::File,
                    Kind::Link(target) => Form::Link(target),
                };
                shape.insert(listed.path, form);
            },
        )?;
        Ok(Self(shape))
    }
}

/// Lays each layer over those below it, lowest first, and gives every clash; below a path that
/// clashes nothing more is reported.
pub fn clashes(layers: &[(&str, Shape)]) -> Vec<Clash> {
    let mut union: BTreeMap<&str, (&str, &Form)> = BTreeMap::new();
    let mut clashes: Vec<Clash> = Vec::new();
    for (upper, shape) in layers {
        let mut above: Option<String> = None;
        for (path, found) in &shape.0 {
            if above.as_ref().is_some_and(|above| path.starts_with(above.as_str())) {
                continue;
            }
            let clash = union.get(path.as_str()).filter(|(_, held)| clash(held, found));
            if let Some((lower, held)) = clash {
                let (lower, upper) = ((*lower).to_owned(), (*upper).to_owned());
                let (held, found) = ((*held).clone(), found.clone());
                clashes.push(Clash { path: path.clone(), lower, upper, held, found });
                above = Some(format!("{path}/"));
                continue;
            }
            union.insert(path, (upper, found));
        }
    }
    clashes
}

/// A file or a link may replace another: that is how a layer overrides one below. A directory
/// replaces nothing and is replaced by nothing, and keeps its mode and owner.
fn clash(held: &Form, found: &Form) -> bool {
    let is_directory = |form: &Form| matches!(form, Form::Directory(..));
    (is_directory(held) || is_directory(found)) && held != found
}

impl fmt::Display for Clash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, lower, upper, held, found } = self;
        write!(formatter, "`{path}` is {held} in layer `{lower}`, and {found} in `{upper}`")
    }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(mode, uid, gid) => {
                write!(formatter, "a directory ({mode:04o} {uid}:{gid})")
            }
            Self::File => write!(formatter, "a file"),
            Self::Link(target) => write!(formatter, "a link to `{target}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gzip_v1::Options;
    use crate::layer::write_layer;

    fn tree(entries: &[(&str, Node)]) -> Tree {
        let mut tree = Tree::new();
        for (path, node) in entries {
            tree.insert(path, node.clone()).unwrap();
        }
        tree
    }

    fn said(layers: &[&[(&str, Node)]]) -> Vec<String> {
        let names = ["base", "middle", "top"];
        let shapes = layers.iter().map(|entries| Shape::of_tree(&tree(entries)));
        let layers: Vec<_> = names.into_iter().zip(shapes).collect();
        clashes(&layers).iter().map(ToString::to_string).collect()
    }

    fn file() -> Node {
        Node::file(0o755, "")
    }

    #[test]
    fn a_directory_over_a_link_of_any_lower_layer_is_found_once() {
        let base = [("bin", Node::symlink("usr/bin")), ("usr/bin/sh", file())];
        let top = [("bin/tool", file()), ("bin/other", file())];
        assert_eq!(
            said(&[&base, &[("etc/x", file())], &top]),
            ["`bin` is a link to `usr/bin` in layer `base`, and a directory (0755 0:0) in `top`"]
        );
    }

    #[test]
    fn a_directory_gives_way_to_nothing_and_keeps_its_mode() {
        let base = [("a/x", file()), ("tmp", Node::directory(0o1777)), ("f", file())];
        assert_eq!(
            said(&[&base, &[("a", file()), ("tmp/x", file()), ("f/x", file())]]),
            [
                "`a` is a directory (0755 0:0) in layer `base`, and a file in `middle`",
                "`f` is a file in layer `base`, and a directory (0755 0:0) in `middle`",
                "`tmp` is a directory (1777 0:0) in layer `base`, and a directory (0755 0:0) in \
                 `middle`",
            ]
        );
    }

    #[test]
    fn files_and_links_may_be_overridden_and_names_that_begin_alike_are_apart() {
        let base = [("etc/x", file()), ("l", Node::symlink("x")), ("bin", Node::symlink("u"))];
        let top = [("etc/x", Node::symlink("y")), ("l", file()), ("bin-extra/x", file())];
        assert_eq!(said(&[&base, &top]), [""; 0]);
    }

    #[test]
    fn a_layer_read_back_has_the_shape_of_its_tree() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(dir.path()).unwrap();
        let entries = [("a/f", file()), ("d", Node::directory(0o750)), ("l", Node::symlink("a"))];
        let tree = tree(&entries);
        let layer = write_layer(&tree, &layout, Options::default()).unwrap().descriptor;
        assert_eq!(Shape::of_layer(&layout, &layer).unwrap(), Shape::of_tree(&tree));
    }
}
