//! The programs that the repository uses: which version, what for, and how to get each.

mod for_tests;

use crate::check::task::Task;
use crate::command::Command;
use for_tests::for_tests;
use serde::Serialize;
use std::fmt;

/// A program that the repository uses.
#[derive(Clone, Debug)]
pub struct Tool {
    /// What it is called on the `PATH`; other names and places it may have follow.
    pub names: &'static [&'static str],
    /// Which version is wanted.
    pub wanted: Wanted,
    pub purpose: &'static str,
    /// Which verb does not work without it.
    pub verb: Verb,
    /// How to get it on Debian and Ubuntu.
    pub debian: &'static str,
    /// What it is called in nixpkgs; `flake.nix` holds them all.
    pub nix: &'static str,
}

/// Which versions will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever there is.
    Any,
    /// This one or a newer one.
    AtLeast(&'static [u32]),
    /// One that begins so.
    Series(&'static [u32]),
}

/// Which verb does not work without a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// `up`, and all other verbs that ship.
    Up,
    /// `ci` only.
    Ci,
}

/// What was found, against what is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "version")]
pub enum Verdict {
    /// It will do.
    Good(String),
    /// It is older than wanted, or of another series.
    Other(String),
    /// It is not there, or does not say its version.
    Missing,
}

impl Tool {
    /// The command that makes the one called `name` print its version.
    pub fn question(&self, name: &str) -> Command {
        // OpenSSL takes a word where all others take a flag.
        Command::new(name).arg(if matches!(name, "openssl" | "restic") {
            "version"
        } else {
            "--version"
        })
    }

    /// The tasks whose commands name it. Tests that use it are not seen by this.
    pub fn named_by(&self, tasks: &[Task]) -> Vec<&'static str> {
        let names = |command: &Command| {
            let words = command.args.iter().flat_map(|arg| arg.split_whitespace());
            words.chain([command.program.as_str()]).any(|word| self.names.contains(&word))
        };
        let named = tasks.iter().filter(|task| task.commands.iter().any(names));
        named.map(|task| task.name).collect()
    }

    /// How to get it, in words.
    pub fn how_to_get(&self) -> String {
        format!("Debian and Ubuntu: {}; Nix: {}", self.debian, self.nix)
    }

    /// Judges by what it answered; `None` if it could not be asked.
    pub fn judge(&self, answer: Option<&str>) -> Verdict {
        let Some(version) = answer.and_then(version_in) else { return Verdict::Missing };
        if self.wanted.accepts(&numbers(version)) {
            Verdict::Good(version.to_owned())
        } else {
            Verdict::Other(version.to_owned())
        }
    }
}

impl Wanted {
    fn accepts(self, found: &[u32]) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => found >= least,
            Self::Series(series) => found.starts_with(series),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dotted =
            |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        match self {
            Self::Any => formatter.write_str("any"),
            Self::AtLeast(least) => write!(formatter, "≥ {}", dotted(least)),
            Self::Series(series) => write!(formatter, "{}.x", dotted(series)),
        }
    }
}

impl Verdict {
    /// Whether it will do.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }
}

/// The first word of `answer` that is a version: digits, a dot, digits, whatever follows.
fn version_in(answer: &str) -> Option<&str> {
    let words = answer.split(|c: char| c.is_whitespace() || "v=,()".contains(c));
    words.into_iter().find(|word| {
        let mut parts = word.split('.');
        let mut number =
            || parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
        number() && number()
    })
}

/// `1.95.0-nightly` → 1, 95, 0.
fn numbers(version: &str) -> Vec<u32> {
    let digits =
        |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    version.split('.').map_while(digits).collect()
}

/// Every tool, what `up` needs first.
pub fn all() -> Vec<Tool> {
    [for_up(), for_checks(), for_backups(), for_tests()].concat()
}

fn for_up() -> Vec<Tool> {
    vec![
        up(&["cargo"], Wanted::AtLeast(&[1, 91]), "builds this program", "rustup.rs", "cargo"),
        up(&["cc"], Wanted::Any, "links Rust programs", "apt: gcc libc6-dev", "gcc"),
        up(&["git"], Wanted::AtLeast(&[2, 30]), "says which commit is shipped", "apt: git", "git"),
        up(
            &["docker"],
            Wanted::AtLeast(&[20, 10]),
            "runs the images",
            "apt: docker.io",
            "docker-client",
        ),
        up(&["node"], Wanted::Series(&[20]), "compiles the backend", "NodeSource", "nodejs_20"),
        up(
            &["npm"],
            Wanted::AtLeast(&[9]),
            "installs the backend's packages",
            "NodeSource",
            "nodejs_20",
        ),
        up(
            &["uv"],
            Wanted::AtLeast(&[0, 9]),
            "installs the ML service's wheels",
            "scripts/tools.txt",
            "uv",
        ),
        up(&["trivy"], Wanted::AtLeast(&[0, 60]), "scans the images", "scripts/tools.txt", "trivy"),
    ]
}

