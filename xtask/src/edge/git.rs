//! The commit and the tree that are being worked on.

use crate::edge::shell::{Output, Shell, command};
use crate::error::{Failure, Result};
use xtask_core::command::Command;

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// The tree with every change in it, if there are changes.
    pub dirty_tree: Option<String>,
}

/// Reads the checkout. Files that are new and not ignored count as changes.
pub fn checkout(shell: &Shell) -> Result<Checkout> {
    let commit = shell.run(&command!("git rev-parse --verify HEAD")).map_err(|failure| {
        failure.during("cannot tell the commit").hint("a release is named after a commit: make one")
    })?;
    let changes = shell.run(&command!("git status --porcelain --untracked-files=all"))?;
    let dirty_tree = if changes.stdout.is_empty() { None } else { Some(tree(shell)?) };
    Ok(Checkout { commit: commit.text(), dirty_tree })
}

/// Every file below `path` that is tracked or new, ordered, relative to the repository.
pub fn files(shell: &Shell, path: &str) -> Result<Vec<String>> {
    let listed = command!("git ls-files -z --cached --others --exclude-standard -- {path}");
    let output = shell.run(&listed)?;
    let text = String::from_utf8(output.stdout).map_err(|_| {
        Failure::usage(format!("a file below `{path}` has a name that is not UTF-8"))
    })?;
    let mut files: Vec<String> =
        text.split('\0').filter(|it| !it.is_empty()).map(ToOwned::to_owned).collect();
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// Every file that is not as it was where `revision` and the checkout parted: committed since,
/// staged, changed, new or gone; ordered.
pub fn changed_since(shell: &Shell, revision: &str) -> Result<Vec<String>> {
    let cannot = || Failure::usage(format!("cannot tell what changed since `{revision}`"));
    let commit = format!("{revision}^{{commit}}");
    let verify = command!("git rev-parse --verify --quiet --end-of-options {commit}");
    let known = shell.observe(&verify)?;
    if says_no(&known) {
        return Err(cannot()
            .reason("no branch, tag or commit here has that name")
            .hint("`git fetch` it first; a clone that is shallow needs `git fetch --unshallow`"));
    }
    let commit = known.succeeds(&verify)?.text();
    let parted = command!("git merge-base HEAD {commit}");
    let base = shell.observe(&parted)?;
    if says_no(&base) {
        return Err(cannot()
            .reason("it and the checkout have no commit in common")
            .hint("a clone that is shallow needs `git fetch --unshallow`"));
    }
    let base = base.succeeds(&parted)?.text();
    let diff = command!("git diff --name-only --no-renames --no-ext-diff -z {base} --");
    let new = command!("git ls-files -z --others --exclude-standard");
    let mut files = names(&shell.run(&diff)?.stdout);
    files.extend(names(&shell.run(&new)?.stdout));
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// What git lists with `-z`; a name that is not UTF-8 is shown as well as it can be.
fn names(listed: &[u8]) -> Vec<String> {
    let names = listed.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// The tree as it would be committed, made in an index of its own: the person's is left alone.
fn tree(shell: &Shell) -> Result<String> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::outside("failed to make a temporary folder").because(&error))?;
    let index = folder.path().join("index").display().to_string();
    let with_index = |command: Command| command.env("GIT_INDEX_FILE", index.clone());
    shell.run(&with_index(command!("git read-tree HEAD")))?;
    shell.run(&with_index(command!("git add --all .")))?;
    Ok(shell.run(&with_index(command!("git write-tree")))?.text())
}

/// Whether git answered a question with no: by this code and without a word. When it could not
/// look, it says why.
fn says_no(output: &Output) -> bool {
    output.code == Some(1) && output.stderr.trim().is_empty()
}
