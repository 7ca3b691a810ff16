//! Ctrl-C, SIGTERM and SIGHUP while a `docker` of our own does not answer: how the program ends,
//! and that it leaves nothing behind.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;
use xtask::edge::{clock, lease};

/// Answers but for the question that the file `hangs` names: then it writes down its own number
/// and a child's, and waits for the file `go`.
const DOCKER: &str = r#"#!/bin/sh
here=$(dirname "$0")/../engine
case "$1" in
  version) echo 20.10.24 ;;
  ps) [ -e "$here/empty" ] || echo 0123 ;;
  inspect) cat "$here/container" ;;
esac
if [ "$1" = "$(cat "$here/hangs")" ]; then
  [ ! -e "$here/stubborn" ] || trap '' TERM
  sh -c 'echo $$ > "$0/grandchild"; while :; do sleep 0.05; done' "$here" &
  echo $$ > "$here/child"
  until [ -e "$here/go" ]; do sleep 0.05; done
  kill -s KILL $!
fi
"#;

const CONTAINER: &str = r#"[{"Name":"/nutri-redis","Created":"","Image":"sha256:0",
    "State":{"Running":true,"ExitCode":0,"StartedAt":""},"NetworkSettings":{"Ports":{}},
    "Config":{"Labels":{"nutri.project":"nutri","nutri.environment":"local"}}}]"#;

struct Engine {
    world: World,
}

/// The program, while it runs.
struct Started {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Engine {
    fn that_hangs_at(question: &str) -> Self {
        let world = World::new();
        let (bin, engine) = (world.path("../bin"), world.path("../engine"));
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(&engine).unwrap();
        std::fs::write(bin.join("docker"), DOCKER).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join("docker"), mode).unwrap();
        std::fs::write(engine.join("hangs"), question).unwrap();
        std::fs::write(engine.join("container"), CONTAINER).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        Self { world: world.with("PATH", path) }
    }

    fn put(&self, file: &str) {
        std::fs::write(self.world.path("../engine").join(file), "").unwrap();
    }

    /// Starts `down`, which takes the lease, and waits until Docker hangs.
    fn down(&self, variables: &[(&str, &str)]) -> Started {
        let mut command = self.world.command(&["down", "--json"]);
        let stdout = std::fs::File::create(self.world.path("stdout")).unwrap();
        command.envs(variables.iter().copied()).stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        self.number("grandchild");
        self.number("child");
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Started { child, stderr }
    }

    /// A number that the stub wrote down, once it is whole.
    fn number(&self, file: &str) -> String {
        let path = self.world.path("../engine").join(file);
        soon(|| {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            text.strip_suffix('\n').map(ToOwned::to_owned)
        })
    }

    /// What is on stdout is one document, and the log tells the same end.
    fn tells(&self, exit: i32, line: &str) {
        let read = |file: &Path| std::fs::read_to_string(file).unwrap();
        let document: Value = serde_json::from_str(&read(&self.world.path("stdout"))).unwrap();
        assert_eq!((&document["exit"], &document["error"]), (&exit.into(), &line.into()));
        let logs = std::fs::read_dir(self.world.path("target/runs")).unwrap();
        let log = read(&logs.last().unwrap().unwrap().path());
        let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        let fields = &last["fields"];
        assert_eq!((&fields["message"], &fields["exit"]), (&"ends".into(), &exit.into()));
        assert_eq!(fields["error"], line);
    }

    /// Nothing that was started runs, and the environment is free.
    fn is_left_alone(&self) {
        for file in ["child", "grandchild"] {
            let number = self.number(file);
            soon(|| (!runs(&number)).then_some(()));
        }
        assert!(!lease::is_held(&self.world.path("../state/nutri/local")).unwrap());
    }
}

