//! The cache and the layout under two builds at once, under kills, and with damage done to them.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{END, World};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use xtask_core::digest::Digest;
use xtask_core::image::lock::Lock;

const DEFINITION: &str = r#"
[[layer]]
name = "heavy"
kind = "files"
path = "images"
copy = { "heavy" = "heavy" }

[[layer]]
name = "light"
kind = "files"
path = "images"
copy = { "light" = "light" }
"#;

/// A world with one image of two layers, one of which takes a while to pack.
pub(crate) fn world() -> World {
    let world = World::new();
    world.write("images/x.toml", &format!("{DEFINITION}{END}"));
    world.write("images/heavy", &noise(2_000_000));
    world.write("images/light", "light\n");
    let lock = Lock {
        encoder: xtask_image::gzip_v1::ENCODER_ID.to_owned(),
        suite: "bookworm".to_owned(),
        archive_time: 1_700_000_000,
        wanted: BTreeMap::new(),
        layers: BTreeMap::new(),
    };
    world.write("images/x.lock", &lock.to_text());
    let git = Command::new("git").args(["init", "-q"]).current_dir(world.path("")).status();
    assert!(git.unwrap().success());
    world
}

/// Text that no compressor can shorten by much.
fn noise(length: usize) -> String {
    let mut random = random(1);
    (0..length).map(|_| char::from(b' ' + (random() >> 58) as u8)).collect()
}

fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state
    }
}

pub(crate) fn build(world: &World) -> String {
    let run = world.run(&["image", "build", "x"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout
}

/// The blobs of the layout that have a name, all of them what their names say.
pub(crate) fn true_blobs(world: &World) -> Vec<PathBuf> {
    let folder = world.path("target/images/blobs/sha256");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    let blobs: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(named).collect();
    for path in &blobs {
        let digest = Digest::of(&std::fs::read(path).unwrap());
        assert_eq!(path.file_name().unwrap().to_string_lossy(), digest.hex());
    }
    blobs
}

#[test]
fn two_builds_at_once_make_the_same_image() {
    let wanted = build(&world());
    let world = world();
    let start = || {
        let mut command = world.command(&["image", "build", "x"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running = [start(), start()];
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
    }
    assert_eq!(true_blobs(&world).len(), 2 + 2 * 2 + 1, "layers, configs, manifests, the index");
    assert_eq!(build(&world), wanted);
}

/// Each round is killed at another moment, all but the first with debris of the ones before.
#[test]
fn a_build_killed_at_any_moment_is_continued_by_the_next() {
    let wanted = build(&world());
    let mut random = random(7);
    let mut killed = 0;
    for _ in 0..4 {
        let world = world();
        for _ in 0..6 {
            let mut command = world.command(&["image", "build", "x"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(random() % 250_000));
            child.kill().unwrap();
            killed += usize::from(!child.wait().unwrap().success());
            true_blobs(&world);
        }
        assert_eq!(build(&world), wanted);
        assert_eq!(true_blobs(&world).len(), 7);
    }
    assert!(killed > 0, "every build was quicker than its kill");
}

#[test]
fn a_damaged_blob_is_found_by_the_next_build_and_made_anew() {
    let world = world();
    let wanted = build(&world);
    for path in true_blobs(&world) {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(build(&world), wanted);
        assert_eq!(true_blobs(&world).len(), 7, "{} is whole again", path.display());
    }
}

#[test]
fn half_of_a_memory_is_no_memory() {
    let world = world();
    let wanted = build(&world);
    for memory in ["layers", "contents"] {
        for entry in std::fs::read_dir(world.cache().join(memory)).unwrap().flatten() {
            let bytes = std::fs::read(entry.path()).unwrap();
            std::fs::write(entry.path(), &bytes[..bytes.len() / 2]).unwrap();
        }
        assert_eq!(build(&world), wanted);
    }
}

#[test]
fn a_lock_that_was_edited_is_refused_with_its_cure() {
    let world = world();
    let _built = build(&world);
    let path = world.path("images/x.lock");
    let lock = std::fs::read_to_string(&path).unwrap();
    for edited in [lock.replace("1700000000", "1700000001"), lock.replace("# seal", "# seel")] {
        std::fs::write(&path, edited).unwrap();
        let output = world.run(&["image", "build", "x"]).ends(4);
        let line = "cannot use `images/x.lock`: it is not as `image lock` wrote it";
        assert!(output.contains(line), "{output}");
        assert!(output.contains("hint: cargo xtask image lock x"), "{output}");
    }
    std::fs::write(&path, lock).unwrap();
    let _built = build(&world);
}

#[test]
fn every_committed_lock_is_as_it_was_written() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    let locks = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let locks: Vec<PathBuf> =
        locks.filter(|path| path.extension() == Some("lock".as_ref())).collect();
    assert!(locks.len() > 3);
    for path in locks {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(xtask_core::image::lock::checksum::check(&text), Ok(()), "{}", path.display());
    }
}
