//! The layers of an image on top of each other: where an upper one would break a lower one.
//!
//! A directory in an upper layer replaces a link below it instead of following it. A package
//! that ships `bin/x` over a base where `bin` links to `usr/bin` so takes every program away.

use crate::shape::{Form, Shape};
use std::collections::BTreeMap;
use std::fmt;

/// A path at which an upper layer would break a lower one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    pub path: String,
    /// The layer that has something there.
    pub lower: String,
    /// The layer that would replace it.
    pub upper: String,
    existing: Form,
    found: Form,
}

/// Lays each layer over those below it, lowest first, and gives every clash; below a path that
/// clashes nothing more is reported.
pub fn clashes(layers: &[(&str, Shape)]) -> Vec<Clash> {
    let mut union: BTreeMap<&str, (&str, &Form)> = BTreeMap::new();
    let mut clashes: Vec<Clash> = Vec::new();
    for (upper, shape) in layers {
        let mut above: Option<String> = None;
        for (path, found) in shape.iter() {
            if above.as_ref().is_some_and(|above| path.starts_with(above.as_str())) {
                continue;
            }
            let clash = union.get(path).filter(|(_, existing)| clash(existing, found));
            if let Some((lower, existing)) = clash {
                let (lower, upper) = ((*lower).to_owned(), (*upper).to_owned());
                let (existing, found) = ((*existing).clone(), found.clone());
                clashes.push(Clash { path: path.to_owned(), lower, upper, existing, found });
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
fn clash(existing: &Form, found: &Form) -> bool {
    let is_directory = |form: &Form| matches!(form, Form::Directory(..));
    (is_directory(existing) || is_directory(found)) && existing != found
}

impl fmt::Display for Clash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, lower, upper, existing, found } = self;
        write!(formatter, "`{path}` is {existing} in layer `{lower}`, and {found} in `{upper}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Node, Tree};

    fn tree(entries: &[(&str, Node)]) -> Tree {
        let mut tree = Tree::new();
        for (path, node) in entries {
            tree.insert(path, node.clone()).unwrap();
        }
        tree
    }

    fn findings(layers: &[&[(&str, Node)]]) -> Vec<String> {
        let names = ["base", "middle", "top"];
        let shapes = layers.iter().map(|entries| Shape::of_tree(&tree(entries)).unwrap());
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
            findings(&[&base, &[("etc/x", file())], &top]),
            ["`bin` is a link to `usr/bin` in layer `base`, and a directory (0755 0:0) in `top`"]
        );
    }

    #[test]
    fn a_directory_gives_way_to_nothing_and_keeps_its_mode() {
        let base = [("a/x", file()), ("tmp", Node::directory(0o1777)), ("f", file())];
        assert_eq!(
            findings(&[&base, &[("a", file()), ("tmp/x", file()), ("f/x", file())]]),
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
        assert_eq!(findings(&[&base, &top]), [""; 0]);
    }
}
