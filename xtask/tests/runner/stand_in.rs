//! Programs that stand in front of the real ones: `cargo xtask` is the program under test, and
//! what the tasks of `ci` start is written down.

use super::github::GitHub;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use xtask_core::digest::Digest;
use xtask_core::task;

/// One script under many names. Outside of `ci` every program is itself, save `cargo xtask`.
const SCRIPT: &str = r#"#!/bin/sh
name=${0##*/}
if [ -z "${RUNNER_INSIDE-}" ]; then
  if [ "$name" = cargo ] && [ "$1" = xtask ]; then
    shift
    RUNNER_INSIDE=1 exec "$RUNNER_XTASK" "$@"
  fi
  PATH=$RUNNER_PATH exec "$name" "$@"
fi
[ -n "${RUNNER_RECORD-}" ] || PATH=$RUNNER_PATH exec "$name" "$@"
echo "$name $*" >>"$RUNNER_RECORD"
[ -z "$RUNNER_FAILS" ] || [ "$1" != "$RUNNER_FAILS" ]
"#;

/// Programs without which no script works; what a task does with them is done.
const REAL: [&str; 5] = ["bash", "sh", "git", "rm", "mkdir"];

/// Whether a task's program is written down and not run.
pub(crate) fn is_stood_in(program: &str) -> bool {
    !REAL.contains(&program)
}

/// `cargo xtask` is the program under test.
pub(crate) fn for_verbs(github: &mut GitHub) {
    let programs = github.path("programs");
    write(&programs, ["cargo"]);
    let path = std::env::var("PATH").unwrap();
    let xtask = env!("CARGO_BIN_EXE_xtask");
    // `x` builds the program where it is missing; there it is.
    let target = Path::new(xtask).ancestors().nth(2).unwrap();
    github.machine = [
        ("PATH", format!("{}:{path}", programs.display())),
        ("RUNNER_PATH", path),
        ("RUNNER_XTASK", xtask.to_owned()),
        ("CARGO_TARGET_DIR", target.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    // Where this machine is told an archive, the repository is told the same.
    for name in ["DEBIAN_MIRROR", "DEBIAN_SNAPSHOT"] {
        if let Ok(address) = std::env::var(format!("XTASK_{name}")) {
            github.vars.insert(name.to_owned(), address.into());
        }
    }
}

/// Nothing that a task starts is run; the one whose first word is `fails` fails.
pub(crate) fn for_tasks(github: &mut GitHub, fails: &str) {
    for_verbs(github);
    let commands = task::all().into_iter().flat_map(|task| task.commands);
    let programs: Vec<String> =
        commands.map(|it| it.program).filter(|it| is_stood_in(it)).collect();
    let (by_path, by_name): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|it| it.contains('/'));
    // The pinned tools come first on every `PATH` of ours, so they are stood in for there.
    let list = github.path("origin/scripts/tools.txt");
    let key = Digest::of(&std::fs::read(list).unwrap()).hex();
    let tools = github.path("cache/tools");
    let by_name = by_name.iter().map(String::as_str).chain(["cargo-nextest", "uv", "trivy"]);
    write(&tools.join(&key).join("programs"), by_name);
    symlink(format!("{key}/programs"), tools.join("bin")).unwrap();
    // Programs of an environment that a task would have installed are part of the commit here.
    for program in by_path {
        let (folder, name) = program.rsplit_once('/').unwrap();
        write(&github.path("origin").join(folder), [name]);
    }
    let add = "-c user.name=runner -c user.email=runner@localhost commit --quiet -m programs";
    super::github::run("git", "add --all --force", &github.path("origin"));
    super::github::run("git", &format!("{add} --allow-empty"), &github.path("origin"));
    let record = github.path("record").display().to_string();
    let cache = github.path("cache").display().to_string();
    let more =
        [("RUNNER_RECORD", record), ("RUNNER_FAILS", fails.to_owned()), ("XTASK_CACHE", cache)];
    github.machine.extend(more.map(|(name, value)| (name.to_owned(), value)));
}

/// What was written down, ordered.
pub(crate) fn recorded(github: &GitHub) -> Vec<String> {
    let text = std::fs::read_to_string(github.path("record")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.sort_unstable();
    lines
}

fn write<'a>(folder: &Path, names: impl IntoIterator<Item = &'a str>) {
    std::fs::create_dir_all(folder).unwrap();
    for name in names {
        let path = folder.join(name);
        std::fs::write(&path, SCRIPT).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