impl Started {
    fn send(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// How it ended, and what it said to the end.
    fn end(mut self) -> (Option<i32>, String) {
        let mut output = String::new();
        self.stderr.read_to_string(&mut output).unwrap();
        (self.child.wait().unwrap().code(), output)
    }
}

#[track_caller]
fn soon<T>(condition: impl Fn() -> Option<T>) -> T {
    let (limit, every) = (Duration::from_secs(60), Duration::from_millis(5));
    clock::wait_for(limit, every, || condition().ok_or(())).expect("it should have come by now")
}

/// Whether the process is there; one that ended and was not waited for is not.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[test]
fn each_signal_ends_what_hangs_and_leaves_nothing() {
    for (signal, code, name) in
        [(Signal::INT, 130, "Ctrl-C"), (Signal::TERM, 143, "SIGTERM"), (Signal::HUP, 129, "SIGHUP")]
    {
        let engine = Engine::that_hangs_at("ps");
        let started = engine.down(&[]);
        assert!(lease::is_held(&engine.world.path("../state/nutri/local")).unwrap());
        started.send(signal);
        let (ended, output) = started.end();
        assert_eq!(ended, Some(code), "{output}");
        assert!(output.contains(&format!("error: ended by {name}\n")), "{output}");
        assert!(
            output.contains("hint: the same command goes on where this run stopped"),
            "{output}"
        );
        assert!(output.contains("code: E-signalled\n"), "{output}");
        engine.tells(code, &format!("ended by {name}"));
        engine.is_left_alone();
    }
}

#[test]
fn a_command_that_never_ends_is_ended_at_its_limit_and_the_environment_is_free() {
    let engine = Engine::that_hangs_at("ps");
    engine.put("stubborn");
    let (ended, output) = engine.down(&[("XTASK_COMMAND_LIMIT", "2")]).end();
    assert_eq!(ended, Some(5), "{output}");
    assert!(output.contains("it did not end within 2 s, and was ended with all that"), "{output}");
    assert!(output.contains("code: E-time-limit\n"), "{output}");
    engine.is_left_alone();
}

#[test]
fn an_engine_that_never_answers_is_not_a_docker_that_is_missing() {
    let engine = Engine::that_hangs_at("version");
    let (ended, output) = engine.down(&[("XTASK_COMMAND_LIMIT", "2")]).end();
    assert_eq!(ended, Some(5), "{output}");
    assert!(output.starts_with("error: failed to run `docker version"), "{output}");
    assert!(output.contains("code: E-time-limit\n"), "{output}");
    engine.is_left_alone();
}

#[test]
fn the_first_signal_lets_a_change_finish_and_nothing_else_begins() {
    let engine = Engine::that_hangs_at("stop");
    let mut started = engine.down(&[]);
    started.send(Signal::INT);
    let line = started.line();
    assert_eq!(line, "Ctrl-C: this run ends after this step; once more ends it at once\n");
    assert!(runs(&engine.number("child")));
    engine.put("go");
    let (ended, output) = started.end();
    assert_eq!(ended, Some(130), "{output}");
    engine.is_left_alone();
}

#[test]
fn the_second_signal_ends_at_once_what_the_first_would_wait_for() {
    let engine = Engine::that_hangs_at("stop");
    engine.put("stubborn");
    let mut started = engine.down(&[]);
    started.send(Signal::INT);
    started.line();
    assert!(runs(&engine.number("child")));
    started.send(Signal::TERM);
    let (ended, output) = started.end();
    assert_eq!(ended, Some(143), "{output}");
    assert!(output.starts_with("error: ended by SIGTERM\n"), "{output}");
    engine.tells(143, "ended by SIGTERM");
    engine.is_left_alone();
}

#[test]
fn a_signal_that_was_switched_off_stays_off() {
    let engine = Engine::that_hangs_at("ps");
    let mut command = std::process::Command::new("nohup");
    let ours = engine.world.command(&["down"]);
    command.arg(ours.get_program()).args(ours.get_args()).env_clear();
    command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(engine.world.path("")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    engine.number("grandchild");
    engine.number("child");
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut started = Started { child, stderr };
    started.send(Signal::HUP);
    started.send(Signal::TERM);
    let output = started.line();
    assert!(output.starts_with("SIGTERM: "), "{output}");
    assert_eq!(started.end().0, Some(143));
    engine.is_left_alone();
}
