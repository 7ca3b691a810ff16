//! The flake, with the real Nix and a stand-in for nixpkgs: every output evaluates for every system,
//! `nix develop` is entered by `./x`, and sources hold what cargo reads.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use xtask_core::check::tools;
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

const SYSTEMS: [&str; 3] = ["aarch64-darwin", "aarch64-linux", "x86_64-linux"];

/// No substitute is looked for and nobody else builds: all of it happens here, without a network.
const CONFIG: &str = "experimental-features = nix-command flakes\nbuild-users-group =\n\
                      sandbox = false\nsubstituters =\nwarn-dirty = false\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A repository whose lock leads to the stand-in, and a store for it alone.
struct Flake {
    folder: tempfile::TempDir,
}

impl Flake {
    fn open() -> Required<Self> {
        required_program("nix").map(|_nix| Self::new())
    }

    fn new() -> Self {
        let flake = Self { folder: tempfile::tempdir().unwrap() };
        let tree = flake.tree();
        std::fs::create_dir_all(&tree).unwrap();
        // What is tracked and was removed a moment ago is not there to be copied.
        let copy = format!(
            "git ls-files -z --cached --others --exclude-standard | \
             xargs -0 cp --parents --target-directory '{0}' || true; cd '{0}' && git init -q && git add .",
            tree.display()
        );
        let copied = Command::new("bash").args(["-c", &copy]).current_dir(root()).status().unwrap();
        assert!(copied.success());
        let stand_in = format!("path:{}", tree.join("xtask/tests/nix/nixpkgs").display());
        let locked = flake.nix(&["flake", "lock", "--override-input", "nixpkgs", &stand_in]);
        assert!(locked.status.success(), "{}", stderr_of(&locked));
        flake
    }

    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, folder) in [
            ("HOME", "home"),
            ("NIX_STORE_DIR", "store"),
            ("NIX_STATE_DIR", "state"),
            ("NIX_LOG_DIR", "log"),
            ("NIX_CONF_DIR", "conf"),
        ] {
            command.env(name, self.folder.path().join(folder));
        }
        command.env("NIX_CONFIG", CONFIG).env("NIX_REMOTE", "local").current_dir(self.tree());
        command.env_remove("NUTRI_IN_NIX").env_remove("NUTRI_NO_NIX");
        command
    }

    fn nix(&self, args: &[&str]) -> Output {
        self.command("nix").args(args).output().unwrap()
    }

    /// `output` as JSON, after the function `apply`.
    fn eval(&self, output: &str, apply: &str) -> Value {
        let output = format!(".#{output}");
        let evaluated = self.nix(&["eval", "--json", &output, "--apply", apply]);
        assert!(evaluated.status.success(), "{output}: {}", stderr_of(&evaluated));
        serde_json::from_slice(&evaluated.stdout).unwrap()
    }
}

