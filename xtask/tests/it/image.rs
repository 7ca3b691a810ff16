//! `image build` against a mirror that holds what it should, something else, or nothing.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{END, World};
use xtask_core::digest::Digest;
use xtask_core::image::definition::Debian;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::required;
use xtask_fakes::requirement::required_right;
use xtask_image::tree::{Node, Tree};

pub(crate) const POOL: &str = "pool/main/h/hello/hello.deb";

/// A package with one file.
pub(crate) fn deb(name: &str, script: Option<&str>) -> Vec<u8> {
    let control = format!("Package: {name}\nVersion: 1\nArchitecture: all\n");
    let mut parts = vec![("control", control)];
    parts.extend(script.map(|script| ("postinst", script.to_owned())));
    deb_of(&parts, &[("usr/share/hello", "hello\n".to_owned())])
}

/// A package made by hand: three members of an `ar` archive.
pub(crate) fn deb_of(control: &[(&str, String)], data: &[(&str, String)]) -> Vec<u8> {
    deb_around(tar(control), tar(data))
}

/// A package of two archives.
pub(crate) fn deb_around(control: Vec<u8>, data: Vec<u8>) -> Vec<u8> {
    let members =
        [("debian-binary", b"2.0\n".to_vec()), ("control.tar", control), ("data.tar", data)];
    let mut archive = b"!<arch>\n".to_vec();
    for (member, bytes) in members {
        let size = bytes.len();
        archive
            .extend(format!("{member:<16}0           0     0     100644  {size:<10}`\n").bytes());
        archive.extend(&bytes);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    archive
}

pub(crate) fn tar(files: &[(&str, String)]) -> Vec<u8> {
    let mut tree = Tree::new();
    for (path, text) in files {
        tree.insert(path, Node::file(0o644, text.as_bytes())).unwrap();
    }
    tar_of(&tree)
}

pub(crate) fn tar_of(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    xtask_image::layer::write_tar(tree, &mut bytes).unwrap();
    bytes
}

/// A world with one image of one package, locked as `digest`, and a mirror.
pub(crate) fn world(mirror: &FakeArchive, digest: &Digest) -> World {
    let world = World::new().with("XTASK_DEBIAN_MIRROR", mirror.url());
    world.write("images/hello.toml", &definition());
    world.write("images/hello.lock", &lock_of(&[("hello", POOL.to_owned(), *digest)]));
    world
}

/// A lock of packages by name, path and digest, the same on both platforms.
pub(crate) fn lock_of(files: &[(&str, String, Digest)]) -> String {
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let mut lock =
        format!("encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n");
    let packages = files.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    let wanted = Debian { packages, without: Vec::new() }.digest();
    lock.push_str(&format!("[wanted]\nbase = \"{wanted}\"\n"));
    for platform in ["linux/amd64", "linux/arm64"] {
        lock.push_str(&format!("[layers.base.\"{platform}\"]\n"));
        for (name, path, digest) in files {
            lock.push_str(&format!(
                "\"{name}\" = {{ version = \"1\", archive = \"debian\", path = \"{path}\", \
                 digest = \"{digest}\", size = 1 }}\n"
            ));
        }
    }
    lock
}

/// The definition of an image of these packages.
pub(crate) fn definition_of(packages: &[&str]) -> String {
    definition().replace("[\"hello\"]", &format!("{packages:?}"))
}

/// The definition of an image of one package.
fn definition() -> String {
    format!("{LAYER}{END}")
}

const LAYER: &str = r#"
[[layer]]
name = "base"
kind = "debian"
packages = ["hello"]
"#;

#[test]
fn a_locked_package_is_fetched_once_and_the_image_is_the_same_everywhere() {
    let mirror = FakeArchive::start();
    let bytes = deb("hello", None);
    mirror.put(&format!("/debian/{POOL}"), &bytes);
    let build = |world: &World| {
        let run = world.run(&["image", "build", "hello"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        run.stdout
    };
    let first = world(&mirror, &Digest::of(&bytes));
    let built = build(&first);
    assert_eq!(build(&first), built);
    assert_eq!(mirror.asked().len(), 1, "both platforms and both builds share one file");
    assert_eq!(
        build(&world(&mirror, &Digest::of(&bytes))),
        built,
        "another folder, the same digest"
    );
}

#[test]
fn a_definition_that_names_what_is_not_there_is_refused() {
    let mirror = FakeArchive::start();
    let world = world(&mirror, &Digest::of(b""));
    let with =
        |from: &str, to: &str| world.write("images/hello.toml", &definition().replace(from, to));

    with("[\"hello\"]", "[\"hello\", \"curl\"]");
    let output = world.run(&["image", "build", "hello"]).ends(2);
    assert!(
        output.contains("cannot build layer `base` for linux/amd64"),
        "an unlocked package: {output}"
    );

    with("\"base\"", "\"other\"");
    let output = world.run(&["image", "build", "hello"]).ends(2);
    assert!(
        output.contains(
            "cannot build layer `other` for linux/amd64: the lock does not hold what it asks for"
        ),
        "{output}"
    );

    with(
        "kind = \"debian\"\npackages = [\"hello\"]",
        "kind = \"files\"\npath = \"images\"\ncopy = { \"no.txt\" = \"a\" }",
    );
    std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(world.path(""))
        .status()
        .unwrap();
    let output = world.run(&["image", "build", "hello"]).ends(2);
    assert!(output.contains("cannot find `no.txt` in"), "{output}");

    with(
        "packages = [\"hello\"]",
        "packages = [\"hello\"]\nlinks = { \"../../etc/passwd\" = \"x\" }",
    );
    let output = world.run(&["image", "build", "hello"]).ends(2);
    assert!(output.contains("`../../etc/passwd` escapes the tree"), "{output}");

    let output = world.run(&["image", "build", "helo"]).ends(2);
    assert!(output.contains("unknown image `helo`; known: `hello`"), "{output}");
}

#[test]
fn an_image_over_its_budget_names_what_is_written_here() {
    let mirror = FakeArchive::start();
    let world = world(&mirror, &Digest::of(b""));
    let heavy = "kind = \"files\"\npath = \"images\"\ncopy = { \"heavy\" = \"heavy\" }";
    let text = definition().replace("kind = \"debian\"\npackages = [\"hello\"]", heavy);
    world.write("images/hello.toml", &text);
    world.write("images/heavy", &"x".repeat(11_000_000));
    std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(world.path(""))
        .status()
        .unwrap();
    let output = world.run(&["image", "build", "hello"]).ends(4);
    assert!(
        output.contains("wanted at most 10.0 MB, found 11.0 MB; heaviest:\n    base (own) 11.0 MB"),
        "{output}"
    );
}

/// Text that no compressor can shorten by much.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + (state >> 58) as u8)
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_full_disk_leaves_no_blob_that_is_not_what_it_is_called() {
    required!(required_right("mount"));
    let mirror = FakeArchive::start();
    let world = world(&mirror, &Digest::of(b""));
    let files = "kind = \"files\"\npath = \"images\"\ncopy = { \"heavy\" = \"heavy\" }";
    let text = definition().replace("kind = \"debian\"\npackages = [\"hello\"]", files);
    world.write("images/hello.toml", &text);
    world.write("images/heavy", &noise(6_000_000));
    std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(world.path(""))
        .status()
        .unwrap();
    let target = world.path("target");
    std::fs::create_dir_all(&target).unwrap();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(&target)
        .output()
        .unwrap();
    assert!(mount.status.success(), "{mount:?}");
    let run = world.run(&["image", "build", "hello"]);
    let left = std::fs::read_dir(target.join("images/blobs/sha256")).unwrap().count();
    let unmounted = std::process::Command::new("umount").arg(&target).status().unwrap();
    let output = run.ends(5);
    assert!(output.contains("No space left on device"), "{output}");
    assert!(left == 0 && unmounted.success(), "{left} files are left");
    let _said = world.run(&["image", "build", "hello"]).ends(0);
}

#[test]
fn a_layer_that_takes_the_place_of_a_link_is_refused_also_when_nothing_is_made_anew() {
    let mirror = FakeArchive::start();
    let bytes = deb("hello", None);
    mirror.put(&format!("/debian/{POOL}"), &bytes);
    let world = world(&mirror, &Digest::of(&bytes));
    let link = "packages = [\"hello\"]\nlinks = { bin = \"usr/bin\" }";
    let app = "[[layer]]\nname = \"app\"\nkind = \"files\"\npath = \"images\"\n\
               copy = { \"tool\" = \"bin/tool\" }\n\n[config]";
    let text = definition().replace("packages = [\"hello\"]", link).replace("[config]", app);
    world.write("images/hello.toml", &text);
    world.write("images/tool", "tool\n");
    std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(world.path(""))
        .status()
        .unwrap();
    for _ in 0..2 {
        let output = world.run(&["image", "build", "hello"]).ends(4);
        let clash =
            "`bin` is a link to `usr/bin` in layer `base`, and a directory (0755 0:0) in `app`";
        assert!(output.contains(clash), "{output}");
    }
    world.write("images/hello.toml", &text.replace("bin/tool", "usr/bin/tool"));
    let _said = world.run(&["image", "build", "hello"]).ends(0);
}
