//! From folders of the disk to places in the image: one way for every kind of layer. Links stay
//! links, and must lead in the image to what they lead to on the disk.

use crate::edge::entry::{Entry, join, within};
use crate::error::{Context as _, Failure, Result};
use crate::image::folder::{Flaw, Folder, refuse};
use std::collections::BTreeSet;
use std::path::Path;
use xtask_core::image::definition::Copy;
use xtask_core::image::links::{Lead, Seen, follow};
use xtask_image::content::Content;
use xtask_image::tree::{Node, Owner, Tree};

/// What package managers leave for themselves, and what differs from machine to machine:
/// records of the installation, locks, caches, and scripts with the builder's paths in them.
const LEAVINGS: [&str; 9] = [
    "**/.package-lock.json",
    "**/node_modules/.cache",
    "**/node_modules/.bin",
    "**/__pycache__",
    "**/*.dist-info/RECORD",
    "**/*.dist-info/REQUESTED",
    "**/*.dist-info/direct_url.json",
    "**/*.dist-info/uv_*.json",
    ".lock",
];

/// What a layer takes from a folder, at its places in the image.
pub(super) struct Placed {
    tree: Tree,
    links: Vec<PlacedLink>,
    from: String,
}

/// A link as it was found, and where it leads there.
struct PlacedLink {
    at: String,
    as_found: String,
    /// The places in the image at which what it leads to is, or why it may not lead there.
    lead: std::result::Result<Vec<String>, Flaw>,
}

/// One path of the folder that is copied, with all below it.
struct Source<'a> {
    path: String,
    to: &'a str,
    from: &'a str,
}

/// The tree of every copy out of `folder`.
pub(super) fn copies(folder: &Folder, copies: &[Copy]) -> Result<Placed> {
    let mut sources = Vec::new();
    for copy in copies {
        for path in expand(folder, &copy.from)? {
            sources.push(Source { path, to: &copy.to, from: &copy.from });
        }
    }
    let mut placed = Placed { tree: Tree::new(), links: Vec::new(), from: folder.shown.clone() };
    for source in &sources {
        placed.add(folder, source, &sources)?;
    }
    Ok(placed)
}

impl Placed {
    fn add(&mut self, folder: &Folder, source: &Source<'_>, all: &[Source<'_>]) -> Result<()> {
        for (rest, node) in part(folder, &source.path)? {
            let (at, path) = (join(source.to, &rest), join(&source.path, &rest));
            if let Node::Symlink { target, .. } = &node {
                let target = String::from_utf8_lossy(target).into_owned();
                let as_found = format!("`{}` is a link to `{target}`", join(&folder.shown, &path));
                let places = |lead: String| {
                    all.iter().filter_map(|it| it.place(&lead)).collect::<Vec<String>>()
                };
                let lead = folder.lead(&path)?.map(places);
                self.links.push(PlacedLink { at: at.clone(), as_found, lead });
            }
            let failed = || format!("cannot copy `{}` to `{}`", source.from, source.to);
            self.tree.insert(&at, node).or_usage(failed)?;
        }
        Ok(())
    }

    /// All that is taken, before anything is left out.
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The tree less what `drop` matches. Links in it lead to what they led to on the disk.
    pub(super) fn without(self, drop: &[String]) -> Result<Tree> {
        let Self { mut tree, links, from } = self;
        tree.remove_matching(drop).or_usage(|| "cannot leave files out".to_owned())?;
        let kept = links.into_iter().filter(|it| tree.get(&it.at).is_some());
        let flaws = kept.filter_map(|it| it.flaw(&tree)).collect();
        refuse(flaws, || format!("cannot copy links out of `{from}` (`copy`)"))?;
        Ok(tree)
    }
}

impl PlacedLink {
    fn flaw(self, tree: &Tree) -> Option<Flaw> {
        let places = match self.lead {
            Err(flaw) => return Some(flaw),
            Ok(places) => places,
        };
        let lead = follow(&self.at, |at| seen(tree, at));
        if matches!(&lead, Lead::To(to) if places.contains(to)) {
            return None;
        }
        let reason = format!("{}, which would lead elsewhere from `{}`", self.as_found, self.at);
        let hint = "copy what it leads to as well, so that both lie as they do here, or leave \
                    the link out with `drop`";
        Some(Flaw { reason, hint })
    }
}