impl Drop for Flake {
    /// Nobody may write in a store: its folders could not be removed.
    fn drop(&mut self) {
        let store = self.folder.path().join("store");
        let opened = Command::new("chmod").args(["-R", "u+w"]).arg(store).status();
        assert!(opened.is_ok_and(|it| it.success()) || std::thread::panicking());
    }
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_shell_brings_every_tool_that_doctor_wants() {
    let list = std::fs::read_to_string(root().join("nix/tools.nix")).unwrap();
    let brought: Vec<&str> = list.split("\n}:\n").nth(1).unwrap().split_whitespace().collect();
    let lacking = tools::all().into_iter().filter(|tool| !brought.contains(&tool.nix));
    let lacking: Vec<&str> = lacking.map(|tool| tool.nix).collect();
    assert!(lacking.is_empty(), "nix/tools.nix lacks {lacking:?}");
}

#[test]
fn the_lock_names_nixpkgs_by_commit_and_content() {
    let text = std::fs::read_to_string(root().join("flake.lock")).unwrap();
    let lock: Value = serde_json::from_str(&text).unwrap();
    let locked = &lock["nodes"]["nixpkgs"]["locked"];
    assert_eq!(lock["version"], 7);
    assert_eq!(locked["rev"].as_str().unwrap().len(), 40);
    assert!(locked["narHash"].as_str().unwrap().starts_with("sha256-"));
}

/// Every output is forced to its derivation, or to the program that it names.
#[test]
fn every_output_of_the_flake_evaluates_for_every_system() {
    let flake = required!(Flake::open());
    let checked = flake.nix(&["flake", "check", "--no-build"]);
    assert!(checked.status.success(), "{}", stderr_of(&checked));
    let force = "builtins.mapAttrs (_: of: of.drvPath or \
                 (builtins.mapAttrs (_: it: it.drvPath or it.program) of))";
    for output in ["packages", "apps", "checks", "devShells", "formatter"] {
        let found = flake.eval(output, force);
        let systems: Vec<&String> = found.as_object().unwrap().keys().collect();
        assert_eq!(systems, SYSTEMS, "{output}");
    }
}

#[test]
fn a_name_that_nixpkgs_does_not_have_is_found() {
    let flake = required!(Flake::open());
    let list = std::fs::read_to_string(flake.tree().join("nix/tools.nix")).unwrap();
    std::fs::write(
        flake.tree().join("nix/tools.nix"),
        list.replace("  uv\n", "  uvv\n").replace("  uv,\n", "  uvv,\n"),
    )
    .unwrap();
    let checked = flake.nix(&["flake", "check", "--no-build"]);
    assert!(
        !checked.status.success() && stderr_of(&checked).contains("'uvv'"),
        "{}",
        stderr_of(&checked)
    );
}

#[test]
fn every_app_runs_a_verb_that_there_is() {
    use clap::CommandFactory as _;
    let flake = required!(Flake::open());
    let verbs = xtask::flags::Flags::command();
    let apps: BTreeMap<String, String> = serde_json::from_value(
        flake.eval("apps.x86_64-linux", "builtins.mapAttrs (_: it: it.program)"),
    )
    .unwrap();
    assert!(["up", "ci", "doctor"].iter().all(|verb| apps.contains_key(*verb)), "{apps:?}");
    let unknown = apps.keys().filter(|app| verbs.find_subcommand(app).is_none());
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Node.js 20 alone may be marked as insecure; what else is marked is refused.
#[test]
fn an_insecure_package_is_let_through_by_name_and_version_only() {
    let flake = required!(Flake::open());
    let packages = flake.tree().join("xtask/tests/nix/nixpkgs/packages.nix");
    let text = std::fs::read_to_string(&packages).unwrap();
    std::fs::write(&packages, text.replace("20.20.2", "22.22.2")).unwrap();
    let stand_in = format!("path:{}", flake.tree().join("xtask/tests/nix/nixpkgs").display());
    let locked = flake.nix(&["flake", "lock", "--override-input", "nixpkgs", &stand_in]);
    assert!(locked.status.success(), "{}", stderr_of(&locked));
    let checked = flake.nix(&["flake", "check", "--no-build"]);
    let said = stderr_of(&checked);
    assert!(!checked.status.success() && said.contains("marked as insecure"), "{said}");
}

#[test]
fn a_flake_of_others_gets_the_program_by_the_overlay() {
    let flake = required!(Flake::open());
    let names = flake.eval("overlays.default", "it: builtins.attrNames (it {} {})");
    assert_eq!(names, serde_json::json!(["nutri-xtask"]));
    // Its file is read, too: names alone would be told of a path that leads nowhere.
    let read =
        "it: (it { callPackage = path: _: builtins.isFunction (import path); } {}).nutri-xtask";
    assert_eq!(flake.eval("overlays.default", read), serde_json::json!(true));
}

/// A program of its own under the name of `real`, before all others on the `PATH`.
fn program(folder: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), script).unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.join(name), mode).unwrap();
}

/// In the place of `cargo run`: the program is built already. All else is the real cargo.
const CARGO: &str = "#!/bin/bash\nset -eu\nif [ \"$1\" = xtask ]; then\n  shift\n  \
     env >\"$SEEN\"\n  exec \"$XTASK\" \"$@\"\nfi\nexec \"$CARGO\" \"$@\"\n";

/// Debian's Nix reads the stand-in, and not nixpkgs: to `x`, it is as new as nixpkgs wants.
const NEW_NIX: &str = "#!/bin/bash\nif [ \"$1 $2\" = 'eval --raw' ]; then echo good; else \
     exec \"$NIX\" \"$@\"; fi\n";

/// In the place of a Nix that has flakes and is older than the pinned packages want.
const OLD_NIX: &str =
    "#!/bin/bash\nif [ \"$1 $2\" = 'eval --raw' ]; then echo old; else exit 1; fi\n";

#[test]
fn what_x_asks_of_nix_is_answered_by_a_real_one() {
    let flake = required!(Flake::open());
    let x = std::fs::read_to_string(flake.tree().join("x")).unwrap();
    let asked = x.lines().find_map(|line| line.strip_prefix("nix_is='")).unwrap();
    let asked = asked.trim_end_matches('\'');
    let floor: Vec<String> = tools::NIX_FLOOR.iter().map(u32::to_string).collect();
    assert!(asked.contains(&format!("\"{}\"", floor.join("."))), "{asked}");
    let version = String::from_utf8(flake.nix(&["--version"]).stdout).unwrap();
    let wanted = if tools::is_too_old_for_the_shell(&version) { "old" } else { "good" };
    let answer = flake.nix(&["eval", "--raw", "--expr", asked]);
    assert_eq!(String::from_utf8_lossy(&answer.stdout), wanted, "{}", stderr_of(&answer));
}

