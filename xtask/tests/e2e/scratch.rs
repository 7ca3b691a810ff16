//! A copy of the repository with a project, ports and state of its own, gone when dropped.

use serde_json::Value;
use std::cell::Cell;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    pub(crate) project: String,
    /// Registry, Postgres, Redis, proxy.
    pub(crate) ports: [u16; 4],
    /// Whether a rollout is verified for two seconds, and not for as long as one of people.
    briefly: Cell<bool>,
}

/// How a run of xtask ended.
#[must_use]
pub(crate) struct Run {
    what: String,
    pub(crate) code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("nutri-e2e").tempdir().unwrap();
        let project = format!("e2e-{}", std::process::id());
        let scratch = Self { folder, project, ports: free_ports(), briefly: Cell::new(false) };
        scratch.copy_tree();
        scratch.edit_settings();
        for args in [
            &["init", "--quiet"][..],
            &["add", "--all"],
            &[
                "-c",
                "user.name=e2e",
                "-c",
                "user.email=e2e@localhost",
                "commit",
                "--quiet",
                "-m",
                "e2e",
            ],
        ] {
            assert!(scratch.command("git", args).status().unwrap().success(), "git {args:?}");
        }
        scratch
    }

    /// What is tracked, as it is in the working tree.
    fn copy_tree(&self) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let listed =
            Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().unwrap();
        for file in
            String::from_utf8(listed.stdout).unwrap().split('\0').filter(|it| !it.is_empty())
        {
            let target = self.path(file);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(root.join(file), target).unwrap();
        }
    }

    fn edit_settings(&self) {
        let [registry, postgres, redis, proxy] = self.ports.map(|port| port.to_string());
        let text = self
            .read("deploy.toml")
            .replace("project = \"nutri\"", &format!("project = \"{}\"", self.project))
            .replace("127.0.0.1:5510/nutri", &format!("127.0.0.1:{registry}/{}", self.project))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{proxy}"))
            .replace("port = 5511", &format!("port = {postgres}"))
            .replace("port = 5512", &format!("port = {redis}"))
            .replace("port = 5510", &format!("port = {registry}"))
            .replace("port = 8080", &format!("port = {proxy}"))
            // A release that never becomes ready is waited for; ten seconds are enough here.
            .replace("start_seconds = 30", "start_seconds = 15");
        self.write("deploy.toml", &text);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[3])
    }

    pub(crate) fn label(&self) -> String {
        format!("label=nutri.project={}", self.project)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("tree").join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        std::fs::write(self.path(file), text).unwrap();
    }

    pub(crate) fn append(&self, file: &str, text: &str) {
        self.write(file, &(self.read(file) + text));
    }

    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.path(file)).unwrap();
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        let state = self.folder.path().join("state");
        command.args(args).current_dir(self.path("")).env("XTASK_STATE", state);
        // What cargo builds from the copy shares the dependencies that are built already.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        command.env("CARGO_TARGET_DIR", target.unwrap_or_else(|| root.join("target")));
        if self.briefly.get() {
            command.env("XTASK_TESTS_VERIFY_MS", "2000");
        }
        command
    }

    /// From here on what was shown once at its full length is not waited for again.
    pub(crate) fn verifies_briefly(&self) {
        self.briefly.set(true);
    }

    /// Starts xtask and lets it run.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_xtask"), args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs xtask until it is killed at this point.
    pub(crate) fn killed(&self, args: &[&str], point: &str) {
        let mut command = self.command(env!("CARGO_BIN_EXE_xtask"), args);
        let output = command.env("XTASK_TESTS_KILL_AT", point).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), None, "not killed at {point}: {said}");
    }

    /// Runs xtask to its end.
    pub(crate) fn xtask(&self, args: &[&str]) -> Run {
        let what = format!("xtask {}", args.join(" "));
        Run::of(what, &mut self.command(env!("CARGO_BIN_EXE_xtask"), args))
    }

    /// A line in the shell of a reader, for whom `./x` and `cargo xtask` are the program under test.
    pub(crate) fn types(&self, line: &str) -> Run {
        let bin = self.folder.path().join("typed");
        std::fs::create_dir_all(&bin).unwrap();
        let program = env!("CARGO_BIN_EXE_xtask");
        for (name, shifted) in [("cargo", "shift\n"), ("x", "")] {
            let text = format!("#!/bin/sh\n{shifted}exec '{program}' \"$@\"\n");
            std::fs::write(bin.join(name), text).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(bin.join(name), mode).unwrap();
        }
        let words = line.replace("./x ", &format!("{}/x ", bin.display()));
        let mut command = self.command("bash", &["-eu", "-o", "pipefail", "-c", &words]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", bin.display()));
        Run::of(line.to_owned(), &mut command)
    }

    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let output = Command::new("docker").args(args).output().unwrap();
        assert!(
            output.status.success(),
            "docker {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub(crate) fn containers_of(&self, service: &str) -> Vec<String> {
        let service = format!("label=nutri.service={service}");
        let label = self.label();
        let args =
            ["ps", "--all", "--filter", &label, "--filter", &service, "--format", "{{.Names}}"];
        self.docker(&args).lines().map(ToOwned::to_owned).collect()
    }

    /// Waits for a condition, at most two minutes.
    pub(crate) fn until(&self, condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < Duration::from_secs(120), "the condition never came true");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Rolls out the tree as it is; gives the release.
    pub(crate) fn rolls_out(&self) -> Value {
        let run = self.xtask(&["up", "--json"]);
        assert!(!run.says("was not as it was installed"), "an edit installs nothing anew");
        let answer = run.succeeds();
        assert_eq!(answer["changed"], true, "{answer}");
        assert_eq!(answer["probe"]["lost"], 0, "{answer}");
        self.serves(answer["release"]["version"].as_str().unwrap());
        answer["release"].clone()
    }

    /// Asserts that this release serves, all of it healthy, and that the public URL answers as the
    /// release that rolled the backend out last.
    pub(crate) fn serves(&self, release: &str) {
        let status = self.xtask(&["status", "--json"]).succeeds();
        assert_eq!((&status["release"], &status["healthy"]), (&release.into(), &true.into()));
        let backend = status["lines"].as_array().unwrap().iter().find(|it| it["name"] == "backend");
        let answer = crate::web::get(&format!("{}/api/health", self.url())).unwrap();
        let health: Value = serde_json::from_str(&answer).unwrap();
        let told = (&health["version"], &health["status"]);
        assert_eq!(told, (&backend.unwrap()["release"], &"healthy".into()), "{health}");
    }

    /// Changes what both services are granted, so that both move; no image changes.
    pub(crate) fn grants_more(&self) {
        let more = |line: &str| match line.strip_prefix("memory_mb = ") {
            Some(megabytes) => format!("memory_mb = {}", megabytes.parse::<u32>().unwrap() + 1),
            None => line.to_owned(),
        };
        let text = self.read("deploy.toml");
        self.write("deploy.toml", &text.lines().map(|it| more(it) + "\n").collect::<String>());
    }
}

