//! The commit and the tree that are being worked on.
//!
//! Whoever starts us from a hook or a script may have told git of another repository or index, and
//! how to read paths; here git is asked about the checkout and nothing else.

mod between;
mod committed;
mod faithful;
mod index;
mod listing;

pub use between::commits_between;
pub use committed::committed;
pub use faithful::{Instead, Unfaithful, unfaithful};
pub use listing::{Listed, Listing, Tracked, Unseen, listing, unknown};

use crate::edge::entry;
use crate::edge::shell::{Output, Shell};
use crate::error::{Failure, Result};
use index::Index;
use xtask_core::command::Command;

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// The tree with every change in it, if there are changes.
    pub dirty_tree: Option<String>,
}

/// Reads the checkout. Files that are new and not ignored count as changes, and so do edits that
/// git was told not to see.
pub fn checkout(shell: &Shell) -> Result<Checkout> {
    listing::check_root(shell)?;
    let commit = shell.run(&git(["rev-parse", "--verify", "HEAD"])).map_err(no_commit)?;
    Ok(Checkout { commit: commit.text(), dirty_tree: changed_tree(shell, "")? })
}

/// Git says itself what to do about a repository of somebody else.
fn no_commit(failure: Failure) -> Failure {
    let is_of_others = failure.to_string().contains("dubious ownership");
    let failure = failure.during("cannot tell the commit");
    match is_of_others {
        true => failure.hint("type the line that git names, if you trust who owns these files"),
        false => failure.hint("a release is named after a commit: make one"),
    }
}

/// Every file below `path` that is tracked or new, ordered, relative to the root; those of
/// submodules too.
pub fn files(shell: &Shell, path: &str) -> Result<Vec<String>> {
    Ok(listing(shell, path)?.files.into_iter().map(|it| it.path).collect())
}

/// The commit where `revision` and the checkout parted.
pub fn merge_base(shell: &Shell, revision: &str) -> Result<String> {
    let cannot = || Failure::usage(format!("cannot tell what changed since `{revision}`"));
    let commit = format!("{revision}^{{commit}}");
    let verify = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]);
    let known = shell.observe(&verify)?;
    if says_no(&known) {
        return Err(cannot()
            .reason("no branch, tag or commit here has that name")
            .hint("`git fetch` it first; a clone that is shallow needs `git fetch --unshallow`"));
    }
    let commit = known.succeeds(&verify)?.text();
    let parted = git(["merge-base", "HEAD", &commit]);
    let base = shell.observe(&parted)?;
    if says_no(&base) {
        return Err(cannot()
            .reason("it and the checkout have no commit in common")
            .hint("a clone that is shallow needs `git fetch --unshallow`"));
    }
    Ok(base.succeeds(&parted)?.text())
}

/// Every file that is not as it was where `revision` and the checkout parted: committed since,
/// staged, changed, new or gone; ordered.
pub fn changed_since(shell: &Shell, revision: &str) -> Result<Vec<String>> {
    let base = merge_base(shell, revision)?;
    let diff = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z"];
    let diff = git(diff).args(["--ignore-submodules=none", &base, "--"]);
    let new = git(["ls-files", "-z", "--others", "--exclude-standard"]);
    let (tracked, mut inside) = (listing::tracked(shell, "", ".")?, Vec::new());
    let index = Index::open(shell, "", &tracked)?;
    let mut files = names(&shell.run(&index.with(diff))?.stdout);
    files.extend(names(&shell.run(&new)?.stdout));
    // Any file of a submodule may have changed with it.
    for submodule in tracked.iter().filter(|it| it.is_submodule() && files.contains(&it.path)) {
        inside.extend(self::files(shell, &submodule.path)?);
    }
    files.extend(inside);
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// The commits that `to` has and `from` has not, the newest first: on each line its hash, its
/// author, when it was written and its first line, a unit separator between them.
pub fn subjects(shell: &Shell, from: &str, to: &str, most: usize) -> Result<String> {
    let (most, range) = (format!("--max-count={most}"), format!("{from}..{to}"));
    let log = ["log", "--no-color", "--format=%H%x1f%an%x1f%aI%x1f%s", &most];
    let command = git(log).args(["--end-of-options", &range, "--"]);
    let failed = |failure: Failure| failure.during(format!("cannot list the commits of `{range}`"));
    Ok(shell.run(&command).map_err(failed)?.text())
}

/// What git lists with `-z`; a name that is not UTF-8 is shown as well as it can be.
fn names(listed: &[u8]) -> Vec<String> {
    let names = listed.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// The tree as it would be committed, if that differs from the commit: of the repository in
/// `folder` below the root, with every submodule as it is. It is made in an index of its own: the
/// person's is left alone.
fn changed_tree(shell: &Shell, folder: &str) -> Result<Option<String>> {
    let tracked = listing::tracked(shell, folder, ".")?;
    let mut submodules = Vec::new();
    for submodule in tracked.iter().filter(|it| it.is_submodule()) {
        let path = entry::join(folder, &submodule.path);
        if listing::is_repository(shell, &path) {
            let tree = changed_tree(shell, &path)?;
            submodules.extend(tree.map(|tree| format!("160000,{tree},{}", submodule.path)));
        }
    }
    let mut index = Index::open(shell, folder, &tracked)?;
    // Trees of submodules were looked at above, past what hides edits in them.
    let status = ["status", "--porcelain", "--untracked-files=all", "--ignore-submodules=dirty"];
    let changes = shell.run(&index.with(in_folder(folder, status)))?;
    if changes.stdout.is_empty() && submodules.is_empty() {
        return Ok(None);
    }
    index.copy(shell)?;
    shell.run(&index.with(in_folder(folder, ["add", "--all", "."])))?;
    for submodule in submodules {
        let update = in_folder(folder, ["update-index", "--cacheinfo", &submodule]);
        shell.run(&index.with(update))?;
    }
    Ok(Some(shell.run(&index.with(in_folder(folder, ["write-tree"])))?.text()))
}

/// What the surroundings may tell git of another repository, or of how paths are read. Settings
/// they may make.
pub const SURROUNDINGS: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// What makes git believe the disk, and a commit as it was made.
const PLAIN: [&str; 8] = [
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.trustctime=true",
    "-c",
    "core.checkStat=default",
];

/// A command of git about the repository of the folder that it is run in, whatever the
/// surroundings say.
pub fn command<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    Command::new("git").args(args).without(SURROUNDINGS)
}

fn git<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    command(PLAIN.into_iter().chain(args))
}

/// The same in `folder`, relative to the root.
fn in_folder<'a>(folder: &str, args: impl IntoIterator<Item = &'a str>) -> Command {
    git(args).folder(folder)
}

/// Whether git answered a question with no: by this code and without a word. When it could not
/// look, it says why.
fn says_no(output: &Output) -> bool {
    output.code == Some(1) && output.stderr.trim().is_empty()
}