#[test]
fn x_says_that_nix_is_too_old_and_goes_on_without_it() {
    let flake = required!(Flake::open());
    let (bin, seen) = (flake.folder.path().join("bin"), flake.folder.path().join("seen"));
    program(&bin, "cargo", CARGO);
    program(&bin, "nix", OLD_NIX);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let x = |without: &str| {
        let mut x = flake.command(flake.tree().join("x"));
        x.arg("doctor").env("PATH", &path).env("SEEN", &seen);
        x.env("CARGO", std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
        // The program is built already.
        let target = Path::new(env!("CARGO_BIN_EXE_xtask")).ancestors().nth(2).unwrap();
        x.env("CARGO_TARGET_DIR", target);
        x.env("XTASK", env!("CARGO_BIN_EXE_xtask")).env("NUTRI_NO_NIX", without).output().unwrap()
    };
    let wanted = "this Nix is older than 2.18 and cannot read the pinned packages: going on";
    assert!(stderr_of(&x("")).contains(wanted));
    assert!(!stderr_of(&x("1")).contains(wanted));
}

/// `./x` finds Nix by itself, enters the shell, and `doctor` runs inside it.
#[test]
fn x_enters_the_shell_in_which_every_tool_and_variable_is() {
    let flake = required!(Flake::open());
    let real = required!(required_program("nix"));
    let (bin, seen) = (flake.folder.path().join("bin"), flake.folder.path().join("seen"));
    program(&bin, "cargo", CARGO);
    program(&bin, "nix", NEW_NIX);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut x = flake.command(flake.tree().join("x"));
    x.args(["doctor", "--json"]).env("PATH", path).env("SEEN", &seen).env("NIX", real);
    x.env("CARGO", std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    let output = x.env("XTASK", env!("CARGO_BIN_EXE_xtask")).output().unwrap();
    let doctor: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr_of(&output)));
    assert_eq!(doctor["nix_shell"], true);
    // Whether the machine behind the empty packages is ready is not the shell's matter.
    assert!([Some(0), Some(3)].contains(&output.status.code()), "{}", stderr_of(&output));

    let seen = std::fs::read_to_string(seen).unwrap();
    let value = |name: &str| {
        let found = seen.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("{name} is not set"))
    };
    assert_eq!((value("NUTRI_IN_NIX"), value("UV_PYTHON_DOWNLOADS")), ("1", "never"));
    assert!(value("LD_LIBRARY_PATH").contains("-gcc-libraries/lib:"), "wheels find libstdc++");
    assert!(value("RUST_SRC_PATH").ends_with("-rust-lib-src"));
    let packages = value("PATH").split(':').take_while(|it| it.contains("/store/"));
    let packages: Vec<&str> = packages.map(|it| it.strip_suffix("/bin").unwrap()).collect();
    for tool in tools::all() {
        let name = format!("-{}", tool.nix);
        assert!(packages.iter().any(|it| it.ends_with(&name)), "{name} is not in {packages:?}");
    }
}

/// What `include_str!` and its like name would be missed only by a real build.
#[test]
fn the_source_of_the_package_holds_what_its_crates_have_compiled_in() {
    let flake = required!(Flake::open());
    let source = flake.eval("packages.x86_64-linux.xtask.src", "toString");
    let source = Path::new(source.as_str().unwrap());
    for service in ["backend", "ml-service"] {
        let folder = std::fs::read_dir(source.join("services").join(service)).unwrap();
        assert_eq!(
            folder.count(),
            1,
            "what `docs` makes the page of settings of, and nothing else"
        );
    }
    let pages = std::fs::read_dir(source.join("docs")).unwrap().count();
    assert_eq!(pages, 1, "the one page that `explain` prints of");
    let mut included = 0;
    let crates = ["core", "fakes", "http", "image", "providers", "registry"];
    let crates = crates.map(|it| format!("xtask/{it}/src"));
    for crate_ in crates.iter().map(String::as_str).chain(["xtask/src"]) {
        for file in rust_files(&source.join(crate_)) {
            let text = std::fs::read_to_string(&file).unwrap();
            for named in text.split("include_").skip(1).filter_map(|it| it.split('"').nth(1)) {
                if text.contains(&format!("!(\"{named}\")")) {
                    let path = file.parent().unwrap().join(named);
                    assert!(path.exists(), "{} has {named} compiled in", file.display());
                    included += 1;
                }
            }
        }
    }
    assert!(included > 5, "only {included} were found");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|it| it.is_dir());
    let here = files.into_iter().filter(|it| it.extension().is_some_and(|it| it == "rs"));
    here.chain(folders.iter().flat_map(|it| rust_files(it))).collect()
}
