//! The log of each run: who may read it, how many are kept, and what is never in one.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

fn logs(world: &World) -> Vec<(String, String)> {
    let mut logs: Vec<_> = std::fs::read_dir(world.path("target/runs")).unwrap().collect();
    logs.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        (
            path.file_name().unwrap().to_str().unwrap().to_owned(),
            std::fs::read_to_string(path).unwrap(),
        )
    };
    logs.into_iter().map(read).collect()
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn program(world: &World, name: &str, script: &str) {
    let file = format!("bin/{name}");
    world.write(&file, &format!("#!/bin/sh\n{script}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(&file), mode).unwrap();
}

/// A world with programs of its own before those of the machine.
fn world_of(programs: &[(&str, &str)]) -> World {
    let world = World::new();
    programs.iter().for_each(|(name, script)| program(&world, name, script));
    let own = world.path("bin").display().to_string();
    world.with("PATH", format!("{own}:{}", std::env::var("PATH").unwrap()))
}

#[test]
fn the_newest_twenty_are_kept_and_each_tells_how_its_run_ended() {
    let world = World::new();
    for _ in 0..25 {
        assert_eq!(world.run(&["image", "list"]).code, Some(0));
    }
    let logs = logs(&world);
    assert_eq!(logs.len(), 20);
    for (_, log) in &logs {
        let lines = lines(log);
        let (first, last) = (&lines[0]["fields"], &lines.last().unwrap()["fields"]);
        assert_eq!(
            (&first["message"], &first["args"]),
            (&"begins".into(), &"xtask image list".into())
        );
        assert_eq!((&last["message"], &last["exit"]), (&"ends".into(), &0.into()));
    }
}

#[test]
fn runs_side_by_side_keep_each_others_logs() {
    let hang =
        "[ \"$1\" != version ] || { echo 1 > started; until [ -e go ]; do sleep 0.05; done; }";
    let world = world_of(&[("docker", hang)]);
    let mut command = world.command(&["down"]);
    let mut long = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (limit, every) = (std::time::Duration::from_secs(60), std::time::Duration::from_millis(5));
    let started = || if world.path("started").exists() { Ok(()) } else { Err(()) };
    xtask::edge::clock::wait_for(limit, every, started).unwrap();
    let (first, _) = logs(&world).remove(0);
    for _ in 0..25 {
        assert_eq!(world.run(&["image", "list"]).code, Some(0));
    }
    assert_eq!(logs(&world)[0].0, first);
    world.write("go", "");
    long.wait().unwrap();
    let last = lines(&logs(&world)[0].1).pop().unwrap();
    assert_eq!(last["fields"]["message"], "ends");
}

#[test]
fn a_command_is_told_with_its_phase_its_exit_and_its_time() {
    let world = world_of(&[("docker", "case $1 in version) echo 20.10.24 ;; ps) exit 7 ;; esac")]);
    let run = world.run(&["-v", "down"]);
    assert_eq!(run.code, Some(5), "{run:?}");
    let (name, log) = logs(&world).remove(0);
    assert_eq!(run.log, Some(format!("target/runs/{name}")));
    let asked = |it: &Value| {
        it["span"]["line"].as_str().is_some_and(|line| line.starts_with("docker ps "))
            && it["fields"]["message"] == "ended"
    };
    let line = lines(&log).into_iter().find(asked).unwrap();
    assert_eq!(line["fields"]["exit"], 7);
    assert!(line["fields"]["ms"].is_u64(), "{line}");
    assert_eq!(line["spans"][0]["name"], "phase");
    assert!(run.stderr.contains("docker ps"), "{}", run.stderr);
}

#[test]
fn an_exchange_is_told_with_its_path_its_status_and_its_time_and_nothing_of_its_query() {
    let world = World::new();
    let registry = xtask_fakes::registry::FakeRegistry::start();
    let from = format!("{}/nobody/nothing", registry.host());
    let key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n");
    world.write("key.pem", &pem);
    let run = world.run(&["image", "newest", "--from", &from, "--key", "key.pem"]);
    let (_, log) = logs(&world).remove(0);
    let lines: Vec<Value> =
        lines(&log).into_iter().filter(|it| it["fields"]["message"] == "http").collect();
    assert!(!lines.is_empty(), "{run:?}\n{log}");
    let first = &lines[0]["fields"];
    assert_eq!((&first["method"], &first["status"]), (&"HEAD".into(), &404.into()), "{first}");
    assert!(first["path"].as_str().unwrap().starts_with("/v2/nobody/nothing/"), "{first}");
    assert!(first["ms"].is_u64(), "{first}");
    assert!(lines.iter().all(|it| !it["fields"]["path"].as_str().unwrap().contains('?')));
}

#[test]
fn what_a_person_typed_wrongly_needs_no_log_and_nothing_is_told_unasked() {
    let world = World::new();
    let run = world.run(&["rollback", "prod"]);
    assert_eq!(run.log, None);
    let run = world.run(&["image", "list"]);
    assert_eq!(run.stderr, "");
    let output = world.run_with(&["image", "list"], &[("XTASK_LOG", "a=b=c=")]).ends(2);
    assert!(output.contains("cannot use `XTASK_LOG`: `a=b=c=`"), "{output}");
}

#[test]
fn a_log_that_cannot_be_written_is_said_and_stops_nothing() {
    let world = world_of(&[("docker", "[ \"$1\" != version ] || echo 20.10.24")]);
    world.write("target/runs", "a file where the folder would be");
    let run = world.run(&["down"]);
    assert!(run.stderr.contains("warning: no log of this run: failed to make `"), "{run:?}");
    assert_eq!(run.code, Some(0), "{run:?}");
}

/// Nobody else has these letters.
const SECRET: &str = "hunter2-7f3c19";

#[test]
fn no_secret_is_in_any_log_however_much_is_told() {
    let world = world_of(&[("gitleaks", "echo '[]'"), ("rustfmt", "cat; cat >&2")]);
    let git = |args: &[&str]| {
        let ended =
            std::process::Command::new("git").args(args).current_dir(world.path("")).status();
        assert!(ended.unwrap().success());
    };
    world.write("a.rs", &format!("const KEY: &str = \"{SECRET}\";\n"));
    git(&["init", "-q"]);
    git(&["add", "a.rs"]);
    let variables = [
        ("XTASK_LOG", "trace"),
        ("XTASK_KEY_PASSPHRASE", SECRET),
        ("GITHUB_TOKEN", SECRET),
        ("DOCKER_HOST", "tcp://127.0.0.1:9"),
    ];
    let run = world.run_with(&["-vv", "hooks", "run", "pre-commit"], &variables);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("rustfmt"), "{run:?}");
    let (_, log) = logs(&world).remove(0);
    assert!(log.contains("git show :a.rs") && log.contains("rustfmt"), "{log}");
    for text in [&log, &run.stderr] {
        assert!(!text.contains(SECRET), "{text}");
    }
}
