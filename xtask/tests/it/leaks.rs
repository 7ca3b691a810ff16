//! `leaks` and `hooks`, with the real git and the real gitleaks, in a repository of our own.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{Run, World};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

/// Something that looks like a token; in two halves, so that this file does not hold one.
fn planted() -> String {
    format!("ghp_{}", "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX")
}

fn git(world: &World, args: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
    command.current_dir(world.path("")).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap()
}

fn commit(world: &World, output: &str) {
    assert!(git(world, &["add", "."]).status.success());
    let done = git(world, &["commit", "--quiet", "--message", output]);
    assert!(done.status.success(), "{done:?}");
}

/// A repository with one commit.
fn repository() -> Required<World> {
    required_program("gitleaks").map(|gitleaks| repository_with(&gitleaks))
}

fn repository_with(gitleaks: &Path) -> World {
    let world = World::new();
    std::fs::create_dir_all(world.cache().join("tools/bin")).unwrap();
    std::os::unix::fs::symlink(gitleaks, world.cache().join("tools/bin/gitleaks")).unwrap();
    world.write(".gitleaks.toml", include_str!("../../../.gitleaks.toml"));
    world.write("rustfmt.toml", "");
    assert!(git(&world, &["init", "--quiet"]).status.success());
    commit(&world, "one");
    world
}

/// It names where the secret is, and does not show it.
fn names(run: &Run, file: &str) {
    assert_eq!(run.code, Some(4), "{run:?}");
    let output = format!("{}{}", run.stdout, run.stderr);
    assert!(output.contains(file) && output.contains("github-pat"), "{output}");
    assert!(!output.contains(&planted()), "the secret is not shown: {output}");
}

#[test]
fn a_secret_is_found_in_history_after_it_was_removed_and_not_in_a_clean_one() {
    let world = required!(repository());
    let run = world.run(&["leaks"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "no secret found\n"), "{run:?}");
    world.write("settings.ini", &format!("token = {}\n", planted()));
    commit(&world, "two");
    std::fs::remove_file(world.path("settings.ini")).unwrap();
    commit(&world, "three");
    names(&world.run(&["leaks"]), "settings.ini");
    assert!(git(&world, &["reset", "--quiet", "--hard", "HEAD~2"]).status.success());
    assert!(git(&world, &["reflog", "expire", "--expire=now", "--all"]).status.success());
    assert_eq!(world.run(&["leaks"]).code, Some(0));
}

#[test]
fn a_staged_secret_is_found_until_it_is_no_longer_staged_and_no_comment_hides_it() {
    let world = required!(repository());
    world.write("a.py", &format!("token = \"{}\"  # gitleaks:allow\n", planted()));
    assert_eq!(world.run(&["leaks", "--staged"]).code, Some(0), "it is not staged");
    git(&world, &["add", "."]);
    names(&world.run(&["leaks", "--staged"]), "a.py");
    git(&world, &["reset", "--quiet"]);
    assert_eq!(world.run(&["leaks", "--staged"]).code, Some(0));
}

#[test]
fn a_shallow_clone_was_not_a_check() {
    let world = required!(repository());
    world.write("b", "b");
    commit(&world, "two");
    std::fs::write(world.path(".git/shallow"), git(&world, &["rev-parse", "HEAD"]).stdout).unwrap();
    let run = world.run(&["leaks"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.starts_with("not checked: this clone is shallow"), "{run:?}");
}

#[test]
fn what_gitleaks_cannot_read_is_a_failure_and_no_clean_history() {
    let world = required!(repository());
    world.write(".gitleaks.toml", "[[rules");
    let output = world.run(&["leaks"]).ends(5);
    assert!(output.starts_with("error: failed to look for secrets with `gitleaks`"), "{output}");
}

#[test]
fn the_staged_form_counts_not_the_one_in_the_work_tree() {
    let world = required!(repository());
    world.write("a.rs", "fn  main( ) {}\n");
    git(&world, &["add", "a.rs"]);
    world.write("a.rs", "fn main() {}\n");
    let output = world.run(&["hooks", "run", "pre-commit"]).ends(4);
    assert!(output.contains("a.rs: staged in another form; cargo fmt --all"), "{output}");
    git(&world, &["add", "a.rs"]);
    let run = world.run(&["hooks", "run", "pre-commit"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn an_installed_hook_stops_a_commit_and_a_removed_one_leaves_nothing() {
    let world = required!(repository());
    let list = || {
        let entries = std::fs::read_dir(world.path(".git/hooks")).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = list();
    // Stands for `./x`: the real one builds this program first.
    world.write("x", "#!/bin/sh\necho \"$*\" >called; exit 1\n");
    std::fs::set_permissions(world.path("x"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for _again in 0..2 {
        let run = world.run(&["hooks", "install"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.starts_with("pre-commit  installed"), "{run:?}");
    }
    let stopped = git(&world, &["commit", "--quiet", "--allow-empty", "--message=no"]);
    assert!(!stopped.status.success());
    let called = std::fs::read_to_string(world.path("called")).unwrap();
    assert_eq!(called, "hooks run pre-commit\n");
    assert_eq!(world.run(&["hooks", "remove"]).code, Some(0));
    assert_eq!(list(), before);
}

#[test]
fn a_hook_of_somebody_else_stays_and_is_named() {
    let world = required!(repository());
    let hooks = world.path("my-hooks");
    git(&world, &["config", "core.hooksPath", "my-hooks"]);
    world.write("my-hooks/pre-push", "#!/bin/sh\n");
    let output = world.run(&["hooks", "install"]).ends(4);
    assert!(output.contains("my-hooks/pre-push` is not ours"), "{output}");
    assert!(!hooks.join("pre-commit").exists(), "nothing is half-done");
    let _kept = world.run(&["hooks", "remove"]).ends(0);
    assert_eq!(std::fs::read_to_string(hooks.join("pre-push")).unwrap(), "#!/bin/sh\n");
    let run = world.run(&["hooks", "status"]);
    assert!(run.stdout.contains("pre-push    not ours"), "{run:?}");
}

#[test]
fn a_folder_of_hooks_that_other_repositories_share_is_refused() {
    let world = required!(repository());
    let shared = tempfile::tempdir().unwrap();
    git(&world, &["config", "core.hooksPath", &shared.path().display().to_string()]);
    let output = world.run(&["hooks", "install"]).ends(4);
    assert!(output.contains("outside this repository"), "{output}");
    assert_eq!(std::fs::read_dir(shared.path()).unwrap().count(), 0);
}
