//! `docs/CHECK.md`: every command of the page, against Docker's registry and skopeo.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image_verify::{self, world};
use super::registry::real::{Lock, Real};
use super::world::World;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const PAGE: &str = include_str!("../../../docs/CHECK.md");

/// All that stands in the page's shell blocks, in order.
fn commands() -> String {
    let mut fenced = false;
    let mut commands = String::new();
    for line in PAGE.lines() {
        match line {
            "```sh" => fenced = true,
            "```" => fenced = false,
            _ if fenced => commands.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    commands
}

fn git(world: &World, args: &[&str]) -> String {
    let identity = ["-c", "user.name=it", "-c", "user.email=it@localhost"];
    let output =
        Command::new("git").args(identity).args(args).current_dir(world.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// `cargo xtask` as the page calls it is the program under test.
fn cargo(folder: &Path) {
    let script = format!("#!/bin/sh\nshift\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_xtask"));
    std::fs::write(folder.join("cargo"), script).unwrap();
    let runs = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.join("cargo"), runs).unwrap();
}

/// Runs the page in a folder of its own.
fn follow(world: &World, variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    cargo(folder.path());
    let path = std::env::var("PATH").unwrap();
    Command::new("sh")
        .args(["-euxc", &commands()])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("XTASK_CACHE", world.cache())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn every_command_of_the_page_holds_for_our_image_and_fails_for_another() {
    assert!(commands().lines().count() > 20, "the page still has commands");
    let (real, _skopeo) = required!(Real::start(Lock::Open).and(|| required_program("skopeo")));
    drop(real.client(None));
    let second = image_verify::FILES.replace("name = \"greeting\"", "name = \"again\"");
    let world = world(&format!("{}{second}", image_verify::FILES));
    world.write(".gitignore", "/target\n");
    git(&world, &["add", "--all"]);
    git(&world, &["commit", "--quiet", "-m", "it"]);
    let commit = git(&world, &["rev-parse", "HEAD"]);
    image_verify::build(&world);
    let digest = image_verify::push(&world, &real.host, &|bytes| bytes).to_string();
    let (image, source) = (format!("{}/nutri/hello", real.host), world.path(""));
    let variables = |digest| {
        [
            ("IMAGE", image.clone()),
            ("DIGEST", digest),
            ("NAME", "hello".to_owned()),
            ("SOURCE", source.display().to_string()),
            ("COMMIT", commit.clone()),
            ("OPTIONS", "--src-tls-verify=false".to_owned()),
        ]
    };
    let run = |digest: String| {
        let variables = variables(digest);
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        follow(&world, &variables)
    };
    let output = run(digest);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let other = image_verify::push(&world, &real.host, &|mut bytes| {
        bytes[9] = 3;
        bytes
    });
    let output = run(other.to_string());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("cmp"), "{said}");
}
