//! A sandbox: a checkout, a cache and a home of its own, in which our own program builds once
//! from nothing, as somebody else and under other surroundings.

use super::shared_clock;
use crate::edge::entry::{Entries, Entry};
use crate::edge::shell::{Output, Shell};
use crate::edge::{files, git};
use crate::error::{Context as _, Failure, Result};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use xtask_core::command::Command;
use xtask_core::image::conditions::{self, Me, OtherHost, Processors, Surroundings};

const PREFIX: &str = "nutri-verify.";
/// A build from nothing fetches and installs everything.
const BUILD_LIMIT: Duration = Duration::from_secs(7200);
/// 2001-09-09, long before any file of ours.
const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

/// A folder for one build from nothing; it goes with its value.
#[derive(Debug)]
pub(super) struct Sandbox {
    folder: TempDir,
    surroundings: Surroundings,
    /// What its programs share by which they are shown another time, as they are told of it.
    shared_clock: OnceLock<String>,
}

/// How a checkout is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Files in order, readable by all, as new as they are.
    Plain,
    /// The other way round, readable by their owner only, and old.
    Odd,
}

impl Sandbox {
    /// An empty one below `base`. Those of runs that were killed are removed first.
    pub(super) fn open(base: &Path, surroundings: Surroundings) -> Result<Self> {
        sweep(base)?;
        let failed = || format!("failed to make a folder in `{}`", base.display());
        let prefix = format!("{PREFIX}{}.", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(base);
        let folder = folder.or_outside(failed)?;
        let sandbox = Self { folder, surroundings, shared_clock: OnceLock::new() };
        for name in ["tree", "cache/tools/bin", "home", "state", "temporary"] {
            files::make_folder(&sandbox.path(name))?;
        }
        Ok(sandbox)
    }

    /// A place in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Removes what was only needed for building; the rest goes with the value.
    pub(super) fn clear(&self) {
        for name in ["cache", "temporary"] {
            // What cannot be removed now is tried once more at the end.
            let _later = fs::remove_dir_all(self.path(name));
        }
    }

    /// Copies `sources`, relative to `root`, into `tree`, and has git know them.
    pub(super) fn check_out(
        &self,
        shell: &Shell,
        root: &Path,
        sources: &Entries,
        habit: Habit,
    ) -> Result<()> {
        let mut sources: Vec<(&String, &Entry)> = sources.iter().collect();
        if habit == Habit::Odd {
            sources.reverse();
        }
        for (source, entry) in sources {
            let (from, to) = (root.join(source), self.path("tree").join(source));
            files::make_folder(to.parent().unwrap_or(&to))?;
            let copied = copy(&from, entry, &to, habit);
            copied.or_outside(|| format!("failed to copy `{source}`"))?;
        }
        for args in [&["init", "--quiet"][..], &["add", "--all", "--force"]] {
            let tree = self.path("tree").display().to_string();
            shell.run(&git::command(args.iter().copied()).folder(tree))?;
        }
        Ok(())
    }

    /// Lends the file or folder `from` under the name `to`: linked where that is safe, else
    /// copied. What is not there is not lent.
    pub(super) fn lend(&self, from: &Path, to: &str) -> Result<()> {
        lend(from, &self.path(to)).or_outside(|| format!("failed to lend `{}`", from.display()))
    }

    /// Points to `from` from inside, for whoever may follow.
    pub(super) fn point(&self, from: &Path, to: &str) -> Result<()> {
        symlink(from, self.path(to)).or_outside(|| format!("failed to link `{}`", from.display()))
    }

    /// Puts our own program into it, and gives all of it to its user.
    pub(super) fn hand_over(&self) -> Result<()> {
        let own =
            std::env::current_exe().or_outside(|| "failed to find this program".to_owned())?;
        self.lend(&own, "xtask")?;
        let Some(user) = self.surroundings.user else { return Ok(()) };
        let given = hand_over(self.folder.path(), user);
        given.or_outside(|| format!("failed to give `{}` away", self.folder.path().display()))
    }

    /// Makes what its programs share by which they are shown another time. Where nothing shows them
    /// one, there is none.
    pub(super) fn share_clock(&self, shell: &Shell) -> Result<()> {
        if !self.surroundings.variables.iter().any(|(name, _)| name == "FAKETIME") {
            return Ok(());
        }
        let maker = shared_clock::MAKER.map(ToOwned::to_owned);
        let output = self.observe(shell, &self.started(&maker))?;
        if output.succeeded() && !output.text().is_empty() {
            shared_clock::record(self.folder.path(), &output.text())?;
            self.shared_clock.get_or_init(|| output.text());
        }
        Ok(())
    }

    /// Runs our own program in it, as its user, once it was handed over.
    pub(super) fn run(&self, shell: &Shell, args: &[String]) -> Result<Output> {
        self.observe(shell, &self.command(args).limit(BUILD_LIMIT))
    }

    fn observe(&self, shell: &Shell, command: &Command) -> Result<Output> {
        let Surroundings { user, user_by_prefix, .. } = &self.surroundings;
        shell.observe_as(command, |prepared| {
            prepared.env_remove("XDG_CONFIG_HOME");
            if let Some(user) = user.filter(|_| !user_by_prefix) {
                prepared.uid(user).gid(user);
            }
        })
    }

    /// Only a shell can set the mask and then become another program without `unsafe`.
    fn command(&self, args: &[String]) -> Command {
        let Surroundings { umask, conditions, .. } = &self.surroundings;
        let place = |name: &str| self.path(name).display().to_string();
        let masked = ["sh", "-c", "umask \"$0\" && exec \"$@\"", umask].map(ToOwned::to_owned);
        self.started(&[&masked[..], &[place("xtask")], args].concat())
            .env("HOME", place("home"))
            .env("TMPDIR", place("temporary"))
            .env("XTASK_CACHE", place("cache"))
            .env("XTASK_STATE", place("state"))
            .env("npm_config_cache", place("npm"))
            .env("UV_CACHE_DIR", place("uv"))
            .env(conditions::VARIABLE, conditions.to_string())
    }

    /// `words` in its tree, behind its prefix and with its variables.
    fn started(&self, words: &[String]) -> Command {
        let Surroundings { variables, prefix, .. } = &self.surroundings;
        let shared = self.shared_clock.get().map(|pair| (shared_clock::VARIABLE, pair.as_str()));
        // Behind the prefix: libfaketime shares memory with what a program becomes, and that is
        // somebody else from there on.
        let variables = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let variables = variables.chain(shared).map(|(name, value)| format!("{name}={value}"));
        let varied: Vec<String> = std::iter::once("env".to_owned()).chain(variables).collect();
        let words = [prefix.as_slice(), &varied, words].concat();
        let tree = self.path("tree").display().to_string();
        Command::new(&words[0]).args(&words[1..]).folder(tree)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        shared_clock::remove(self.folder.path());
    }
}

fn copy(from: &Path, entry: &Entry, to: &Path, habit: Habit) -> io::Result<()> {
    let runs = match entry {
        Entry::Folder => return fs::create_dir(to),
        Entry::Link(target) => return symlink(target, to),
        Entry::File { runs, .. } => *runs,
    };
    fs::copy(from, to)?;
    let mode = match (habit, runs) {
        (Habit::Plain, false) => 0o644,
        (Habit::Plain, true) => 0o755,
        (Habit::Odd, false) => 0o600,
        (Habit::Odd, true) => 0o700,
    };
    if habit == Habit::Odd {
        let file = fs::File::options().write(true).open(to)?;
        file.set_modified(SystemTime::UNIX_EPOCH + LONG_AGO)?;
    }
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
}

fn lend(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = match fs::metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if metadata.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            lend(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    // A link cannot be given to another user, so it must be readable as it is; and what is
    // appended to through it would change what was lent.
    let is_fixed = metadata.permissions().mode() & 0o044 == 0o044 && !is_index(from);
    if is_fixed && fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(drop)
}

/// npm appends to the files of its index; everything else in a cache is written once.
fn is_index(path: &Path) -> bool {
    path.components().any(|component| component.as_os_str() == "index-v5")
}

/// Gives everything below `path` to `user`, but for files that are linked from elsewhere too.
fn hand_over(path: &Path, user: u32) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            hand_over(&entry?.path(), user)?;
        }
    }
    if metadata.is_dir() || metadata.nlink() == 1 {
        lchown(path, Some(user), Some(user))?;
    }
    Ok(())
}

