//! `x` and `scripts/bootstrap.sh`, on machines that lack things: a `PATH` of our own making.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What scripts use of any system.
const BASICS: [&str; 9] =
    ["bash", "cat", "dirname", "env", "grep", "head", "id", "readlink", "sha256sum"];

/// A machine that has the basics, and what a test adds.
struct Machine {
    folder: TempDir,
}

/// How a script ended, and what it said.
#[derive(Debug, PartialEq)]
struct Ended {
    code: Option<i32>,
    output: String,
    gave: String,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        for name in BASICS {
            let found = ["/usr/bin", "/bin"].map(|it| Path::new(it).join(name));
            let found = found.iter().find(|it| it.exists()).expect("every system has the basics");
            symlink(found, folder.path().join("bin").join(name)).unwrap();
        }
        Self { folder }
    }

    /// A program that prints `says` and its arguments.
    fn with(self, program: &str, says: &str) -> Self {
        let path = self.folder.path().join("bin").join(program);
        std::fs::write(&path, format!("#!/usr/bin/env bash\necho \"{says}\"\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A program that does this.
    fn with_script(self, program: &str, script: &str) -> Self {
        let machine = self.with(program, "");
        let path = machine.folder.path().join("bin").join(program);
        std::fs::write(path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
        machine
    }

    fn run(&self, script: &Path, args: &[&str], env: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(script);
        command.args(args).env_clear().env("PATH", self.folder.path().join("bin"));
        command.env("HOME", self.folder.path()).envs(env.iter().copied());
        let output = command.current_dir(root()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), output: text(output.stderr), gave: text(output.stdout) }
    }

    fn bootstrap(&self, args: &[&str], env: &[(&str, &str)]) -> Ended {
        self.run(&root().join("scripts/bootstrap.sh"), args, env)
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn silently_done() -> Ended {
    Ended { code: Some(0), output: String::new(), gave: String::new() }
}

#[test]
fn what_fails_outside_ends_with_5_and_says_so() {
    let machine = Machine::new();
    let outside = root().join("scripts/bootstrap/outside.sh");
    let ended = machine.run(&outside, &["bash", "-c", "echo no route >&2; exit 100"], &[]);
    assert_eq!(ended.code, Some(5));
    assert!(ended.output.starts_with("no route\nerror: failed to run `bash -c "), "{ended:?}");
    assert_eq!(machine.run(&outside, &["bash", "-c", "exit 0"], &[]), silently_done());
}

#[test]
fn missing_and_old_languages_are_said_together() {
    let machine = Machine::new().with("node", "v18.19.0").with("cargo", "cargo 1.85.0 (x)");
    let ended =
        machine.run(&root().join("scripts/bootstrap/languages.sh"), &["rust", "node", "npm"], &[]);
    assert_eq!(ended.code, Some(4));
    insta::assert_snapshot!(ended.output, @"
    error: cannot start: a language is missing or has another version
      - Rust: wanted 1.91 or newer, found cargo 1.85.0 (x); get it from rustup.rs
      - Node.js: wanted 20.19 or a newer 20, found v18.19.0; get it from NodeSource
      - npm: wanted any, found none; it comes with Node.js
      hint: install what is listed, or install Nix with flakes, which then brings every tool
    ");
}

#[test]
fn rust_from_1_91_on_will_do() {
    for (version, code) in
        [("1.90.0", 4), ("1.91.0", 0), ("1.99.1", 0), ("1.100.0", 0), ("2.0.0", 0)]
    {
        let machine = Machine::new().with("cargo", &format!("cargo {version} (x)")).with("cc", "");
        assert_eq!(machine.bootstrap(&["doctor"], &[]).code, Some(code), "{version}");
    }
}

#[test]
fn doctor_needs_what_builds_it_only_so_that_it_can_tell_the_rest() {
    let machine = Machine::new().with("cargo", "cargo 1.95.0 (x)");
    let ended = machine.bootstrap(&["doctor"], &[]);
    assert_eq!(ended.code, Some(4), "nothing is compiled that cannot be linked: {ended:?}");
    assert!(ended.output.contains("- a C compiler: wanted any, found none; it links"), "{ended:?}");
    let machine = machine.with("cc", "");
    assert_eq!(machine.bootstrap(&["--json", "doctor"], &[]), silently_done());
    assert_eq!(machine.bootstrap(&["up"], &[]).code, Some(4));
}

#[test]
fn what_only_looks_installs_nothing() {
    let machine = Machine::new().with("cargo", "cargo 1.95.0 (x)").with("cc", "");
    for words in [
        "ci --list",
        "ci --explain jest",
        "ci --explain=jest",
        "ship production --help",
        "-v status local",
        "audit list production",
        "rollback-targets production",
        "logs backend",
        "explain E-usage",
        "completions bash",
        "",
    ] {
        let words: Vec<&str> = words.split_whitespace().collect();
        assert_eq!(machine.bootstrap(&words, &[]), silently_done(), "{words:?}");
    }
    for words in ["ci", "ci --only jest", "up", "rollout production r1 --explain"] {
        let words: Vec<&str> = words.split_whitespace().collect();
        assert_eq!(machine.bootstrap(&words, &[]).code, Some(4), "{words:?}");
    }
}

#[test]
fn who_else_reads_the_lists_of_packages_is_waited_for() {
    let apt = r#"
[ -e $HOME/again ] && exit 0
echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)" >&2
: > $HOME/again
exit 100"#;
    let machine = Machine::new().with("sleep", "").with_script("apt-get", apt);
    let lists = root().join("scripts/bootstrap/lists.sh");
    let ended = machine.run(&lists, &[], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.output, "another apt is at work: waiting for it\n");
    let broken = Machine::new().with_script("apt-get", "echo 'E: no route' >&2; exit 100");
    let ended = broken.run(&lists, &[], &[]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.output.starts_with("E: no route\nerror: failed to run `apt-get"), "{ended:?}");
}

#[test]
fn each_system_is_told_how_it_gets_python() {
    let machine = Machine::new();
    let how = root().join("scripts/bootstrap/how-python.sh");
    let file = machine.folder.path().join("os-release");
    for (system, wanted) in [
        ("ID=debian\nVERSION_ID=\"12\"\n", "`apt-get install python3.11`"),
        ("ID=debian\nVERSION_ID=\"13\"\n", "`uv python install 3.11`, or pyenv"),
        ("ID=ubuntu\nVERSION_ID=\"24.04\"\n", "python3.11 of the PPA deadsnakes"),
        ("ID=nixos\n", "`uv python install 3.11`, or pyenv"),
    ] {
        std::fs::write(&file, system).unwrap();
        let ended = machine.run(&how, &[file.to_str().unwrap()], &[]);
        assert!(ended.gave.trim().ends_with(wanted), "{system}: {ended:?}");
    }
}

#[test]
fn in_a_nix_shell_nothing_is_looked_for() {
    assert_eq!(Machine::new().bootstrap(&["ci"], &[("NUTRI_IN_NIX", "1")]), silently_done());
}

#[test]
fn on_an_unknown_system_what_is_wanted_is_listed_and_nothing_installed() {
    let machine = Machine::new();
    let ended = machine.run(&root().join("scripts/bootstrap/packages.sh"), &["up"], &[]);
    assert_eq!(ended.code, Some(4));
    let first = "error: cannot install what is missing: this system is neither Debian nor Ubuntu\n";
    assert!(ended.output.starts_with(first), "{}", ended.output);
    assert!(ended.output.contains("\n  git: says which commit is shipped\n"), "{}", ended.output);
    assert!(!ended.output.contains("skopeo"), "only tests need it: {}", ended.output);
}

#[test]
fn x_works_from_anywhere_through_a_link_and_with_spaces_in_its_path() {
    let machine = Machine::new().with("cargo", "in $PWD: $*");
    let tree = machine.folder.path().canonicalize().unwrap().join("a b");
    std::fs::create_dir_all(tree.join("scripts")).unwrap();
    std::fs::copy(root().join("x"), tree.join("x")).unwrap();
    symlink(machine.folder.path().join("bin/env"), tree.join("scripts/bootstrap.sh")).unwrap();
    symlink(tree.join("x"), machine.folder.path().join("link")).unwrap();
    let ended = machine.run(&machine.folder.path().join("link"), &[], &[("NUTRI_NO_NIX", "1")]);
    assert_eq!(ended.output, "");
    assert!(ended.gave.ends_with(&format!("in {}: xtask --help\n", tree.display())), "{ended:?}");
}
