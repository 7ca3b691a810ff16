//! `doctor`: what it asks programs, what it makes of their answers, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use xtask_core::check::tools::{self, Tool, Verb, Wanted};

/// A machine with these tools and no other; each says the version that is wanted.
fn machine(has: impl Fn(&Tool) -> bool) -> World {
    let world = World::new();
    for tool in tools::all().into_iter().filter(|tool| has(tool)) {
        let version = match tool.wanted {
            Wanted::Any => "1.0".to_owned(),
            Wanted::AtLeast(numbers) | Wanted::Series(numbers) => dotted(numbers) + ".0",
        };
        program(&world, tool.names[0], &version);
    }
    symlink("/bin/sh", world.path("bin/sh")).unwrap();
    let path = world.path("bin").display().to_string();
    world.with("PATH", path)
}

fn dotted(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// Puts a program on the `PATH` that says its version and nothing else.
fn program(world: &World, name: &str, version: &str) {
    let file = format!("bin/{name}");
    world.write(&file, &format!("#!/bin/sh\necho '{name} {version}'\n"));
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(&file), executable).unwrap();
}

#[test]
fn a_machine_with_what_ships_is_ready_for_up_and_not_for_ci() {
    let world = machine(|tool| tool.verb == Verb::Up);
    let run = world.run(&["doctor"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    let run = world.run(&["doctor", "--for", "ci"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(3), "hint: scripts/bootstrap.sh ci\n"));
    let line = run.stdout.lines().find(|line| line.contains(" shellcheck ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[..4], ["✗", "shellcheck", "any", "missing"]);
    assert!(line.contains("ci: shellcheck  apt: shellcheck"), "{line}");
}

#[test]
fn a_tool_of_another_version_is_told_with_both() {
    let world = machine(|_| true);
    assert_eq!(world.run(&["doctor", "--for", "ci"]).code, Some(0));
    program(&world, "node", "v22.1.0");
    let run = world.run(&["doctor", "--json"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let node =
        report["tools"].as_array().unwrap().iter().find(|it| it["program"] == "node").unwrap();
    assert_eq!(node["found"], json!({ "verdict": "other", "version": "22.1.0" }));
    assert_eq!((&node["wanted"], &report["ready"]), (&json!("20.x"), &json!(false)));
}

#[test]
fn inside_the_nix_shell_the_cure_is_the_shell() {
    let world = machine(|tool| tool.names[0] != "uv").with("NUTRI_IN_NIX", "1".into());
    let run = world.run(&["doctor"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("\ninside the Nix shell; "), "{}", run.stdout);
    assert!(run.stderr.contains("hint: add what is missing to `nix/tools.nix`"), "{}", run.stderr);
}
