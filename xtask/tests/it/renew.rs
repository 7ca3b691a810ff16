//! `renew`: a flake lock that has become old, a Nix that makes it newer, and a GitHub with state.

#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use xtask_fakes::github::{FakeGitHub, TOKEN};

/// A checkout with a commit, and a `nix` that writes the next lock.
fn world() -> (World, String) {
    let world = World::new();
    world.write("flake.nix", "{ }\n");
    std::fs::write(world.path("flake.lock"), "{ \"rev\": \"old\" }\n").unwrap();
    let git = |words: &str| {
        let output = Command::new("git")
            .args(words.split(' '))
            .current_dir(world.path(""))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git("init --quiet -b main");
    git("add --all");
    git("-c user.name=t -c user.email=t@localhost commit --quiet -m all");
    let commit = git("rev-parse HEAD");
    let nix = world.cache().join("tools/bin/nix");
    std::fs::create_dir_all(nix.parent().unwrap()).unwrap();
    let script = "#!/bin/sh\necho '{ \"rev\": \"new\" }' >flake.lock\necho \"updated nixpkgs$GITHUB_TOKEN\"\n";
    std::fs::write(&nix, script).unwrap();
    std::fs::set_permissions(&nix, std::fs::Permissions::from_mode(0o755)).unwrap();
    (world, commit)
}

#[test]
fn without_apply_the_difference_is_shown_and_the_checkout_stays() {
    let (world, _) = world();
    let run = world.run(&["renew"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    for wanted in ["-{ \"rev\": \"old\" }\n+{ \"rev\": \"new\" }", "updated nixpkgs"] {
        assert!(run.stdout.contains(wanted), "{}", run.stdout);
    }
    let lock = std::fs::read_to_string(world.path("flake.lock")).unwrap();
    assert!(lock.contains("old"), "{lock}");
}

#[test]
fn with_apply_one_pull_request_holds_the_difference_however_often_it_runs() {
    let (world, commit) = world();
    let github = FakeGitHub::start(&commit);
    let world = world
        .with("GITHUB_API_URL", github.url())
        .with("GITHUB_REPOSITORY", "acme/nutri".into())
        .with("GITHUB_TOKEN", TOKEN.into());
    for _ in 0..2 {
        let run = world.run(&["renew", "--apply"]);
        assert_eq!(run.stdout.trim(), "https://github.com/acme/nutri/pull/1", "{run:?}");
        assert!(!run.stderr.contains(TOKEN));
        run.ends(0);
    }
    let state = github.state();
    let [pull] = state.pulls.as_slice() else { panic!("{state:?}") };
    let body = pull["body"].as_str().unwrap();
    assert!(body.contains("+{ \"rev\": \"new\" }") && !body.contains(TOKEN), "{body}");
    let commit = &state.commits[&state.branches["renew"]];
    let tree = &state.trees[commit["tree"].as_str().unwrap()];
    assert_eq!(tree["base_tree"], "tree-of-main");
    assert_eq!(tree["tree"][0]["path"], "flake.lock");
    assert_eq!(tree["tree"][0]["content"], "{ \"rev\": \"new\" }\n");
}

#[test]
fn who_may_not_propose_is_told_what_is_missing() {
    let (world, commit) = world();
    let output = world.run(&["renew", "--apply"]).ends(2);
    assert!(output.contains("`GITHUB_REPOSITORY` is not set"), "{output}");
    let github = FakeGitHub::start(&commit);
    let world = world
        .with("GITHUB_API_URL", github.url())
        .with("GITHUB_REPOSITORY", "acme/nutri".into())
        .with("GITHUB_TOKEN", "another".into());
    let output = world.run(&["renew", "--apply"]).ends(5);
    assert!(output.contains("GitHub said: Bad credentials"), "{output}");
    assert!(!output.contains("another"), "{output}");
}

#[test]
fn a_part_that_cannot_be_asked_is_said_loudly() {
    let (world, _) = world();
    let nix = world.cache().join("tools/bin/nix");
    std::fs::write(&nix, "#!/bin/sh\necho 'no network' >&2\nexit 1\n").unwrap();
    let run = world.run(&["renew"]);
    assert_eq!(run.code, Some(6), "{run:?}");
    assert!(run.stderr.contains("warning: flake.lock not renewed"), "{}", run.stderr);
    assert!(run.stderr.contains("no network"), "{}", run.stderr);
}
