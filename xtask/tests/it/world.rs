//! A repository of its own for one test: a tree, a cache, a state, nothing of the person's.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Mutex;
use xtask_core::image::lock::checksum;
use xtask_fakes::archive::FakeArchive;

/// What a definition ends with where a test is about its layers: the last one brings the accounts
/// of the user, and the program is one that is mounted when a container starts.
pub(crate) const END: &str = r#"
[layer.files]
"etc/passwd" = "nutri:x:65532:65532::/:"
"etc/group" = "nutri:x:65532:"

[config]
user = "65532:65532"
entrypoint = ["/run/program"]
working_directory = "/"

[budget]
unpacked_mb = 10
"#;

pub(crate) struct World {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
    /// Servers that end with the world.
    servers: Mutex<Vec<FakeArchive>>,
}

/// How a run ended and what it said.
#[derive(Debug)]
#[must_use]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The file that a failure named, from the root; its name is another each time.
    pub(crate) log: Option<String>,
}

/// The committed `deploy.toml` as it was before anybody named a key: a test that asks who signed
/// says so itself.
pub(crate) fn deploy() -> &'static str {
    let whole = include_str!("../../../deploy.toml");
    let (without, signing) = whole.split_once("\n# Whose signatures").expect("it names keys");
    assert!(signing.contains("[signing]") && !signing.contains("[environments"), "it stands last");
    without
}

impl World {
    /// A world whose `deploy.toml` is the committed one, but for its keys.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder, variables: Vec::new(), servers: Mutex::default() };
        world.write("deploy.toml", deploy());
        world.write("images/debian-scripts.toml", "[reviewed]\n");
        world
    }

    pub(crate) fn with(mut self, variable: &'static str, value: String) -> Self {
        self.variables.push((variable, value));
        self
    }

    /// On a machine whose engine does not run, as Docker's client says it.
    pub(crate) fn without_engine(self) -> Self {
        let words = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. \
                     Is the docker daemon running?";
        self.program("docker", &format!("#!/bin/sh\necho '{words}' >&2\nexit 1\n"))
    }

    /// With a program of its own, before those of the machine.
    pub(crate) fn program(self, name: &str, text: &str) -> Self {
        let bin = self.path("../bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join(name), text).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join(name), mode).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        self.with("PATH", path)
    }

    /// Makes the tree a repository of git.
    pub(crate) fn init(&self) {
        let git = Command::new("git").args(["init", "-q"]).current_dir(self.path("")).status();
        assert!(git.unwrap().success());
    }

    /// Commits all of the tree.
    pub(crate) fn commit(&self) {
        let who = ["-c", "user.name=t", "-c", "user.email=t@t"];
        for args in [vec!["add", "."], [&who[..], &["commit", "-qm", "one"]].concat()] {
            let git = Command::new("git").args(args).current_dir(self.path("")).status();
            assert!(git.unwrap().success());
        }
    }

    /// Keeps a server running as long as the world.
    pub(crate) fn keep(&self, server: FakeArchive) {
        self.servers.lock().unwrap().push(server);
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("tree").join(file)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Writes a file; a lock gets its checksum.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let with_checksum =
            if file.ends_with(".lock") { checksum::with_checksum(text) } else { text.to_owned() };
        std::fs::write(path, with_checksum).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, &[])
    }

    /// Runs with more variables than the world's own.
    pub(crate) fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(args);
        Run::of(command.envs(variables.iter().copied()).output().unwrap())
    }

    /// The layers of an image by platform, each a name and a digest.
    pub(crate) fn layers(&self, image: &str) -> Vec<Vec<(String, String)>> {
        let run = self.run(&["image", "inspect", image, "--json"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let answer: Value = serde_json::from_str(&run.stdout).unwrap();
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let layer = |it: &Value| (text(&it["name"]), text(&it["digest"]));
        let on = |it: &Value| it["layers"].as_array().unwrap().iter().map(layer).collect();
        answer["platforms"].as_array().unwrap().iter().map(on).collect()
    }

    /// The same, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(args).current_dir(self.path("")).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path().join("home")).env("XTASK_CACHE", self.cache());
        command.env("XTASK_STATE", self.folder.path().join("state"));
        // Nothing outside of this machine is asked by a test.
        command.env("XTASK_DEBIAN_SNAPSHOT", "none");
        let homes = [("RUSTUP_HOME", rustup_home()), ("CARGO_HOME", cargo_home())];
        command.envs(homes.into_iter().filter_map(|(name, home)| Some((name, home?))));
        // Where this program counts what tests cover, it counts in the place of all others.
        let counts = std::env::var_os("LLVM_PROFILE_FILE");
        command.envs(counts.map(|place| ("LLVM_PROFILE_FILE", place)));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Run {
    /// What a program that ended has said.
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stderr, log) = without_log(&text(output.stderr));
        Self { code: output.status.code(), stdout: text(output.stdout), stderr, log }
    }

    /// It ended with `code`; what it said.
    pub(crate) fn ends(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.stderr
    }
}

/// What was said, and the file that it named for more.
fn without_log(output: &str) -> (String, Option<String>) {
    let named = |line: &&str| line.starts_with("  log: `target/runs/");
    let log = output.lines().find(named).map(|line| line[8..].trim_matches('`').to_owned());
    let rest = output.split_inclusive('\n').filter(|line| !named(line));
    (rest.collect(), log)
}

/// Where the machine's Rust is: rustup's programs look for it in the home, and a world has its own.
pub(crate) fn rustup_home() -> Option<PathBuf> {
    home_of("RUSTUP_HOME", ".rustup")
}

/// Where the machine's cargo keeps what it downloaded.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    home_of("CARGO_HOME", ".cargo")
}

fn home_of(variable: &str, in_home: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).filter(|it| !it.is_empty()).map(PathBuf::from);
    folder.or_else(|| Some(std::env::home_dir()?.join(in_home)).filter(|it| it.is_dir()))
}
