//! `image scripts`: a maintainer script is judged by its bytes, and a person can read it first.

use super::image::{POOL, deb, world};
use super::world::World;
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;

const FILE: &str = "images/debian-scripts.toml";
const SCRIPT: &str = "#!/bin/sh\nuseradd hello\n";

/// A world whose locked package has `script`, and the mirror that holds it.
fn with_script(script: &str) -> (World, FakeArchive) {
    let mirror = FakeArchive::start();
    let bytes = deb("hello", Some(script));
    mirror.put(&format!("/debian/{POOL}"), &bytes);
    (world(&mirror, &Digest::of(&bytes)), mirror)
}

fn judged(script: &str) -> String {
    let digest = Digest::of(script.as_bytes());
    format!("[reviewed.hello]\neffect = \"makes a user: declared\"\npostinst = [\"{digest}\"]\n")
}

#[test]
fn a_script_that_nobody_has_read_is_refused_until_its_bytes_are_named() {
    let (world, _mirror) = with_script(SCRIPT);
    let output = world.run(&["image", "build", "hello"]).ends(2);
    let found = Digest::of(SCRIPT.as_bytes());
    assert!(output.contains("whose scripts nobody has reviewed: hello.postinst"), "{output}");
    assert!(output.contains(&format!("the `postinst` of `hello` 1 was never read: {found}")));
    assert!(output.contains("hint: `cargo xtask image scripts hello` shows them"), "{output}");
    world.write(FILE, &judged(SCRIPT));
    let _said = world.run(&["image", "build", "hello"]).ends(0);
}

#[test]
fn a_judged_package_with_another_script_is_refused_with_both_digests() {
    let (world, _mirror) = with_script(SCRIPT);
    world.write(FILE, &judged("#!/bin/sh\n"));
    let output = world.run(&["image", "build", "hello"]).ends(2);
    let (wanted, found) = (Digest::of(b"#!/bin/sh\n"), Digest::of(SCRIPT.as_bytes()));
    let both = format!("wanted {wanted}, found {found}; what differs is not known");
    assert!(output.contains(&both), "{output}");
    assert!(output.contains("hint: `cargo xtask image scripts hello` shows them"), "{output}");
}

#[test]
fn a_person_reads_a_script_and_accepts_it_with_one_command() {
    let (world, _mirror) = with_script(SCRIPT);
    let listed = world.run(&["image", "scripts"]);
    assert_eq!(listed.code, Some(3), "something is unread: {listed:?}");
    assert!(listed.stdout.contains("hello    postinst"), "{listed:?}");

    let shown = world.run(&["image", "scripts", "hello"]);
    assert!(shown.stdout.contains(SCRIPT), "every line of it: {shown:?}");
    let line = format!("postinst = [\"{}\"]", Digest::of(SCRIPT.as_bytes()));
    assert!(shown.stderr.contains(&line), "what to write down: {shown:?}");

    let output = world.run(&["image", "scripts", "hello", "--accept"]).ends(2);
    assert!(output.contains("nobody has said what becomes of their effect"), "{output}");
    world.write(FILE, "# Ours.\n[reviewed.hello]\neffect = \"makes a user: declared\"\n");
    let _said = world.run(&["image", "scripts", "hello", "--accept"]).ends(0);
    let text = std::fs::read_to_string(world.path(FILE)).unwrap();
    assert!(text.starts_with("# Ours.\n") && text.contains(&Digest::of(SCRIPT.as_bytes()).hex()));
    let _said = world.run(&["image", "build", "hello"]).ends(0);
    let _said = world.run(&["image", "scripts"]).ends(0);
}

#[test]
fn accepting_unread_is_possible_and_loud() {
    let (world, _mirror) = with_script(SCRIPT);
    let output = world.run(&["image", "lock", "--accept-scripts"]).ends(0);
    let digest = Digest::of(SCRIPT.as_bytes());
    let loud = format!("warning: the `postinst` of `hello` is accepted unread: {digest}");
    assert!(output.contains(&loud), "{output}");
    let text = std::fs::read_to_string(world.path(FILE)).unwrap();
    assert!(text.contains("they were accepted unread"), "the file says so too: {text}");
    let _said = world.run(&["image", "build", "hello"]).ends(0);
}

#[test]
fn a_package_without_scripts_is_not_one_that_can_be_shown() {
    let (world, _mirror) = with_script(SCRIPT);
    let output = world.run(&["image", "scripts", "helo"]).ends(2);
    assert!(output.contains("no locked package of that name has any"), "{output}");
}
