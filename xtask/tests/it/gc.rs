//! `image gc`: what it shows, what it removes, and what it must not touch.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::cache::{build, true_blobs, world};
use super::world::World;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use xtask_core::digest::Digest;

const HOUR: Duration = Duration::from_secs(3600);
const MONTH: Duration = Duration::from_secs(31 * 24 * 3600);

fn age(path: &PathBuf, age: Duration) {
    File::open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

fn blob(world: &World, name: &str, old: Duration) -> PathBuf {
    let path = world.path("target/images/blobs/sha256").join(name);
    std::fs::write(&path, name).unwrap();
    age(&path, old);
    path
}

fn made(world: &World, name: &str, old: Duration) -> PathBuf {
    let path = world.cache().join(name);
    std::fs::create_dir_all(&path).unwrap();
    age(&path, old);
    path
}

#[test]
fn what_nobody_needs_is_shown_first_and_goes_only_when_told() {
    let world = world();
    let wanted = build(&world);
    for path in true_blobs(&world) {
        age(&path, 10 * MONTH);
    }
    let stray = blob(&world, &Digest::of(b"stray").hex(), 2 * HOUR);
    let fresh = blob(&world, &Digest::of(b"fresh").hex(), HOUR / 2);
    let partial = blob(&world, ".partial-x", 2 * HOUR);
    let (old, new) = (made(&world, "npm/old", 2 * MONTH), made(&world, "npm/new", HOUR));
    let aside = made(&world, "npm/new.1.aside", 2 * MONTH);
    let deb = made(&world, "debs/old", 2 * MONTH);

    let run = world.run(&["image", "gc"]);
    let shown = run.stdout.clone();
    let output = run.ends(3);
    assert!(shown.contains("no name and no kept release needs it"), "{shown}");
    assert!(shown.contains("needed by `x`"), "{shown}");
    assert!(output.contains("the releases of `local` are not known here"), "{output}");
    assert!(stray.exists() && old.exists(), "a plan is only shown");

    let _said = world.run(&["image", "gc", "--apply"]).ends(0);
    assert!(!stray.exists() && !old.exists());
    assert!([fresh, partial, new, aside, deb].iter().all(|path| path.exists()));
    let _said = world.run(&["image", "gc"]).ends(0);
    assert_eq!(build(&world), wanted);
}

#[test]
fn an_image_that_lost_its_name_is_removed_with_its_layers() {
    let world = world();
    let _built = build(&world);
    let before = true_blobs(&world);
    world.write("images/light", "another light\n");
    let _built = build(&world);
    for path in true_blobs(&world) {
        age(&path, 2 * HOUR);
    }
    let _said = world.run(&["image", "gc", "--apply"]).ends(0);
    let gone = before.iter().filter(|path| !path.exists()).count();
    assert_eq!(
        gone, 6,
        "the light layer, two configs, two manifests, the index; one layer is shared"
    );
    assert_eq!(true_blobs(&world).len(), 7);
}

#[test]
fn nothing_goes_beside_a_running_build_or_below_an_unreadable_image() {
    let world = world();
    let _built = build(&world);
    let stray = blob(&world, &Digest::of(b"stray").hex(), 2 * HOUR);
    let building = File::open(world.cache().join("in-use")).unwrap();
    building.lock_shared().unwrap();
    let output = world.run(&["image", "gc", "--apply"]).ends(4);
    assert!(output.contains("a build is running"), "{output}");
    drop(building);

    let index = world.path("target/images/index.json");
    let named = std::fs::read_to_string(&index).unwrap();
    let digest = named.split("sha256:").nth(1).unwrap()[..64].to_owned();
    std::fs::write(world.path("target/images/blobs/sha256").join(digest), "{}").unwrap();
    let output = world.run(&["image", "gc", "--apply"]).ends(4);
    assert!(output.contains("cannot tell what `x` needs"), "{output}");
    assert!(stray.exists());
}

#[test]
fn where_nothing_was_ever_built_nothing_is_made_to_look_through() {
    let world = World::new();
    if world.cache().exists() {
        std::fs::remove_dir_all(world.cache()).unwrap();
    }
    for args in [&["image", "gc"][..], &["image", "gc", "--apply"]] {
        let run = world.run(args);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.starts_with("WHAT  MB  VERDICT  WHY\n0.0 MB"), "{run:?}");
    }
    assert!(!world.path("target/images").exists() && !world.cache().exists());
}
