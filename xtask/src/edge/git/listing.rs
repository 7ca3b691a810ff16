//! What git says of the files below a folder: which it tracks, as what, and which are new. Both
//! the key of a layer and its build come from here.

use super::index::texts;
use super::{git, in_folder};
use crate::edge::entry::{join, within};
use crate::edge::shell::Shell;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;

const SUBMODULE: u32 = 0o160_000;

/// What git knows below a folder.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Every file that is tracked or new, ordered by path; those of submodules too.
    pub files: Vec<Listed>,
    /// What holds files that git does not list.
    pub unseen: Vec<Unseen>,
}

/// A file that git knows, or would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the root of the checkout.
    pub path: String,
    /// The repository that it is in, relative to the root.
    pub repository: String,
    /// What is tracked of it; none if it is new.
    pub tracked: Option<Tracked>,
    /// Whether it may be executed, where the disk cannot tell (`core.fileMode` is off).
    pub runs: Option<bool>,
}

/// An entry of git's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Relative to its repository.
    pub path: String,
    /// The object that it is, by git's own digest.
    pub object: String,
    mode: u32,
    /// Git was told not to look whether it changed.
    pub is_assumed: bool,
    /// Git was told to leave it out of the checkout, or to leave it alone.
    pub is_skipped: bool,
}

/// A folder of whose files git says nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unseen {
    /// A submodule that is not checked out.
    Submodule(String),
    /// A repository of its own that is no submodule.
    Repository(String),
}

impl Tracked {
    /// Whether it is the commit of another repository.
    pub fn is_submodule(&self) -> bool {
        self.mode == SUBMODULE
    }

    /// An entry as `ls-files -v --stage` shows it.
    fn parse(line: &str) -> Option<Self> {
        let (about, path) = line.split_once('\t')?;
        let mut words = about.split(' ');
        let tag = words.next()?;
        let mode = u32::from_str_radix(words.next()?, 8).ok()?;
        let object = words.next()?.to_owned();
        let is_assumed = tag.chars().all(|it| it.is_ascii_lowercase());
        let is_skipped = tag.eq_ignore_ascii_case("S");
        Some(Self { path: path.to_owned(), object, mode, is_assumed, is_skipped })
    }
}

/// What git knows below `path`, which is relative to the root; `.` is the root itself.
pub fn listing(shell: &Shell, path: &str) -> Result<Listing> {
    check_root(shell)?;
    let path = if path == "." { "" } else { path };
    let mut gathered = Gathered { shell, files: BTreeMap::new(), unseen: Vec::new() };
    match home(shell, path) {
        "" => gathered.repository("", path)?,
        home if is_known(shell, home)? => {
            gathered.repository(home, within(home, path).unwrap_or_default())?;
        }
        home => gathered.unseen.push(Unseen::Repository(home.to_owned())),
    }
    gathered.unseen.sort();
    Ok(Listing { files: gathered.files.into_values().collect(), unseen: gathered.unseen })
}

/// Those of `files` that git neither tracks nor would take. Each repository is asked once.
pub fn unknown<'f>(shell: &Shell, files: &[&'f str]) -> Result<Vec<&'f str>> {
    check_root(shell)?;
    let mut by_home: BTreeMap<&str, Vec<&'f str>> = BTreeMap::new();
    for file in files.iter().copied() {
        by_home.entry(home(shell, file)).or_default().push(file);
    }
    let mut unknown = Vec::new();
    for (home, files) in by_home {
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"];
        let inside = |file: &'f str| within(home, file).unwrap_or(file);
        let asked = in_folder(home, list).args(files.iter().copied().map(inside));
        let listed = texts(&shell.run(&asked)?.stdout)?;
        unknown
            .extend(files.into_iter().filter(|file| !listed.iter().any(|it| it == inside(file))));
    }
    Ok(unknown)
}