impl Source<'_> {
    /// The place in the image of `path`, if it is copied with this.
    fn place(&self, path: &str) -> Option<String> {
        within(&self.path, path).map(|rest| join(self.to, rest))
    }
}

/// What is at `path` of `folder` and below it, by path relative to that.
fn part(folder: &Folder, path: &str) -> Result<Vec<(String, Node)>> {
    if let Some(entry @ (Entry::File { .. } | Entry::Link(_))) = folder.entries.get(path) {
        return Ok(vec![(String::new(), node(&folder.disk.join(path), entry))]);
    }
    let mut below = Tree::new();
    let failed = || format!("cannot take files of `{}`", folder.shown);
    let start = if path.is_empty() { String::new() } else { format!("{path}/") };
    let entries = folder.entries.range(start.clone()..);
    for (at, entry) in entries.take_while(|(at, _)| at.starts_with(&start)) {
        below.insert(&at[start.len()..], node(&folder.disk.join(at), entry)).or_usage(failed)?;
    }
    if folder.is_installed() {
        below.remove_matching(&LEAVINGS).or_usage(failed)?;
    }
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    let nodes = below.iter().map(|(path, node)| (text(path), node.clone()));
    Ok([(String::new(), Node::directory(0o755))].into_iter().chain(nodes).collect())
}

fn node(path: &Path, entry: &Entry) -> Node {
    match entry {
        Entry::Folder => Node::directory(0o755),
        Entry::Link(target) => Node::symlink(target.as_bytes()),
        Entry::File { runs, size } => Node::File {
            mode: if *runs { 0o755 } else { 0o644 },
            owner: Owner::default(),
            content: Content::Disk { path: path.to_owned(), size: *size },
        },
    }
}

fn seen<'a>(tree: &'a Tree, path: &str) -> Seen<'a> {
    match tree.get(path) {
        None => Seen::Nothing,
        Some(Node::File { .. }) => Seen::File,
        Some(Node::Directory { .. }) => Seen::Folder,
        // What is not UTF-8 was refused where it was read.
        Some(Node::Symlink { target, .. }) => {
            std::str::from_utf8(target).map_or(Seen::Nothing, Seen::Link)
        }
    }
}

/// The paths that `from` names; `*` stands for any one component. A name that names nothing is
/// an error, because an image without it would be found out only when it runs.
fn expand(folder: &Folder, from: &str) -> Result<BTreeSet<String>> {
    if from == "." {
        return Ok(BTreeSet::from([String::new()]));
    }
    let parts: Vec<&str> = from.split('/').collect();
    let named = |path: &&String| {
        let mut components = path.split('/');
        parts.iter().all(|part| components.next().is_some_and(|it| *part == "*" || *part == it))
    };
    let matching = folder.entries.keys().filter(named);
    let first = |path: &String| path.split('/').take(parts.len()).collect::<Vec<_>>().join("/");
    let paths: BTreeSet<String> = matching.map(first).collect();
    if paths.is_empty() {
        return Err(not_found(&folder.shown, from));
    }
    Ok(paths)
}

fn not_found(folder: &str, from: &str) -> Failure {
    Failure::usage(format!("cannot find `{from}` in `{folder}`"))
        .hint("the definition names a file that is not made; fix its `copy`")
}

/// All files of the layer that match `glob`, in byte order of their paths, each ending in a
/// newline: how a bundle of certificates is made.
pub(super) fn collect(tree: &Tree, glob: &str) -> Result<Vec<u8>> {
    let mut rest = tree.clone();
    rest.remove_matching(&[glob]).or_usage(|| format!("cannot collect `{glob}`"))?;
    let mut bytes = Vec::new();
    for (path, node) in tree.iter().filter(|(path, _)| rest.get(path).is_none()) {
        let Node::File { content, .. } = node else { continue };
        let shown = String::from_utf8_lossy(path);
        bytes.extend(content.read().or_outside(|| format!("failed to read `{shown}`"))?);
        if bytes.last().is_some_and(|byte| *byte != b'\n') {
            bytes.push(b'\n');
        }
    }
    if bytes.is_empty() {
        return Err(Failure::usage(format!("cannot collect `{glob}`: nothing matches")));
    }
    Ok(bytes)
}