fn sweep(base: &Path) -> Result<()> {
    for name in files::names(base)? {
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('.').next());
        let Some(process) = process else { continue };
        if !files::is_folder(&Path::new("/proc").join(process))? {
            shared_clock::remove(&base.join(&name));
            // What another user left is not ours to remove, and not in our way.
            let _theirs = fs::remove_dir_all(base.join(&name));
        }
    }
    Ok(())
}

/// How many folders of `sources` list in another order below `first` than below `second`, and
/// how many there are.
pub(super) fn listings(first: &Path, second: &Path, sources: &Entries) -> (usize, usize) {
    let parents = sources.keys().filter_map(|source| Path::new(source).parent());
    let folders: std::collections::BTreeSet<&Path> = parents.collect();
    let listed = |folder: PathBuf| -> Vec<_> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).collect()
    };
    let differs = |folder: &&&Path| listed(first.join(folder)) != listed(second.join(folder));
    (folders.iter().filter(differs).count(), folders.len())
}

/// Where a second build finds another kind of file system, if the machine has one with room.
pub(super) fn memory_folder() -> Option<PathBuf> {
    let place = "/dev/shm";
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    conditions::is_roomy_memory(place, &mounts, &memory).then(|| PathBuf::from(place))
}

/// The library that shows a program another time, if it is installed.
pub(super) fn clock_library() -> Option<String> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let path = format!("/usr/lib/{triple}/faketime/libfaketimeMT.so.1");
    files::is_seen(Path::new(&path)).then_some(path)
}

