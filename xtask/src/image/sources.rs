//! The sources of a layer: every file of ours below a folder, for its key and for its build. What
//! git does not tell of them, or tells wrongly, is refused.

use super::form::form;
use crate::edge::entry::{Entries, Entry, within};
use crate::edge::git::{self, Instead, Listed, Unfaithful, Unseen};
use crate::error::{Context as _, Failure, Result};
use crate::world::World;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xtask_core::digest::Digest;

/// The files and links of a folder that git tracks or would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sources {
    /// By path, relative to the folder.
    pub(super) entries: Entries,
    /// Of all paths, modes, contents and links.
    pub(super) digest: Digest,
}

/// The sources in `folder`, which is relative to the root.
pub(super) fn sources(world: &World<'_>, folder: &str) -> Result<Sources> {
    let listing = git::listing(&world.shell, folder)?;
    let mut refused: Vec<Refused> = listing.unseen.iter().map(unseen).collect();
    let mut entries = Entries::new();
    let mut on_disk = Vec::new();
    let mut parents = Parents::of(&world.places.root)?;
    for listed in &listing.files {
        match parents.entry(listed)? {
            // What git tracks and is not there is no source any more; its place may be taken.
            None | Some(Entry::Folder) if is_left_out(listed) => {
                refused.push(left_out(&listed.path));
            }
            None | Some(Entry::Folder) => {}
            Some(entry) => {
                if matches!(entry, Entry::File { .. }) {
                    on_disk.push(listed);
                }
                let path = within(folder, &listed.path).unwrap_or(&listed.path);
                entries.insert(path.to_owned(), entry);
            }
        }
    }
    refused.extend(git::unfaithful(&world.shell, &on_disk)?.iter().map(unfaithful));
    if entries.contains_key("") {
        refused.push((format!("`{folder}` is no folder"), "name the folder itself".to_owned()));
    } else if entries.is_empty() && refused.is_empty() {
        refused.push(empty(folder));
    }
    close(folder, refused)?;
    let digest = digest(&world.places.file(folder), &entries)?;
    Ok(Sources { entries, digest })
}

/// Refuses files beside sources that decide a layer, where no commit says what they hold.
pub(super) fn check_inputs(world: &World<'_>, files: &[&str]) -> Result<()> {
    let cannot = |file: &str| Failure::usage(format!("cannot use `{file}`"));
    let mut there = Vec::new();
    for file in files.iter().copied() {
        match Entry::at(&world.places.file(file))? {
            Some(Entry::Link(target)) => {
                return Err(cannot(file)
                    .reason(format!("it is a link to `{target}`"))
                    .hint("put the file itself there"));
            }
            Some(_) => there.push(file),
            None => {}
        }
    }
    let Some(file) = git::unknown(&world.shell, &there)?.into_iter().next() else { return Ok(()) };
    Err(cannot(file)
        .reason("git ignores it, so no commit says what it holds")
        .hint(format!("`git add --force {file}`, and take it out of `.gitignore`")))
}

/// Every file that git knows or would take, wherever it is in the checkout, if it is there.
pub(super) fn all(world: &World<'_>) -> Result<Entries> {
    let mut parents = Parents::of(&world.places.root)?;
    let mut entries = Entries::new();
    for listed in git::listing(&world.shell, ".")?.files {
        let entry = parents.entry(&listed)?.filter(|it| *it != Entry::Folder);
        entries.extend(entry.map(|entry| (listed.path, entry)));
    }
    Ok(entries)
}

/// Why a folder cannot be used, and what to do.
type Refused = (String, String);

fn unseen(unseen: &Unseen) -> Refused {
    match unseen {
        Unseen::Submodule(path) => (
            format!("`{path}` is a submodule that is not checked out"),
            format!("`git submodule update --init --recursive -- {path}`"),
        ),
        Unseen::Repository(path) => (
            format!(
                "`{path}` is a repository of its own, of which the one around it knows nothing"
            ),
            format!("make it a submodule, have git ignore it, or move `{path}` elsewhere"),
        ),
    }
}

