//! An index that hides nothing. Git looks past the edits of files that were marked
//! `assume-unchanged` or `skip-worktree`; in a copy of its index the marks are taken off.

use super::listing::Tracked;
use super::{in_folder, names};
use crate::edge::entry;
use crate::edge::files;
use crate::edge::shell::Shell;
use crate::error::{Context as _, Failure, Result};
use tempfile::TempDir;
use xtask_core::command::Command;
use xtask_core::secret::Secret;

/// The index of the repository in `folder`, or a copy of it.
#[derive(Debug)]
pub(super) struct Index<'a> {
    folder: &'a str,
    copied: Option<TempDir>,
}

impl<'a> Index<'a> {
    /// The person's own, where no mark hides anything in it; `tracked` says what is in it.
    pub(super) fn open(shell: &Shell, folder: &'a str, tracked: &[Tracked]) -> Result<Self> {
        let mut index = Self { folder, copied: None };
        let there = |it: &&&Tracked| {
            let path = shell.root().join(entry::join(folder, &it.path));
            std::fs::symlink_metadata(path).is_ok()
        };
        let assumed = tracked.iter().filter(|it| it.is_assumed).collect::<Vec<_>>();
        // What is marked and not there was left out by a sparse checkout.
        let skipped = tracked.iter().filter(|it| it.is_skipped).collect::<Vec<_>>();
        let skipped = skipped.iter().filter(there).copied().collect::<Vec<_>>();
        for (mark, marked) in [("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)]
        {
            if !marked.is_empty() {
                index.copy(shell)?;
                index.unmark(shell, mark, &marked)?;
            }
        }
        Ok(index)
    }

    /// Lets `command` use it.
    pub(super) fn with(&self, command: Command) -> Command {
        match &self.copied {
            Some(copied) => {
                command.env("GIT_INDEX_FILE", copied.path().join("index").display().to_string())
            }
            None => command,
        }
    }

    /// Makes it a copy, if it is the person's own.
    pub(super) fn copy(&mut self, shell: &Shell) -> Result<()> {
        if self.copied.is_some() {
            return Ok(());
        }
        let failed = || "failed to copy git's index".to_owned();
        let folder = tempfile::tempdir().or_outside(failed)?;
        let path = shell.run(&in_folder(self.folder, ["rev-parse", "--git-path", "index"]))?.text();
        let index = shell.root().join(self.folder).join(path);
        // A repository in which nothing was ever staged has none.
        if files::is_there(&index)? {
            std::fs::copy(index, folder.path().join("index")).or_outside(failed)?;
        }
        self.copied = Some(folder);
        Ok(())
    }

    fn unmark(&self, shell: &Shell, mark: &str, marked: &[&Tracked]) -> Result<()> {
        let paths: String = marked.iter().map(|it| format!("{}\0", it.path)).collect();
        let command = in_folder(self.folder, ["update-index", mark, "-z", "--stdin"]);
        shell.run(&self.with(command.input(Secret::new(paths)))).map(drop)
    }
}

/// Names that git lists with `-z`, each of which is text.
pub(super) fn texts(listed: &[u8]) -> Result<Vec<String>> {
    let not_text = |_| {
        let name = names(listed).into_iter().find(|it| it.contains('\u{fffd}'));
        Failure::usage(format!("cannot use `{}`: its name is not UTF-8", name.unwrap_or_default()))
    };
    let text = std::str::from_utf8(listed).map_err(not_text)?;
    Ok(text.split('\0').filter(|it| !it.is_empty()).map(ToOwned::to_owned).collect())
}
