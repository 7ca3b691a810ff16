//! From folders of the disk to places in the image.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::path::{Path, PathBuf};
use xtask_core::definition::Copy;
use xtask_image::content::Content;
use xtask_image::tree::{DirectoryRules, Node, Owner, Tree};

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

/// The tree of every copy out of `folder`.
pub(super) fn copies(folder: &Path, copies: &[Copy]) -> Result<Tree> {
    let mut tree = Tree::new();
    for copy in copies {
        let sources = expand(folder, &copy.from)?;
        for source in sources {
            let part = one(&source, &copy.to)?;
            tree.merge(part)
                .or_usage(|| format!("cannot copy `{}` to `{}`", copy.from, copy.to))?;
        }
    }
    Ok(tree)
}

/// As `copies`, of the files of `sources` only, which are relative to `folder`: a file that git
/// ignores, such as one with secrets, gets into no image.
pub(super) fn listed(folder: &Path, sources: &[String], copies: &[Copy]) -> Result<Tree> {
    let mut tree = Tree::new();
    for copy in copies {
        let within = |source: &&String| {
            let rest = source.strip_prefix(copy.from.as_str());
            copy.from == "." || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut found = sources.iter().filter(within).peekable();
        if found.peek().is_none() {
            return Err(not_found(folder, &copy.from));
        }
        for source in found {
            let rest = source.strip_prefix(copy.from.as_str()).unwrap_or(source);
            let to = if copy.from == "." {
                format!("{}/{source}", copy.to)
            } else {
                format!("{}{rest}", copy.to)
            };
            let part = one(&folder.join(source), &to)?;
            tree.merge(part).or_usage(|| format!("cannot copy `{source}` to `{to}`"))?;
        }
    }
    Ok(tree)
}

fn one(source: &Path, to: &str) -> Result<Tree> {
    let failed = || format!("failed to copy `{}`", source.display());
    if files::is_folder(source)? {
        let exclude = LEAVINGS.map(ToOwned::to_owned).to_vec();
        let rules = DirectoryRules { owner: Owner::default(), exclude };
        return Tree::from_directory(source, to, &rules).or_outside(failed);
    }
    let metadata = std::fs::metadata(source).or_outside(failed)?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    let mode = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
    let content = Content::Disk { path: source.to_owned(), size: metadata.len() };
    let mut tree = Tree::new();
    tree.insert(to, Node::File { mode, owner: Owner::default(), content }).or_outside(failed)?;
    Ok(tree)
}

/// The paths that `from` names; `*` stands for any one component. A name that names nothing is
/// an error, because an image without it would be found out only when it runs.
fn expand(folder: &Path, from: &str) -> Result<Vec<PathBuf>> {
    let mut found = vec![folder.to_owned()];
    for part in from.split('/') {
        found = match part {
            "." => found,
            "*" => found.iter().flat_map(|folder| entries(folder)).collect(),
            _ => there(found.iter().map(|folder| folder.join(part)))?,
        };
    }
    if found.is_empty() {
        return Err(not_found(folder, from));
    }
    found.sort_unstable();
    Ok(found)
}

/// Those that are there.
fn there(paths: impl Iterator<Item = PathBuf>) -> Result<Vec<PathBuf>> {
    let mut there = Vec::new();
    for path in paths {
        if files::is_there(&path)? {
            there.push(path);
        }
    }
    Ok(there)
}

fn not_found(folder: &Path, from: &str) -> Failure {
    Failure::usage(format!("cannot find `{from}` in `{}`", folder.display()))
        .hint("the definition names a file that is not made; mend its `copy`")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
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
