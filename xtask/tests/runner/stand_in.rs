//! A program in front of `cargo`: `cargo xtask` is the program under test, and `ci` writes down
//! which tasks it would run, because one of them is the runner itself.

use super::github::GitHub;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// In front of `cargo`: `cargo xtask` is the program under test, everything else is cargo. Where
/// `RUNNER_RECORD` says so, `ci` writes down which tasks it would run, fails if one of them is to,
/// and runs the quick ones.
const SCRIPT: &str = r#"#!/bin/sh
export PATH="$RUNNER_PATH"
[ "$1" = xtask ] || exec cargo "$@"
shift
{ [ "$1" = ci ] && [ -n "${RUNNER_RECORD-}" ]; } || exec "$RUNNER_XTASK" "$@"
[ -z "${RUNNER_LEAVES_OUT-}" ] || echo "not_checked=$RUNNER_LEAVES_OUT" >>"$GITHUB_OUTPUT"
tasks=$("$RUNNER_XTASK" "$@" --list | awk 'NR > 1 { print $1 }')
printf '%s\n' "$tasks" >>"$RUNNER_RECORD"
set -- ci --keep-going
for task in $tasks; do
  [ "$task" != "$RUNNER_FAILS" ] || exit 1
  case "$task" in rustfmt | shellcheck) set -- "$@" --only "$task" ;; esac
done
[ $# -eq 2 ] || exec "$RUNNER_XTASK" "$@"
"#;

/// In front of `cargo`: what `cargo xtask` is given is written down, and every check passes. A canary
/// tells a secret.
const WORDS: &str = r#"#!/bin/sh
[ "$1" = xtask ] || { export PATH="$RUNNER_PATH" && exec cargo "$@"; }
shift
[ "$1" != ci ] || exit 0
{
  for word in "$@"; do printf '[%s]' "$word"; done
  env | sed -n 's/^\([A-Z_]*\)=canary-.*/ \1/p' | sort | tr -d '\n'
  echo
} >>"$RUNNER_RECORD"
mkdir -p target/reports
echo seen >target/reports/report.html
echo '{}' >target/scan.sarif
case " $* " in *" ${RUNNER_FAILS_AT-never} "*) exit 5 ;; esac
exit "$RUNNER_ENDS"
"#;

/// What is run for real in place of all.
pub(crate) const QUICK: [&str; 2] = ["rustfmt", "shellcheck"];

/// `cargo xtask` is the program under test.
pub(crate) fn for_verbs(github: &mut GitHub) {
    let programs = github.path("programs");
    std::fs::create_dir_all(&programs).unwrap();
    let cargo = programs.join("cargo");
    std::fs::write(&cargo, SCRIPT).unwrap();
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
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

/// `ci` writes down what it would run; the task called `fails` fails.
pub(crate) fn for_tasks(github: &mut GitHub, fails: &str) {
    for_verbs(github);
    let record = github.path("record").display().to_string();
    let more = [("RUNNER_RECORD", record), ("RUNNER_FAILS", fails.to_owned())];
    github.machine.extend(more.map(|(name, value)| (name.to_owned(), value)));
}

/// Whatever is run is written down and not done: its words, and which variables it was given.
pub(crate) fn for_words(github: &mut GitHub) {
    for_verbs(github);
    let cargo = github.path("programs/cargo");
    std::fs::write(&cargo, WORDS).unwrap();
    let record = github.path("record").display().to_string();
    github.machine.push(("RUNNER_RECORD".to_owned(), record));
}

/// What was written down, ordered.
pub(crate) fn recorded(github: &GitHub) -> Vec<String> {
    let text = std::fs::read_to_string(github.path("record")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.sort_unstable();
    lines
}
