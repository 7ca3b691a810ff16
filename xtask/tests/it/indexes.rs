//! `image lock` against archives that are signed well, badly, or not at all: real apt decides, and
//! what it refuses is said in plain words.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod providers;
mod signed;

use super::image::definition_of;
use super::world::World;
use signed::{Archive, Keys, Times};
use xtask_fakes::required;

/// A world whose mirror is `archive` and whose keyring holds `keys`.
fn world(archive: &Archive, keys: &Keys) -> World {
    let world = World::new()
        .with("XTASK_DEBIAN_MIRROR", archive.url())
        .with("XTASK_DEBIAN_KEYRING", keys.keyring());
    world.write("images/hello.toml", &definition_of(&["hello"]));
    world
}

fn lock(world: &World, code: i32) -> String {
    world.run(&["image", "lock", "hello"]).ends(code)
}

#[test]
fn a_well_signed_archive_is_locked_with_its_time() {
    let keys = required!(Keys::make());
    let archive = Archive::start();
    archive.publish(&keys, Times::fresh());
    let world = world(&archive, &keys);
    let output = lock(&world, 0);
    let lock = std::fs::read_to_string(world.path("images/hello.lock")).unwrap();
    assert!(
        lock.contains("\"hello\" = { version = \"1.5-2\", archive = \"debian-security\""),
        "{output}\n{lock}"
    );
    assert!(lock.contains(&format!("archive_time = {}", Times::fresh_seconds())), "{lock}");
}

#[test]
fn every_bad_archive_is_refused_with_its_name_what_is_wrong_and_what_to_do() {
    let (keys, others) = required!(Keys::make().and(Keys::make));
    for bad in &signed::BAD {
        let archive = Archive::start();
        archive.publish(&keys, Times::fresh());
        (bad.spoil)(&archive, &keys, &others);
        let world = world(&archive, &keys);
        let output = lock(&world, 5);
        let head = "error: failed to fetch the index of `debian-security`\n";
        assert!(output.starts_with(head), "{}: {output}", bad.name);
        let cause = format!("caused by: `debian-security`: {}\n", bad.reason);
        assert!(output.contains(&cause), "{}: {output}", bad.name);
        assert!(output.contains("caused by: apt said: ") && output.contains("hint: "), "{output}");
        assert!(!world.path("images/hello.lock").exists(), "nothing is locked: {}", bad.name);
    }
}

/// apt would go on with what it knows from before; a lock must not. Only an index that is held and
/// is still the one that was signed is not asked for again, so what the mirror has is not seen.
#[test]
fn a_bad_archive_is_refused_also_where_a_good_one_was_seen_before() {
    let (keys, others) = required!(Keys::make().and(Keys::make));
    let archive = Archive::start();
    archive.publish(&keys, Times::fresh());
    let world = world(&archive, &keys);
    let _said = lock(&world, 0);
    for bad in &signed::BAD {
        (bad.spoil)(&archive, &keys, &others);
        let run = world.run(&["image", "lock", "--update"]);
        let code = if bad.reason == signed::OTHER_INDEX { 0 } else { 5 };
        assert_eq!(run.code, Some(code), "{}: {run:?}", bad.name);
        let lock = std::fs::read_to_string(world.path("images/hello.lock")).unwrap();
        assert!(lock.contains("1.5-2") && !lock.contains("1.5-3"), "{}: {lock}", bad.name);
        archive.publish(&keys, Times::fresh());
        let _good_again = world.run(&["image", "lock", "--update"]).ends(0);
    }
}

#[test]
fn a_keyring_that_is_not_there_trusts_nobody() {
    let keys = required!(Keys::make());
    let archive = Archive::start();
    archive.publish(&keys, Times::fresh());
    let world = world(&archive, &keys);
    std::fs::remove_file(keys.keyring()).unwrap();
    let output = lock(&world, 2);
    assert!(output.contains("cannot use the keyring `"), "{output}");
    assert!(output.contains("it is not there"), "{output}");
}
