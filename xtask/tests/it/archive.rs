//! What `image build` does when the mirror or the snapshot archive lacks a locked package, or has
//! something else in its place.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image::{POOL, deb, definition_of, lock_of, world};
use super::world::World;
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;

/// Where the snapshot archive keeps what the mirror had when the lock of `world` was signed: a state
/// is recorded some hours later.
fn at_snapshot(path: &str) -> String {
    format!("/archive/debian/20231115T041320Z/{path}")
}

fn build(world: &World, code: i32) -> String {
    world.run(&["image", "build", "hello"]).ends(code)
}

fn kept(world: &World) -> usize {
    std::fs::read_dir(world.cache().join("debs")).unwrap().count()
}

#[test]
fn what_the_mirror_has_dropped_names_the_package_and_the_cure() {
    let mirror = FakeArchive::start();
    let world = world(&mirror, &Digest::of(b"what was locked"));
    insta::assert_snapshot!(redacted(&build(&world, 5), &[&mirror]), @"
    error: failed to build image `hello`
      caused by: failed to fetch package `hello` 1
      caused by: `hello` from the mirror: 404 Status [IP: 127.0.0.1 PORT]
      hint: `cargo xtask image lock hello --update` locks what the mirror holds now; or let XTASK_DEBIAN_SNAPSHOT name a snapshot archive
      code: E-package-gone
    ");
}

#[test]
fn what_the_mirror_has_dropped_comes_from_the_snapshot_of_the_locks_time() {
    let (mirror, snapshots) = (FakeArchive::start(), FakeArchive::start());
    let bytes = deb("hello", None);
    snapshots.put(&at_snapshot(POOL), &bytes);
    let world = world(&mirror, &Digest::of(&bytes)).with("XTASK_DEBIAN_SNAPSHOT", snapshots.url());
    let _said = build(&world, 0);
    assert_eq!(snapshots.asked(), [at_snapshot(POOL)]);
}

#[test]
fn a_machine_without_a_mirror_takes_packages_from_the_snapshots_alone() {
    let (mirror, snapshots) = (FakeArchive::start(), FakeArchive::start());
    let bytes = deb("hello", None);
    snapshots.put(&at_snapshot(POOL), &bytes);
    let world = world(&mirror, &Digest::of(&bytes))
        .with("XTASK_DEBIAN_MIRROR", "none".to_owned())
        .with("XTASK_DEBIAN_SNAPSHOT", snapshots.url());
    let _said = build(&world, 0);
    assert_eq!(snapshots.asked(), [at_snapshot(POOL)]);
    assert!(mirror.asked().is_empty());
}

#[test]
fn a_machine_that_may_ask_neither_is_told_what_to_set() {
    let mirror = FakeArchive::start();
    let world = world(&mirror, &Digest::of(b"x")).with("XTASK_DEBIAN_MIRROR", "none".to_owned());
    let said = build(&world, 2);
    assert!(said.contains("there is no mirror, and no snapshot archive is wanted"), "{said}");
    assert!(said.contains("set XTASK_DEBIAN_MIRROR to the address above"), "{said}");
}

#[test]
fn a_snapshot_archive_that_cannot_be_reached_is_named_beside_the_mirror() {
    let mirror = FakeArchive::start();
    let nobody = "http://127.0.0.1:9".to_owned();
    let world = world(&mirror, &Digest::of(b"x")).with("XTASK_DEBIAN_SNAPSHOT", nobody);
    insta::assert_snapshot!(redacted(&build(&world, 5), &[&mirror]), @"
    error: failed to build image `hello`
      caused by: failed to fetch package `hello` 1
      caused by: `hello` from the mirror: 404 Status [IP: 127.0.0.1 PORT]
      caused by: `hello` from the snapshot archive: Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
      hint: `cargo xtask image lock hello --update` locks what the mirror holds now
      code: E-package-gone
    ");
}

#[test]
fn what_arrives_with_another_digest_is_refused_from_anywhere_and_not_kept() {
    let (mirror, snapshots) = (FakeArchive::start(), FakeArchive::start());
    mirror.put(&format!("/debian/{POOL}"), b"something else");
    snapshots.put(&at_snapshot(POOL), b"another thing");
    let wanted = Digest::of(b"what was locked");
    let world = world(&mirror, &wanted).with("XTASK_DEBIAN_SNAPSHOT", snapshots.url());
    let output = build(&world, 5);
    for (archive, bytes) in
        [("the mirror", "something else"), ("the snapshot archive", "another thing")]
    {
        let found = Digest::of(bytes.as_bytes());
        let line = format!("`hello` from {archive}: wanted {wanted}, found {found}");
        assert!(output.contains(&line), "{output}");
    }
    assert_eq!(kept(&world), 0, "nothing of it stays");
}

#[test]
fn a_mirror_that_lies_does_not_hide_a_snapshot_that_does_not() {
    let (mirror, snapshots) = (FakeArchive::start(), FakeArchive::start());
    let bytes = deb("hello", None);
    mirror.put(&format!("/debian/{POOL}"), b"something else");
    snapshots.put(&at_snapshot(POOL), &bytes);
    let world = world(&mirror, &Digest::of(&bytes)).with("XTASK_DEBIAN_SNAPSHOT", snapshots.url());
    let _said = build(&world, 0);
    assert_eq!(kept(&world), 1);
}

#[test]
fn every_package_that_is_gone_is_named_at_once_and_what_came_is_kept() {
    let mirror = FakeArchive::start();
    let there = deb("hello", None);
    mirror.put("/debian/pool/hello.deb", &there);
    let world = World::new().with("XTASK_DEBIAN_MIRROR", mirror.url());
    let names = ["hello", "lib+gone", "libtoo"];
    world.write("images/hello.toml", &definition_of(&names));
    let digest =
        |name: &str| if name == "hello" { Digest::of(&there) } else { Digest::of(name.as_bytes()) };
    let files = names.map(|name| (name, format!("pool/{name}.deb"), digest(name)));
    world.write("images/hello.lock", &lock_of(&files));
    insta::assert_snapshot!(redacted(&build(&world, 5), &[&mirror]), @"
    error: failed to build image `hello`
      caused by: failed to fetch packages `lib+gone` 1, `libtoo` 1
      caused by: `lib+gone` from the mirror: 404 Status [IP: 127.0.0.1 PORT]
      caused by: `libtoo` from the mirror: 404 Status [IP: 127.0.0.1 PORT]
      hint: `cargo xtask image lock hello --update` locks what the mirror holds now; or let XTASK_DEBIAN_SNAPSHOT name a snapshot archive
      code: E-package-gone
    ");
    assert_eq!(kept(&world), 1, "the next run asks for the others only");
}

/// What was said, without the ports, which differ from run to run.
fn redacted(output: &str, archives: &[&FakeArchive]) -> String {
    let port = |archive: &&FakeArchive| archive.url().rsplit(':').next().unwrap().to_owned();
    archives
        .iter()
        .fold(output.to_owned(), |output, archive| output.replace(&port(archive), "PORT"))
}
