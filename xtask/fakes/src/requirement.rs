//! What a test needs of its machine. What is missing fails the test, unless the caller said by
//! `XTASK_TESTS_WITHOUT` that it may be missing; then the test is put on record and ends.
//!
//! A test writes `let zsh = required!(required_program("zsh"));`. Only this module can say that
//! a test is excused, so no test ends early in any other way.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use xtask_core::check::requirement::{Kind, NOT_RUN, NotRun, Requirement, SERVERS, WITHOUT};
use xtask_core::check::requirement::{excused, grants, named};

/// What a test asked for, or the caller's leave to go without.
#[must_use]
#[derive(Debug)]
pub enum Required<T> {
    /// It is here.
    Here(T),
    /// It is missing, and that is on record.
    Excused(Excused),
}

/// Leave to go without something; only this module grants it.
#[derive(Debug)]
pub struct Excused(());

/// Takes what a test requires; ends the test where it is excused.
#[macro_export]
macro_rules! required {
    ($required:expr) => {
        match $required {
            $crate::requirement::Required::Here(it) => it,
            $crate::requirement::Required::Excused(_) => return,
        }
    };
}

impl<T> Required<T> {
    /// Makes something of it, where it is here.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Required<U> {
        match self {
            Self::Here(it) => Required::Here(make(it)),
            Self::Excused(excused) => Required::Excused(excused),
        }
    }

    /// Asks for something else as well.
    pub fn and<U>(self, other: impl FnOnce() -> Required<U>) -> Required<(T, U)> {
        match self {
            Self::Here(it) => other().map(|other| (it, other)),
            Self::Excused(excused) => Required::Excused(excused),
        }
    }

    /// Whether it is here: for a test of which only a part needs it. That part is on record.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }
}

/// The program of that name: on the `PATH`, or among our pinned tools.
#[track_caller]
pub fn required_program(name: &str) -> Required<PathBuf> {
    let requirement = known(name);
    assert!(requirement.kind == Kind::Program, "`{name}` is no program");
    let names = requirement.programs();
    let files = |folder: PathBuf| names.iter().map(move |name| folder.join(name));
    judged(requirement, folders().into_iter().flat_map(files).find(|it| it.is_file()))
}

/// The file of that name, such as a library.
#[track_caller]
pub fn required_file(name: &str) -> Required<PathBuf> {
    let requirement = known(name);
    let Kind::File(patterns) = requirement.kind else { panic!("`{name}` is no file") };
    judged(requirement, patterns.iter().find_map(|it| file(it)))
}

/// A Docker client whose engine answers.
#[track_caller]
pub fn required_engine() -> Required<PathBuf> {
    let answers = |docker: &PathBuf| {
        let answer = std::process::Command::new(docker).arg("version").output();
        answer.is_ok_and(|answer| answer.status.success())
    };
    match required_program("docker") {
        Required::Here(docker) => {
            let answers = answers(&docker);
            judged(known("docker-engine"), answers.then_some(docker))
        }
        excused @ Required::Excused(_) => excused,
    }
}

/// What the kernel lets us do: `root`, `mount`.
#[track_caller]
pub fn required_right(name: &str) -> Required<()> {
    let requirement = known(name);
    let Kind::Capability(bit) = requirement.kind else { panic!("`{name}` is no right") };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    judged(requirement, grants(&status, bit).then_some(()))
}

#[track_caller]
fn known(name: &str) -> &'static Requirement {
    named(name)
        .unwrap_or_else(|| panic!("`{name}` has no row in `xtask/core/src/check/requirement.rs`"))
}

/// Where programs are looked for.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = cache().map(|cache| cache.join("tools/bin"));
    let servers = SERVERS.iter().map(PathBuf::from);
    std::env::split_paths(&path).chain(ours).chain(servers).collect()
}

/// Where the program under test keeps downloads, as `edge/places.rs` finds it.
fn cache() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|it: &OsString| !it.is_empty());
    let folder = |name| variable(name).map(PathBuf::from);
    let in_base = || folder("XDG_CACHE_HOME").map(|base| base.join("nutri"));
    folder("XTASK_CACHE").or_else(in_base).or_else(|| Some(folder("HOME")?.join(".cache/nutri")))
}

/// The first file of a pattern in which `*` stands for one folder.
fn file(pattern: &str) -> Option<PathBuf> {
    let Some((above, below)) = pattern.split_once("/*/") else {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent)?;
        return Some(root.join(pattern)).filter(|it| it.is_file());
    };
    let folders = std::fs::read_dir(above).ok()?.flatten();
    folders.map(|folder| folder.path().join(below)).find(|it| it.is_file())
}

#[track_caller]
fn judged<T>(requirement: &Requirement, found: Option<T>) -> Required<T> {
    let without = std::env::var(WITHOUT).unwrap_or_default();
    let excused = excused(&without).unwrap_or_else(|unknown| panic!("{unknown}"));
    let Requirement { name, get, .. } = requirement;
    match found {
        Some(it) => Required::Here(it),
        None if excused.contains(&requirement) => {
            put_on_record(&NotRun { test: this_test(), needs: (*name).to_owned() });
            Required::Excused(Excused(()))
        }
        None => panic!(
            "`{name}` is missing, and this test needs it ({get})\n  hint: install it, or set \
             {WITHOUT}={name}: the test is then on record as one that did not run"
        ),
    }
}

/// The test that asks: its binary without cargo's hash, and its name, which its thread carries.
fn this_test() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let stem = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let binary = stem.rsplit_once('-').map_or(stem.as_str(), |(name, _)| name);
    let thread = std::thread::current();
    let in_thread = thread.name().filter(|name| *name != "main").map(str::to_owned);
    let name = in_thread.or_else(|| std::env::var("NEXTEST_TEST_NAME").ok());
    format!("{binary} {}", name.as_deref().unwrap_or("in a thread of a test"))
}

/// Says it, and adds it to the caller's file in one write, as others add to it too.
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
fn put_on_record(not_run: &NotRun) {
    eprintln!("NOT RUN: {}: `{}` is missing", not_run.test, not_run.needs);
    let Some(record) = std::env::var_os(NOT_RUN) else { return };
    let record = Path::new(&record);
    let added = std::fs::OpenOptions::new().create(true).append(true).open(record);
    let added = added.and_then(|mut file| file.write_all(not_run.line().as_bytes()));
    added.unwrap_or_else(|error| panic!("failed to write `{}`: {error}", record.display()));
}
