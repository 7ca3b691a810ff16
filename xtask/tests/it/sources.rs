//! What is shipped is what the commit says: links are kept or refused, files that git ignores are
//! in no layer, and files that git says too little of are taken whole or refused.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod git;
mod links;

use super::npm_registry::{self, NpmRegistry};
use super::world::{END, World};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use xtask_image::layout::Layout;
use xtask_image::listing::{Kind, Wanted, list};

const FILES: &str = "kind = \"files\"\npath = \"app\"\ncopy = { \".\" = \"srv\" }";
const COPIES: &str =
    "kind = \"build\"\npath = \"app\"\nrun = [\"sh\", \"make.sh\"]\ncopy = { dist = \"srv\" }";
const NPM: &str = "kind = \"npm\"\npath = \"app\"\ncopy = { \".\" = \"srv\" }";
const BUILD: [&str; 5] = ["image", "build", "one", "--platform", "linux/amd64"];

/// A repository with the image `one` of one layer, and one commit.
fn world(layer: &str) -> World {
    let world = World::new();
    world.write("images/one.toml", &format!("[[layer]]\nname = \"things\"\n{layer}{END}"));
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let head = format!("encoder = \"{encoder}\"\nsuite = \"bookworm\"\n");
    world.write("images/one.lock", &format!("{head}archive_time = 1700000000\n[wanted]\n"));
    world.write(".gitignore", "target\n*.secret\n");
    world.write("app/plain.txt", "plain\n");
    git(&world.path(""), &["init", "-q"]);
    commit(&world.path(""));
    world
}

/// Git as on a machine without settings; what it says.
fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.invalid",
        "-c",
        "core.autocrlf=false",
    ]);
    command.args(["-c", "protocol.file.allow=always"]).args(args).current_dir(folder);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn commit(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "-q", "--allow-empty", "-m", "one"]);
}

fn link(world: &World, target: &str, at: &str) {
    std::os::unix::fs::symlink(target, world.path(at)).unwrap();
}

fn built(world: &World) -> String {
    let run = world.run(&BUILD);
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout
}

/// What is in the image: the text of each file with `+` before it if it may be executed, and
/// `-> ` with the text of each link.
fn contents(world: &World) -> BTreeMap<String, String> {
    let _image = built(world);
    let layout = Layout::open_or_create(world.path("target/images")).unwrap();
    let index = layout.resolve("one-amd64").unwrap().unwrap();
    let manifest: xtask_image::image::Manifest =
        serde_json::from_slice(&layout.read_blob(&index).unwrap()).unwrap();
    let mut contents = BTreeMap::new();
    for layer in &manifest.layers {
        list(
            &layout,
            layer,
            |_| Wanted::Bytes,
            |listed| {
                let text = match listed.kind {
                    Kind::File(file) => {
                        let text = String::from_utf8_lossy(&file.bytes.unwrap()).into_owned();
                        format!("{}{text}", if listed.mode & 0o100 == 0 { "" } else { "+" })
                    }
                    Kind::Link(target) => format!("-> {target}"),
                    Kind::Directory => return,
                };
                // The accounts, which every image needs.
                if !listed.path.starts_with("etc/") {
                    contents.insert(listed.path, text);
                }
            },
        )
        .unwrap();
    }
    contents
}

/// The version of what is checked out, as `image push` calls it.
fn version(world: &World) -> String {
    let _image = built(world);
    let registry = xtask_fakes::registry::FakeRegistry::start();
    let to = format!("{}/mine", registry.host());
    let run =
        world.run(&["--json", "image", "push", "one", "--to", &to, "--platform", "linux/amd64"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    report["tags"][0].as_str().unwrap().to_owned()
}

fn head(folder: &Path) -> String {
    git(folder, &["rev-parse", "HEAD"])[..12].to_owned()
}

fn npm_world(files: &[&str]) -> (World, NpmRegistry) {
    let world = world(NPM);
    let registry = NpmRegistry::start(&world, "app");
    let mut root = json!({ "name": "root", "version": "1.0.0" });
    let mut packages = json!({});
    if !files.is_empty() {
        root["workspaces"] = json!(["packages/*"]);
        packages = json!({
            "node_modules/own": { "resolved": "packages/own", "link": true },
            "packages/own": { "name": "own", "version": "1.0.0" },
        });
    }
    files.iter().for_each(|file| world.write(&format!("app/packages/own/{file}"), "{}"));
    npm_registry::lock(&world, "app", &root, &packages);
    (world, registry)
}