/// Refuses a root that is not that of a repository: a downloaded archive has none, and below
/// another one git's paths would begin elsewhere.
pub(super) fn check_root(shell: &Shell) -> Result<()> {
    if is_repository(shell, "") {
        return Ok(());
    }
    let root = shell.root().display();
    Err(Failure::usage(format!("cannot use `{root}`: no git repository has its root there")).hint(
        "`git clone` it instead of downloading it; or make it a repository: `git init`, `git add \
         --all` and `git commit`",
    ))
}

/// Whether a repository is checked out at `path`.
pub(super) fn is_repository(shell: &Shell, path: &str) -> bool {
    std::fs::symlink_metadata(shell.root().join(path).join(".git")).is_ok()
}

/// The innermost repository at or above `path`; empty for that of the root.
fn home<'a>(shell: &Shell, path: &'a str) -> &'a str {
    let mut here = path;
    while !here.is_empty() && !is_repository(shell, here) {
        here = here.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    here
}

/// Whether the repository at `path` is a submodule of the one around it.
fn is_known(shell: &Shell, path: &str) -> Result<bool> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok(tracked(shell, parent, name)?.iter().any(Tracked::is_submodule))
}

/// The entries of the index below `path`, both relative to the repository around `folder`.
pub(super) fn tracked(shell: &Shell, folder: &str, path: &str) -> Result<Vec<Tracked>> {
    let list = in_folder(folder, ["ls-files", "-z", "-v", "--stage", "--", path]);
    let lines = texts(&shell.run(&list)?.stdout)?;
    let unread = |line: &str| Failure::outside(format!("cannot read what git says: `{line}`"));
    lines.iter().map(|line| Tracked::parse(line).ok_or_else(|| unread(line))).collect()
}

struct Gathered<'a> {
    shell: &'a Shell,
    files: BTreeMap<String, Listed>,
    unseen: Vec<Unseen>,
}

impl Gathered<'_> {
    /// Adds what is below `path` of the repository in `folder`.
    fn repository(&mut self, folder: &str, path: &str) -> Result<()> {
        let path = if path.is_empty() { "." } else { path };
        let believes_disk = believes_disk(self.shell, folder)?;
        for entry in tracked(self.shell, folder, path)? {
            let at = join(folder, &entry.path);
            if !entry.is_submodule() {
                let runs = (!believes_disk).then_some(entry.mode & 0o100 != 0);
                self.add(folder, at, Some(entry), runs);
            } else if is_repository(self.shell, &at) {
                self.repository(&at, ".")?;
            } else {
                self.unseen.push(Unseen::Submodule(at));
            }
        }
        let new = ["ls-files", "-z", "--others", "--exclude-standard", "--", path];
        for name in texts(&self.shell.run(&in_folder(folder, new))?.stdout)? {
            let at = join(folder, name.trim_end_matches('/'));
            if name.ends_with('/') {
                self.unseen.push(Unseen::Repository(at));
            } else {
                self.add(folder, at, None, (!believes_disk).then_some(false));
            }
        }
        Ok(())
    }

    /// A file in conflict is listed once for each side.
    fn add(
        &mut self,
        repository: &str,
        path: String,
        tracked: Option<Tracked>,
        runs: Option<bool>,
    ) {
        let repository = repository.to_owned();
        let listed = Listed { path: path.clone(), repository, tracked, runs };
        self.files.entry(path).or_insert(listed);
    }
}

/// Whether git takes the disk's word for who may execute a file.
fn believes_disk(shell: &Shell, folder: &str) -> Result<bool> {
    let ask = in_folder(folder, ["config", "--type=bool", "--get", "core.fileMode"]);
    let output = shell.observe(&ask)?;
    match output.code {
        Some(0) => Ok(output.text() != "false"),
        Some(1) => Ok(true),
        // It says why.
        _ => shell.run(&git(["rev-parse", "--git-dir"])).and(shell.run(&ask)).map(|_| true),
    }
}
