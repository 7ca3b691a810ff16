//! A folder of the disk, and what of it may go into an image: sources that git knows, or what a
//! tool has installed. Its links are judged here, and followed nowhere.

use super::sources::{Sources, sources};
use crate::edge::entry::{self, Entries, Entry, join};
use crate::error::{Failure, Result};
use crate::world::World;
use std::path::{Path, PathBuf};
use xtask_core::image::links::{Lead, follow};

/// A folder with its entries.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) disk: PathBuf,
    /// As messages call it.
    pub(super) shown: String,
    pub(super) entries: Entries,
    by_git: bool,
}

/// Why a link may not go into an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) reason: String,
    pub(super) hint: &'static str,
}

impl Folder {
    /// The sources in `folder`.
    pub(super) fn sources(world: &World<'_>, folder: &str) -> Result<Self> {
        Ok(Self::of(world, folder, sources(world, folder)?.entries))
    }

    fn of(world: &World<'_>, folder: &str, entries: Entries) -> Self {
        let (disk, shown) = (world.places.file(folder), folder.to_owned());
        Self { disk, shown, entries, by_git: true }
    }

    /// What a tool has put into `folder` for `shown`, which is the name that people know.
    pub(super) fn installed(folder: &Path, shown: &str) -> Result<Self> {
        let entries = entry::below(folder)?;
        Ok(Self { disk: folder.to_owned(), shown: shown.to_owned(), entries, by_git: false })
    }

    /// Whether what lies there was installed, with what its installer left for itself.
    pub(super) fn is_installed(&self) -> bool {
        !self.by_git
    }

    /// Where the link at `path` leads inside the folder, or why it may not lead there; a path that
    /// is no link leads to itself.
    pub(super) fn lead(&self, path: &str) -> Result<Result<String, Flaw>> {
        let Some(Entry::Link(target)) = self.entries.get(path) else {
            return Ok(Ok(path.to_owned()));
        };
        let link = format!("`{}` is a link to `{target}`", join(&self.shown, path));
        let (why, hint) = match follow(path, |at| entry::seen(&self.entries, at)) {
            Lead::To(to) => return Ok(Ok(to)),
            Lead::Out => (
                format!("which leaves `{}`", self.shown),
                "put what it leads to into the folder; a link to a place in the image stands \
                 under `links` of the layer",
            ),
            Lead::Round => ("which leads round in a circle".to_owned(), REMOVE),
            Lead::Nowhere(at) if Entry::at(&self.disk.join(&at))?.is_none() => {
                (format!("and `{at}` is not there"), REMOVE)
            }
            Lead::Nowhere(at) if self.entries.contains_key(&at) => {
                (format!("and `{at}` is no folder"), REMOVE)
            }
            Lead::Nowhere(at) => (
                format!("and git ignores `{}`", join(&self.shown, &at)),
                "what git ignores gets into no image: let the link lead to what git knows",
            ),
        };
        Ok(Err(Flaw { reason: format!("{link}, {why}"), hint }))
    }
}

const REMOVE: &str = "remove the link, or make what it should lead to";

/// The sources in `path`, for a tool that may read any of them: every link must do.
pub(super) fn read_whole(world: &World<'_>, path: &str) -> Result<Sources> {
    let sources = sources(world, path)?;
    let folder = Folder::of(world, path, sources.entries.clone());
    let mut flaws = Vec::new();
    for path in folder.entries.keys() {
        flaws.extend(folder.lead(path)?.err());
    }
    refuse(flaws, || format!("cannot use the links in `{path}`"))?;
    Ok(sources)
}

/// Refuses all `flaws` at once.
pub(super) fn refuse(flaws: Vec<Flaw>, line: impl Fn() -> String) -> Result<()> {
    if flaws.is_empty() {
        return Ok(());
    }
    let add = |failure: Failure, flaw: Flaw| failure.reason(flaw.reason).hint(flaw.hint);
    Err(flaws.into_iter().fold(Failure::usage(line()), add))
}
