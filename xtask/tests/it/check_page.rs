//! `docs/CHECK.md`: every command of the page, against Docker's registry and skopeo.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image_verify::{self, world};
use super::world::World;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use xtask_fakes::docker_registry::{DockerRegistry, Lock};
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

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

/// What the page runs of our own program where it is named in a sentence, with these variables.
fn own_program(world: &World, variables: &[(&str, &str)]) -> Output {
    let spans = PAGE.split('`').filter(|it| it.starts_with("cargo xtask") && it.contains('$'));
    let [words] = spans.collect::<Vec<_>>()[..] else { panic!("one line has variables") };
    let tools = tempfile::tempdir().unwrap();
    cargo(tools.path());
    let path = std::env::var("PATH").unwrap();
    Command::new("sh")
        .args(["-euc", words])
        .current_dir(world.path(""))
        .env("PATH", format!("{}:{path}", tools.path().display()))
        .env("XTASK_CACHE", world.cache())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// A committed world with the image `hello` of two layers, and the registry that it is pushed to.
struct Checked {
    world: World,
    real: DockerRegistry,
    commit: String,
}

impl Checked {
    fn start() -> Required<Self> {
        DockerRegistry::start(Lock::Open)
            .and(|| required_program("skopeo"))
            .map(|(real, _)| Self::of(real))
    }

    fn of(real: DockerRegistry) -> Self {
        let second = image_verify::FILES.replace("name = \"greeting\"", "name = \"again\"");
        let world = world(&format!("{}{second}", image_verify::FILES));
        world.write(".gitignore", "/target\n");
        git(&world, &["add", "--all"]);
        git(&world, &["commit", "--quiet", "-m", "it"]);
        let commit = git(&world, &["rev-parse", "HEAD"]);
        Self { world, real, commit }
    }

    /// Follows the page, and then its line about our own program.
    fn check(&self, digest: &str) -> (Output, Output) {
        let image = format!("{}/nutri/hello", self.real.host);
        let source = self.world.path("").display().to_string();
        let variables = [
            ("IMAGE", image.as_str()),
            ("DIGEST", digest),
            ("NAME", "hello"),
            ("SOURCE", source.as_str()),
            ("COMMIT", self.commit.as_str()),
            ("OPTIONS", "--src-tls-verify=false"),
        ];
        (follow(&self.world, &variables), own_program(&self.world, &variables))
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_command_of_the_page_holds_for_our_image_and_fails_for_another() {
    assert!(commands().lines().count() > 20, "the page still has commands");
    let checked = required!(Checked::start());
    let (world, host) = (&checked.world, &checked.real.host);
    image_verify::build(world);
    let digest = image_verify::push(world, host, &|bytes| bytes).to_string();
    let (page, own) = checked.check(&digest);
    assert!(page.status.success(), "{}", stderr(&page));
    assert!(own.status.success(), "{}", stderr(&own));

    let other = image_verify::push(world, host, &|mut bytes| {
        bytes[9] = 3;
        bytes
    });
    let (page, own) = checked.check(&other.to_string());
    let output = stderr(&page);
    assert!(!page.status.success() && output.contains("cmp"), "{output}");
    assert_eq!(own.status.code(), Some(3), "{}", stderr(&own));
}

/// `up` builds for the platform of its machine, and pushes by the same code as `image push`.
#[test]
fn every_command_of_the_page_holds_for_an_image_for_one_platform_as_up_pushes_it() {
    let checked = required!(Checked::start());
    let to = format!("{}/nutri", checked.real.host);
    let push = ["--json", "image", "push", "hello", "--to", &to, "--platform", "linux/amd64"];
    let run = checked.world.run(&push);
    assert_eq!(run.code, Some(0), "{run:?}");
    let pushed = image_verify::value(&run.stdout);
    let digest = pushed["images"][0]["digest"].as_str().unwrap().to_owned();
    let both = checked.world.run(&["image", "build", "hello"]);
    assert!(!both.stdout.contains(&digest), "an index over both is another one: {both:?}");
    let (page, own) = checked.check(&digest);
    assert!(page.status.success(), "{}", stderr(&page));
    assert!(own.status.success(), "{}", stderr(&own));
}
