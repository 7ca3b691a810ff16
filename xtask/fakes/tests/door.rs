//! The doubles as programs of their own.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A double, and its card.
struct Running {
    child: Child,
    card: Value,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fakes"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program was built");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output is a pipe");
        BufReader::new(out).read_line(&mut line).expect("it prints a line");
        Self { child, card: serde_json::from_str(&line).expect("the line is JSON") }
    }

    fn get(&self, path: &str, token: &str) -> String {
        let host = self.card["url"].as_str().expect("an address").replace("http://", "");
        let mut stream = TcpStream::connect(&host).expect("it listens");
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("a request goes out");
        stream.shutdown(std::net::Shutdown::Write).expect("nothing follows");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child of ours") {
                return status;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        self.child.kill().unwrap_or_default();
    }
}

#[test]
fn a_coolify_alone_serves_until_its_input_is_closed() {
    let mut running = Running::start(&["coolify", "--version", "4.6.0", "--scale", "0"]);
    let token = running.card["tokens"]["read"].as_str().expect("a token").to_owned();
    let answer = running.get("/api/v1/version", &token);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("4.6.0"), "{answer}");
    for label in ["root", "read", "read:sensitive", "write", "deploy", "ci"] {
        assert!(running.card["tokens"][label].is_string(), "{label}");
    }
    assert!(running.card["proxy"].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:")));
    drop(running.child.stdin.take());
    assert!(running.ended().success());
}

#[test]
fn a_double_ends_when_it_is_told_to() {
    let mut running = Running::start(&["coolify", "--scale", "0"]);
    let pid = i32::try_from(running.child.id()).expect("a process number");
    let pid = rustix::process::Pid::from_raw(pid).expect("no zero");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert!(running.ended().success());
}

#[test]
fn every_double_has_the_same_door() {
    for name in ["archive", "discord", "github", "hetzner", "registry", "sentry", "slack"] {
        let mut running = Running::start(&[name]);
        assert!(
            running.card["url"].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:"))
        );
        assert!(running.card["tokens"].is_object(), "{name}");
        drop(running.child.stdin.take());
        assert!(running.ended().success(), "{name}");
    }
}

#[test]
fn a_wish_that_is_unknown_is_refused() {
    for (arguments, said) in [
        (
            &["coolfy"][..],
            "unknown double `coolfy`; known: archive, coolify, discord, github, hetzner, registry, sentry, slack",
        ),
        (&["coolify", "--version", "5.0"][..], "`5.0` is no value for `--version`"),
        (&["coolify", "--verison"][..], "`--verison` is unknown or wants a value"),
        (&["registry", "--docker"][..], "`registry` takes no arguments"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fakes"));
        let output = command.args(arguments).output().expect("the program was built");
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.starts_with(&format!("error: {said}\nusage: ")), "{errors}");
    }
}