fn for_checks() -> Vec<Tool> {
    vec![
        ci(
            &["rustfmt"],
            Wanted::Any,
            "holds Rust in one form",
            "rustup component add rustfmt",
            "rustfmt",
        ),
        ci(&["clippy-driver"], Wanted::Any, "lints Rust", "rustup component add clippy", "clippy"),
        ci(
            &["cargo-nextest"],
            Wanted::AtLeast(&[0, 9, 100]),
            "runs Rust tests",
            "cargo install --locked cargo-nextest",
            "cargo-nextest",
        ),
        ci(
            &["python3.11"],
            Wanted::Series(&[3, 11]),
            "runs the ML service's tests",
            "apt: python3.11; elsewhere `uv python install 3.11`",
            "python311",
        ),
        ci(&["c++"], Wanted::Any, "builds the fuzzer", "apt: g++", "gcc"),
        ci(
            &["cargo-deny"],
            Wanted::AtLeast(&[0, 18]),
            "judges Rust dependencies",
            "scripts/tools.txt",
            "cargo-deny",
        ),
        ci(
            &["gitleaks"],
            Wanted::AtLeast(&[8, 19]),
            "looks for secrets in commits",
            "scripts/tools.txt",
            "gitleaks",
        ),
        ci(&["shellcheck"], Wanted::Any, "checks scripts", "apt: shellcheck", "shellcheck"),
        ci(
            &["hadolint"],
            Wanted::AtLeast(&[2, 12]),
            "checks Dockerfiles",
            "scripts/tools.txt",
            "hadolint",
        ),
        ci(&["actionlint"], Wanted::Any, "checks workflows", "scripts/tools.txt", "actionlint"),
        ci(
            &["zizmor"],
            Wanted::AtLeast(&[1, 16]),
            "looks for holes in workflows",
            "scripts/tools.txt",
            "zizmor",
        ),
    ]
}

/// Programs that back-ups are made with.
fn for_backups() -> Vec<Tool> {
    vec![
        ci(
            &["pg_dump"],
            Wanted::AtLeast(&[15]),
            "back-ups and their tests",
            "apt: postgresql-client",
            "postgresql_15",
        ),
        ci(
            &["restic"],
            Wanted::AtLeast(&[0, 14]),
            "back-ups and their tests",
            "apt: restic",
            "restic",
        ),
    ]
}

/// The oldest Nix that reads the pinned package set: its own floor is there. `x` has it too.
pub const NIX_FLOOR: &[u32] = &[2, 18];

/// Whether what `nix --version` answered is too old for the pinned shell.
pub fn is_too_old_for_the_shell(answer: &str) -> bool {
    version_in(answer).is_some_and(|it| !Wanted::AtLeast(NIX_FLOOR).accepts(&numbers(it)))
}

/// The tool that has `name` among its names.
pub fn named(name: &str) -> Option<Tool> {
    all().into_iter().find(|tool| tool.names.contains(&name))
}

fn up(
    names: &'static [&'static str],
    wanted: Wanted,
    purpose: &'static str,
    debian: &'static str,
    nix: &'static str,
) -> Tool {
    Tool { names, wanted, purpose, verb: Verb::Up, debian, nix }
}

fn ci(
    names: &'static [&'static str],
    wanted: Wanted,
    purpose: &'static str,
    debian: &'static str,
    nix: &'static str,
) -> Tool {
    Tool { verb: Verb::Ci, ..up(names, wanted, purpose, debian, nix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_really_say() {
        for (answer, version) in [
            ("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", "1.95.0"),
            ("v20.20.2", "20.20.2"),
            ("Docker version 28.2.2, build e6534b4", "28.2.2"),
            ("OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)", "3.0.19"),
            ("cc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright", "12.2.0-14+deb12u1"),
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"),
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", "7.0.15"),
            ("ShellCheck - shell script analysis tool\nversion: 0.9.0", "0.9.0"),
            ("docker-registry github.com/docker/distribution 2.8.2+debian", "2.8.2+debian"),
        ] {
            assert_eq!(version_in(answer), Some(version), "{answer}");
        }
        assert_eq!(version_in("no version at all. None"), None);
    }

    #[test]
    fn a_tool_knows_the_tasks_that_name_it() {
        let tasks = crate::check::task::all();
        let tool = |name| all().into_iter().find(|it| it.names[0] == name).unwrap();
        assert_eq!(tool("shellcheck").named_by(&tasks), ["shellcheck"], "inside `bash -c` too");
        assert!(tool("npm").named_by(&tasks).contains(&"jest"));
        assert!(tool("redis-server").named_by(&tasks).is_empty(), "only tests start it");
    }

    #[test]
    fn a_nix_that_cannot_read_the_pinned_packages_is_told_from_one_that_can() {
        assert!(is_too_old_for_the_shell("nix (Nix) 2.8.0"));
        assert!(!is_too_old_for_the_shell("nix (Nix) 2.18.1"));
        assert!(!is_too_old_for_the_shell("nix (Determinate Nix 3.6.1) 2.29.0"));
        assert!(!is_too_old_for_the_shell("what is this"));
    }

    #[test]
    fn versions_are_judged_by_number_not_by_letters() {
        let rust = up(&["cargo"], Wanted::AtLeast(&[1, 91]), "", "", "");
        assert_eq!(rust.judge(Some("cargo 1.100.0")), Verdict::Good("1.100.0".into()));
        assert_eq!(rust.judge(Some("cargo 1.90.1")), Verdict::Other("1.90.1".into()));
        assert_eq!(rust.judge(None), Verdict::Missing);
        let node = up(&["node"], Wanted::Series(&[20]), "", "", "");
        assert_eq!(node.judge(Some("v22.1.0")), Verdict::Other("22.1.0".into()));
    }
}
