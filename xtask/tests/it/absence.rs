//! A question that failed is not one that was answered with no: with programs of our own that end
//! badly in every way in which the real ones do.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use std::os::unix::fs::PermissionsExt as _;
use xtask::cancel::Cancel;
use xtask::edge::docker::{self, Docker};
use xtask::edge::shell::Shell;
use xtask::edge::{files, git};
use xtask::error::{Failure, Result};

/// A machine on which `program` is the script `text`.
struct Machine {
    _folder: tempfile::TempDir,
    shell: Shell,
}

impl Machine {
    fn with(program: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(program);
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let shell = Shell::new(folder.path(), folder.path(), &Cancel::new()).unwrap();
        Self { _folder: folder, shell }
    }
}

#[track_caller]
fn fails<T: std::fmt::Debug>(asked: Result<T>, words: &str) -> Failure {
    let failure = asked.unwrap_err();
    assert!(failure.to_string().contains(words), "{failure}");
    failure
}

#[test]
fn no_engine_is_only_what_docker_calls_so() {
    for words in [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon \
         running?",
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is \
         correct and if the daemon is running",
    ] {
        let machine = Machine::with("docker", &format!("echo '{words}' >&2; exit 1"));
        assert!(!docker::answers(&machine.shell).unwrap());
    }
    for words in [
        "Cannot connect to the Docker daemon at tcp://10.0.0.7:2375. Is the docker daemon running?",
        "Cannot connect to the Docker daemon at unix:///typo. Is the docker daemon running?",
        "failed to connect to the docker API at unix:///var/run/docker.sock.old; check if the path \
         is correct and if the daemon is running",
        "error during connect: ssh: connect to host example.org port 22: Connection refused",
        "permission denied while trying to connect to the docker API at unix:///run/docker.sock",
        "Error response from daemon: client version 1.40 is too old",
        "",
    ] {
        let machine = Machine::with("docker", &format!("echo '{words}' >&2; exit 1"));
        fails(docker::answers(&machine.shell), words);
    }
    fails(
        docker::answers(&Machine::with("docker", ":").shell),
        "failed to reach the Docker engine",
    );
}

#[test]
fn lines_of_a_container_that_could_not_be_read_are_not_lines() {
    let machine = Machine::with("docker", "echo 'configured logging driver does not' >&2; exit 1");
    let docker = Docker::new(&machine.shell);
    fails(docker.logs("nutri-redis", 5), "configured logging driver does not");
    let why = docker.logs_or_why("nutri-redis", 5);
    assert!(why.starts_with("its lines are unknown: failed to run `docker logs"), "{why}");
}

#[test]
fn an_image_is_absent_only_if_the_engine_lists_none() {
    let listing = |list: &str| {
        format!("case $1 in images) {list} ;; *) echo 'No such image' >&2; exit 1 ;; esac")
    };
    let machine = Machine::with("docker", &listing(":"));
    assert!(!Docker::new(&machine.shell).has_image("a:1").unwrap());
    let machine = Machine::with("docker", &listing("echo 'layer store is corrupt' >&2; exit 1"));
    fails(Docker::new(&machine.shell).has_image("a:1"), "layer store is corrupt");
    let machine = Machine::with("docker", &listing("echo 0123456789ab"));
    fails(Docker::new(&machine.shell).has_image("a:1"), "failed to look at image `a:1`");
}

#[test]
fn a_revision_is_unknown_only_if_git_says_nothing_else() {
    let machine = Machine::with("git", "exit 1");
    assert_eq!(fails(git::changed_since(&machine.shell, "v1"), "no branch").exit().code(), 2);
    let machine = Machine::with("git", "echo 'fatal: bad object HEAD' >&2; exit 128");
    let failure = fails(git::changed_since(&machine.shell, "v1"), "fatal: bad object HEAD");
    assert_eq!(failure.exit().code(), 5);
}

#[test]
fn commits_have_nothing_in_common_only_if_git_says_nothing_else() {
    let parted =
        |end: &str| format!("case \" $* \" in *\" merge-base \"*) {end} ;; *) echo 0123 ;; esac");
    let machine = Machine::with("git", &parted("exit 1"));
    fails(git::changed_since(&machine.shell, "v1"), "no commit in common");
    let machine = Machine::with("git", &parted("echo 'error: packfile is damaged' >&2; exit 128"));
    let failure = fails(git::changed_since(&machine.shell, "v1"), "packfile is damaged");
    assert_eq!(failure.exit().code(), 5);
}

#[test]
fn a_path_that_cannot_be_looked_at_is_not_an_absent_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "").unwrap();
    // A link to itself: it is there, and nobody can say what it leads to.
    std::os::unix::fs::symlink("loop", path("loop")).unwrap();
    assert!(files::is_file(&path("file")).unwrap() && !files::is_folder(&path("file")).unwrap());
    assert!(!files::is_file(&path("none")).unwrap() && !files::is_there(&path("none")).unwrap());
    assert!(!files::is_there(&path("file/below")).unwrap());
    assert!(files::is_there(&path("loop")).unwrap());
    fails(files::is_file(&path("loop")), "failed to look at `");
    fails(files::is_folder(&path("loop/below")), "failed to look at `");
}
