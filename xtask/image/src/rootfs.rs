//! The files of an image as a container sees them: its layers on top of each other, and where a
//! path leads through the links in them.

use crate::shape::{Form, Shape};
use std::collections::BTreeMap;

/// What a container finds at each path, and which layer it is from.
#[derive(Debug, Default)]
pub struct Rootfs<'a> {
    entries: BTreeMap<&'a str, Entry<'a>>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The place of the layer that it is from.
    pub layer: usize,
    /// What it is.
    pub form: &'a Form,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Led<'a> {
    /// To the root.
    Root,
    /// To a directory or a file.
    To(String, &'a Form),
    /// To a path at which there is nothing.
    Nowhere(String),
    /// Through more links than the kernel follows.
    Round,
    /// To what is mounted when a container starts, of which an image knows nothing.
    Mounted,
}

/// As many links as the kernel follows.
const LINKS_MAX: usize = 40;
/// What engines mount or write when a container starts.
const MOUNTED: [&str; 7] =
    ["dev", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "run", "sys"];

impl<'a> Rootfs<'a> {
    /// The layers of an image, lowest first.
    pub fn of(layers: impl IntoIterator<Item = &'a Shape>) -> Self {
        let mut rootfs = Self::default();
        for (layer, shape) in layers.into_iter().enumerate() {
            rootfs.lay(layer, shape);
        }
        rootfs
    }

    /// Lays a layer over what there is; says whether anything came of it.
    pub fn lay(&mut self, layer: usize, shape: &'a Shape) -> bool {
        let mut adds = false;
        for (path, form) in shape.iter() {
            let is_there = self.entries.get(path).is_some_and(|below| below.form == form);
            adds |= !is_there || !matches!(form, Form::Directory(..));
            if !is_there || !matches!(form, Form::Directory(..)) {
                self.entries.insert(path, Entry { layer, form });
            }
        }
        adds
    }

    /// Every path, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Entry<'a>)> {
        self.entries.iter().map(|(path, entry)| (*path, *entry))
    }

    /// What is at `path` itself, which is relative to the root; a link is not followed.
    pub fn get(&self, path: &str) -> Option<Entry<'a>> {
        self.entries.get(path).copied()
    }

    /// Where `path`, which begins at the root, leads through every link.
    pub fn follow(&self, path: &str) -> Led<'a> {
        let mut rest: Vec<String> = parts(path);
        let mut at = String::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = if at.is_empty() { part } else { format!("{at}/{part}") };
            match self.get(&next).map(|entry| entry.form) {
                Some(Form::Directory(..)) => at = next,
                Some(form @ Form::File(_)) if rest.is_empty() => return Led::To(next, form),
                Some(Form::Link(target)) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Led::Round;
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    rest.extend(parts(target));
                }
                None if is_mounted(&next) => return Led::Mounted,
                Some(Form::File(_)) | None => return Led::Nowhere(next),
            }
        }
        self.get(&at).map_or(Led::Root, |entry| Led::To(at, entry.form))
    }
}

/// The components of a path, the last one first.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.rev().map(ToOwned::to_owned).collect()
}

fn is_mounted(path: &str) -> bool {
    let below = |mount: &str| path.strip_prefix(mount).is_some_and(|it| it.starts_with('/'));
    MOUNTED.iter().any(|mount| *mount == path || below(mount))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Node, Tree};

    fn shape(entries: &[(&str, Node)]) -> Shape {
        let mut tree = Tree::new();
        for (path, node) in entries {
            tree.insert(path, node.clone()).unwrap();
        }
        Shape::of_tree(&tree).unwrap()
    }

    fn file() -> Node {
        Node::file(0o755, "")
    }

    #[test]
    fn a_path_is_followed_through_the_links_of_all_layers() {
        let below = shape(&[("usr/bin/node", file()), ("bin", Node::symlink("usr/bin"))]);
        let above = shape(&[
            ("run/x", file()),
            ("opt/up", Node::symlink("../../../usr/./bin/")),
            ("opt/abs", Node::symlink("/opt/up/node")),
            ("opt/lost", Node::symlink("nothing/at/all")),
            ("opt/lock", Node::symlink("/run/lock")),
            ("opt/a", Node::symlink("b")),
            ("opt/b", Node::symlink("a")),
        ]);
        let rootfs = Rootfs::of([&below, &above]);
        let led = |path: &str| match rootfs.follow(path) {
            Led::To(path, _) => path,
            other => format!("{other:?}"),
        };
        assert_eq!(led("/bin/node"), "usr/bin/node");
        assert_eq!(led("/opt/abs"), "usr/bin/node");
        assert_eq!(led("/opt/up"), "usr/bin");
        assert_eq!(led("/"), "Root");
        assert_eq!(led("/.."), "Root");
        assert_eq!(led("/opt/lost"), "Nowhere(\"opt/nothing\")");
        assert_eq!(led("/usr/bin/node/x"), "Nowhere(\"usr/bin/node\")");
        assert_eq!(led("/opt/a"), "Round");
        assert_eq!([led("/opt/lock"), led("/proc/self/exe")], ["Mounted", "Mounted"]);
        assert_eq!(led("/running"), "Nowhere(\"running\")");
        assert_eq!(led("/run/x"), "run/x", "what an image holds there is seen");
    }

    #[test]
    fn a_layer_of_nothing_but_folders_that_are_there_adds_nothing() {
        let (below, again) = (shape(&[("a/b", file())]), shape(&[("a", Node::directory(0o755))]));
        let (empty, other) = (Shape::default(), shape(&[("a/c", Node::directory(0o755))]));
        let mut rootfs = Rootfs::of([&below]);
        assert!(!rootfs.lay(1, &again) && !rootfs.lay(1, &empty));
        assert!(rootfs.lay(1, &below), "a file is there for its own sake");
        assert!(rootfs.lay(2, &other));
    }
}
