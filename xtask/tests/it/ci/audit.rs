//! Inputs that are proved: a fake that reads what its row does not name, under a real `strace`.

use super::*;
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

const AUDIT: [&str; 3] = ["--audit-inputs", "--only", "shellcheck"];

/// The fakes, and a `strace` among them.
fn watched() -> Required<Fakes> {
    required_program("strace").map(|strace| {
        let fakes = Fakes::new();
        std::os::unix::fs::symlink(strace, fakes.world.path("../bin/strace")).unwrap();
        fakes
    })
}

fn reads(fakes: &Fakes, file: &str) {
    fakes.fake("reads-shellcheck", &fakes.world.path(file).display().to_string());
}

#[test]
fn a_task_that_reads_what_none_of_its_inputs_names_fails_and_is_not_remembered() {
    let fakes = required!(watched());
    reads(&fakes, "docs/README.md");
    let (run, asked) = fakes.ci(&AUDIT);
    assert_eq!((run.code, asked.contains("shellcheck")), (Some(3), true), "{run:?}");
    let found = "shellcheck read `docs/README.md`, which is none of its inputs";
    assert!(run.stdout.contains(found), "{run:?}");
    assert!(fakes.passes(&["--only", "shellcheck"]).1.contains("shellcheck"), "it runs again");
}

#[test]
fn a_task_that_reads_its_inputs_and_what_git_ignores_passes_though_it_had_passed_before() {
    let fakes = required!(watched());
    fakes.passes(&["--only", "shellcheck"]);
    for file in ["x", "services/backend/node_modules/a"] {
        fakes.world.write("services/backend/node_modules/a", "ignored");
        reads(&fakes, file);
        assert!(fakes.passes(&AUDIT).1.contains("shellcheck"), "{file}");
    }
    assert_eq!(fakes.passes(&["--only", "shellcheck"]).1, "", "it is remembered");
}

#[test]
fn a_task_that_fails_is_told_as_without_an_audit() {
    let fakes = required!(watched());
    fakes.fake("fails-shellcheck", "");
    let (run, _) = fakes.ci(&AUDIT);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("\n    shellcheck found something\n"), "{run:?}");
}

#[test]
fn without_strace_nothing_is_run() {
    let fakes = Fakes::new();
    let (run, asked) = fakes.ci(&AUDIT);
    assert!(run.ends(4).contains("needs `strace`, which is not here"), "{asked}");
    assert_eq!(asked, "");
}