impl Drop for Scratch {
    /// A test that ended early leaves containers; nobody else will remove them.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _best_effort = self.xtask(&["down", "--erase", "--yes"]);
        }
    }
}

impl Run {
    /// Runs `command` to its end, which is called `what`.
    fn of(what: String, command: &mut Command) -> Self {
        let began = Instant::now();
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        println!("$ {what} ({:.1} s)\n{stderr}", began.elapsed().as_secs_f64());
        Self { what, code: output.status.code(), stdout, stderr }
    }

    /// It ended well; what it printed.
    pub(crate) fn stdout(self) -> String {
        self.check(0);
        self.stdout
    }

    pub(crate) fn ends(self, code: i32) {
        self.check(code);
    }

    fn check(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}\n{}\n{}", self.what, self.stdout, self.stderr);
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.stderr.contains(words)
    }

    /// It ended well; its JSON.
    pub(crate) fn succeeds(self) -> Value {
        self.answers(0)
    }

    /// It ended with that code; its JSON.
    pub(crate) fn answers(self, code: i32) -> Value {
        self.check(code);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Its JSON, however it ended.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// It ended with that code; what it said.
    pub(crate) fn fails(self, code: i32) -> String {
        self.check(code);
        self.stderr
    }
}

/// Ports that nobody has at the moment; all are held until all are found.
fn free_ports() -> [u16; 4] {
    let listeners = [(); 4].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.each_ref().map(|listener| listener.local_addr().unwrap().port())
}