/// Another host name for a program, if one that was started so has seen it.
pub(super) fn other_host(shell: &Shell) -> Option<OtherHost> {
    let own = seen(shell, &[], "uname -n")?;
    let me = fs::metadata("/proc/self").ok()?;
    let host = OtherHost::plan(&own, Me { user: me.uid(), group: me.gid() });
    let is_seen = seen(shell, &host.prefix, "uname -n").is_some_and(|name| name == host.name);
    is_seen.then_some(host)
}

/// Fewer processors for a program, if one that was started so has counted them.
pub(super) fn fewer_processors(shell: &Shell) -> Option<Processors> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let fewer = Processors::but_one(list)?;
    let counted: usize = seen(shell, &fewer.prefix(), "nproc")?.parse().ok()?;
    (counted + 1 == fewer.all).then_some(fewer)
}

/// What `words` say when they are started through `prefix`; none if they cannot be.
fn seen(shell: &Shell, prefix: &[String], words: &str) -> Option<String> {
    let mut all = prefix.iter().cloned().chain(words.split(' ').map(ToOwned::to_owned));
    let command = Command::new(&all.next()?).args(all);
    let output = shell.observe(&command).ok()?;
    output.succeeded().then(|| output.text())
}

/// Whether this process may start others as somebody else.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Where npm keeps what it has downloaded, and uv.
pub(super) fn download_caches() -> Result<(PathBuf, PathBuf)> {
    let variable =
        |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let home = variable("HOME")
        .ok_or_else(|| Failure::usage("cannot tell where downloads are: `HOME` is not set"))?;
    let npm = variable("npm_config_cache").unwrap_or_else(|| home.join(".npm"));
    let caches = variable("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
    let uv = variable("UV_CACHE_DIR").unwrap_or_else(|| caches.join("uv"));
    Ok((npm, uv))
}