fn left_out(path: &str) -> Refused {
    (
        format!("`{path}` is tracked and not here: git was told to leave it out"),
        "`git sparse-checkout disable` brings all files; for a single one \
         `git update-index --no-skip-worktree`, then `git restore`"
            .to_owned(),
    )
}

fn unfaithful(found: &Unfaithful) -> Refused {
    let path = &found.path;
    match found.instead {
        Instead::StandIn(what) => (
            format!("`{path}` is {what}, not the content"),
            "fetch or unlock it, such as by `git lfs pull`".to_owned(),
        ),
        Instead::Converted => (
            format!(
                "git calls `{path}` unchanged, and a checkout of the commit makes other bytes: \
                 line ends, keywords or a filter"
            ),
            "say it in `.gitattributes`, such as `* text=auto eol=lf`; then remove the file and \
             `git checkout` it"
                .to_owned(),
        ),
    }
}

fn empty(folder: &str) -> Refused {
    (
        format!("`{folder}` holds no file that git knows"),
        "files that git ignores get into no image; a submodule is there after \
         `git submodule update --init`"
            .to_owned(),
    )
}

fn close(folder: &str, refused: Vec<Refused>) -> Result<()> {
    if refused.is_empty() {
        return Ok(());
    }
    let failure = Failure::usage(format!("cannot use the files of `{folder}`"));
    let add = |failure: Failure, (reason, hint)| failure.reason(reason).hint(hint);
    Err(refused.into_iter().fold(failure, add))
}

fn is_left_out(listed: &Listed) -> bool {
    listed.tracked.as_ref().is_some_and(|it| it.is_skipped)
}

/// Which folders are what they seem to be: below a link nothing is, because it is elsewhere.
struct Parents<'a> {
    root: &'a Path,
    real: PathBuf,
    known: BTreeMap<String, bool>,
}

impl<'a> Parents<'a> {
    fn of(root: &'a Path) -> Result<Self> {
        let real = std::fs::canonicalize(root);
        let real = real.or_outside(|| format!("failed to read `{}`", root.display()))?;
        Ok(Self { root, real, known: BTreeMap::new() })
    }

    /// What is on the disk of a listed file, with git's word for its mode where that counts.
    fn entry(&mut self, listed: &Listed) -> Result<Option<Entry>> {
        let parent = listed.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !self.is_itself(parent) {
            return Ok(None);
        }
        let entry = Entry::at(&self.root.join(&listed.path))?;
        Ok(entry.map(|entry| match (entry, listed.runs) {
            (Entry::File { size, .. }, Some(runs)) => Entry::File { runs, size },
            (entry, _) => entry,
        }))
    }

    fn is_itself(&mut self, parent: &str) -> bool {
        if let Some(known) = self.known.get(parent) {
            return *known;
        }
        let found = std::fs::canonicalize(self.root.join(parent));
        let is_itself = found.is_ok_and(|found| found == self.real.join(parent));
        self.known.insert(parent.to_owned(), is_itself);
        is_itself
    }
}

/// Names are in quotes, so that none can look like two lines.
fn digest(folder: &Path, entries: &Entries) -> Result<Digest> {
    let mut text = String::new();
    for (path, entry) in entries {
        let line = match entry {
            Entry::Folder => format!("{} folder\n", form(path)),
            Entry::Link(target) => format!("{} link {}\n", form(path), form(target)),
            Entry::File { runs, .. } => {
                let file = folder.join(path);
                let content = digest_of_file(&file);
                let content =
                    content.or_outside(|| format!("failed to read `{}`", file.display()))?;
                format!("{} {runs} {content}\n", form(path))
            }
        };
        text.push_str(&line);
    }
    Ok(Digest::of(text.as_bytes()))
}

/// However large the file, only a piece of it is in memory.
fn digest_of_file(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}
