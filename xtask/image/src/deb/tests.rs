use super::*;
use crate::error::Result;
use crate::tree::{Node, Owner};
use proptest::prelude::*;
use std::fs;
use std::io::Write as _;

mod build;

use build::{Archive, CONTROL, ar, gz, package, xz, zst};

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn open(&self, bytes: &[u8]) -> Result<Deb> {
        let path = self.dir.path().join("tiny.deb");
        fs::write(&path, bytes).unwrap();
        Deb::open(path)
    }

    fn unpacked_dir(&self) -> PathBuf {
        self.dir.path().join("unpacked")
    }

    fn unpack(&self, bytes: &[u8]) -> Result<Tree> {
        let mut tree = Tree::new();
        self.open(bytes)?.unpack(&mut tree, &self.unpacked_dir())?;
        Ok(tree)
    }

    /// What is said of a package whose data archive is `data`.
    fn refusal(&self, data: Archive) -> String {
        self.unpack(&package(data)).unwrap_err().to_string()
    }
}

fn usual() -> Archive {
    Archive::new()
        .directory("./", 0o755)
        .directory("./usr/", 0o755)
        .directory("./usr/bin/", 0o755)
        .file("./usr/bin/tiny", 0o4755, &[b'x'; 5000])
        .hard_link("./usr/bin/copy", "./usr/bin/tiny")
        .symlink("./usr/bin/link", "/etc/alternatives/tiny")
        .file("./etc/tiny.conf", 0o600, b"a = 1\n")
}

#[test]
fn the_usual_package_becomes_a_tree() {
    let world = World::new();
    let tree = world.unpack(&package(usual())).unwrap();
    let listed: Vec<_> = tree.iter().map(|(path, node)| (lossy(path), node.mode())).collect();
    let wanted = [
        ("etc", 0o755),
        ("etc/tiny.conf", 0o600),
        ("usr", 0o755),
        ("usr/bin", 0o755),
        ("usr/bin/copy", 0o755),
        ("usr/bin/link", 0o777),
        ("usr/bin/tiny", 0o755),
    ];
    assert_eq!(listed, wanted.map(|(path, mode)| (path.to_owned(), mode)));
    for path in ["usr/bin/tiny", "usr/bin/copy"] {
        let Some(Node::File { content, .. }) = tree.get(path) else { panic!("{path}") };
        assert_eq!(content.read().unwrap(), [b'x'; 5000], "{path}");
    }
    let owner = Owner { uid: 3, gid: 4 };
    assert_eq!(tree.get("usr/bin/copy").map(Node::owner), Some(owner));
    let target = b"/etc/alternatives/tiny".to_vec();
    assert_eq!(tree.get("usr/bin/link"), Some(&Node::Symlink { target, owner }));
}

#[test]
fn the_control_archive_is_handed_out_in_parts() {
    let world = World::new();
    let control = Archive::new()
        .file("./control", 0o644, CONTROL)
        .file("./md5sums", 0o644, b"00000000000000000000000000000000  usr/bin/tiny\n")
        .file("./postinst", 0o755, b"#!/bin/sh\n")
        .file("./conffiles", 0o644, b"/etc/tiny.conf\nremove-on-upgrade /etc/old\n")
        .file("./triggers", 0o644, b"activate-noawait ldconfig\n");
    let bytes = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &control.finish()),
        ("data.tar", &usual().finish()),
    ]);
    let deb = world.open(&bytes).unwrap();
    assert_eq!(deb.control().package(), "tiny");
    assert_eq!(deb.control().get("Description"), Some("small\n and more"));
    assert_eq!(deb.md5sums, b"00000000000000000000000000000000  usr/bin/tiny\n");
    assert_eq!(deb.conffiles, ["/etc/tiny.conf"]);
    assert_eq!(deb.scripts.keys().collect::<Vec<_>>(), ["postinst"]);
    assert_eq!(deb.extras.keys().collect::<Vec<_>>(), ["triggers"]);
}

#[test]
fn every_compression_gives_the_same_tree() {
    let world = World::new();
    let data = usual().finish();
    let control = Archive::new().file("./control", 0o644, CONTROL).finish();
    let ways: [(&str, Vec<u8>, Vec<u8>); 4] = [
        ("", control.clone(), data.clone()),
        (".gz", gz(&control), gz(&data)),
        (".xz", xz(&control), xz(&data)),
        (".zst", zst(&control), zst(&data)),
    ];
    let ids = ways.map(|(end, control, data)| {
        let names = (format!("control.tar{end}"), format!("data.tar{end}"));
        let members = [("debian-binary", &b"2.0\n"[..]), (&names.0, &control), (&names.1, &data)];
        crate::layer::diff_id(&world.unpack(&ar(&members)).unwrap()).unwrap()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn an_unpacked_archive_is_used_again() {
    let world = World::new();
    let bytes = package(usual());
    let before = crate::layer::diff_id(&world.unpack(&bytes).unwrap()).unwrap();
    let unpacked = unpacked(&world);
    let modified = fs::metadata(&unpacked).unwrap().modified().unwrap();
    let after = crate::layer::diff_id(&world.unpack(&bytes).unwrap()).unwrap();
    assert_eq!(before, after);
    assert_eq!(fs::metadata(&unpacked).unwrap().modified().unwrap(), modified);
    let deb = Deb::open(world.dir.path().join("tiny.deb")).unwrap();
    assert_eq!(deb.unpacked_data(&world.unpacked_dir()).unwrap(), unpacked);
    assert_eq!(fs::read_dir(world.unpacked_dir()).unwrap().count(), 2, "an archive and its digest");
}

fn unpacked(world: &World) -> PathBuf {
    let mut paths = fs::read_dir(world.unpacked_dir()).unwrap().map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|it| it == "tar")).unwrap()
}

#[test]
fn an_unpacked_archive_that_was_replaced_is_unpacked_again() {
    let world = World::new();
    let bytes = package(usual());
    let before = crate::layer::diff_id(&world.unpack(&bytes).unwrap()).unwrap();
    let unpacked = unpacked(&world);
    let mut evil = fs::read(&unpacked).unwrap();
    let at = evil.windows(4).position(|window| window == b"tiny").unwrap();
    evil[at] = b'T';
    fs::write(&unpacked, evil).unwrap();
    let after = crate::layer::diff_id(&world.unpack(&bytes).unwrap()).unwrap();
    assert_eq!(before, after);
}

#[test]
fn set_id_bits_stay_only_where_they_are_listed() {
    let world = World::new();
    let deb = world.open(&package(usual())).unwrap();
    let rules = UnpackRules { keep_set_id: vec!["usr/bin/tiny".to_owned()] };
    let mut tree = Tree::new();
    let dropped = deb.unpack_with(&mut tree, &world.unpacked_dir(), &rules).unwrap();
    assert_eq!(tree.get("usr/bin/tiny").map(Node::mode), Some(0o4755));
    assert_eq!(dropped, []);
    let dropped = deb.unpack(&mut Tree::new(), &world.unpacked_dir()).unwrap();
    assert_eq!(dropped, [SetId { path: "usr/bin/tiny".to_owned(), mode: 0o4755 }]);
}

#[test]
fn entries_that_reach_outside_are_refused_by_name() {
    let world = World::new();
    let message =
        |entry: &str, why: &str| format!("cannot unpack `{entry}` of package `tiny`: {why}");
    let file = |name: &str| Archive::new().file(name, 0o644, b"x");
    let absolute = message("/etc/passwd", "cannot hold `/etc/passwd`: it is absolute");
    assert_eq!(world.refusal(file("/etc/passwd")), absolute);
    let parent = message("./a/../../b", "cannot hold `a/../../b`: a component is `..`");
    assert_eq!(world.refusal(file("./a/../../b")), parent);
    let through = Archive::new().symlink("./lib", "/tmp").file("./lib/evil", 0o644, b"x");
    let why = "cannot hold `lib/evil`: `lib` is a symbolic link to `/tmp`";
    assert_eq!(world.refusal(through), message("./lib/evil", why));
    let device = Archive::new().special("./dev/null", b'3');
    assert_eq!(world.refusal(device), message("./dev/null", "it is a device or a pipe"));
    let dangling = Archive::new().hard_link("./copy", "./nothing");
    let why = "it links to `./nothing`, which is no file before it";
    assert_eq!(world.refusal(dangling), message("./copy", why));
    let sparse = Archive::new().special("./holes", b'S');
    assert!(world.refusal(sparse).contains("`tiny`"));
    let twice = file("./a").file("./a", 0o644, b"y");
    assert_eq!(world.refusal(twice), message("./a", "cannot hold `a` twice: the files differ"));
}

#[test]
fn packages_that_are_not_quite_packages_are_refused_by_name() {
    let world = World::new();
    let message = |members: &[(&str, &[u8])]| world.open(&ar(members)).unwrap_err().to_string();
    let control = Archive::new().file("./control", 0o644, CONTROL).finish();
    let data = usual().finish();
    let format = ("debian-binary", &b"2.0\n"[..]);
    let refused = |why: &str| format!("cannot read package `tiny.deb`: {why}");
    assert_eq!(message(&[]), refused("it does not begin with `debian-binary`"));
    assert_eq!(message(&[("debian-binary", b"3.0\n")]), refused("its format is not 2.0"));
    assert_eq!(message(&[format]), refused("it has no `control.tar`"));
    assert_eq!(message(&[format, ("control.tar", &control)]), refused("it has no `data.tar`"));
    let members = [format, ("control.tar", &control), ("data.tar", &data), ("data.tar.xz", &data)];
    assert_eq!(message(&members), refused("it has more than one `data.tar`"));
    let members = [format, ("control.tar.bz2", &control), ("data.tar", &data)];
    let why = "`control.tar.bz2` is compressed in a way that is not read here";
    assert_eq!(message(&members), refused(why));
    let empty = Archive::new().finish();
    let members = [format, ("control.tar", &empty), ("data.tar", &data)];
    assert_eq!(message(&members), refused("its control archive has no `control`"));
    let error = world.open(b"not ar").unwrap_err().to_string();
    assert_eq!(error, refused("it is not an ar archive"));
}

#[test]
fn what_an_archive_says_before_an_entry_is_held_to_a_length() {
    let world = World::new();
    let message = |data: Archive| world.refusal(data);
    let refused = |why: &str| format!("cannot read package `tiny`: its data archive: {why}");
    let long = [b'n'; 65 << 10];
    let name = Archive::new().extension(b'L', &long).file("./a", 0o644, b"x");
    assert_eq!(message(name), refused("a name is longer than 64 KiB"));
    let link = Archive::new().extension(b'K', &long).symlink("./a", "b");
    assert_eq!(message(link), refused("a name is longer than 64 KiB"));
    let size = Archive::new().extension(b'x', b"10 size=1\n").file("./a", 0o644, b"xy");
    assert_eq!(message(size), refused("a PAX header changes a size"));
    let fits = Archive::new().extension(b'L', b"./a/long/name\0").file("./a", 0o644, b"x");
    assert!(world.unpack(&package(fits)).unwrap().get("a/long/name").is_some());
}

#[test]
fn a_package_that_would_fill_the_disk_is_refused_and_leaves_nothing_unpacked() {
    let world = World::new();
    let data = gz(&vec![0; 65 << 20]);
    let control = Archive::new().file("./control", 0o644, CONTROL).finish();
    let members =
        [("debian-binary", &b"2.0\n"[..]), ("control.tar", &control), ("data.tar.gz", &data)];
    let message = world.unpack(&ar(&members)).unwrap_err().to_string();
    assert_eq!(message, "cannot read package `tiny`: `data.tar.gz` unpacks to too much");
    assert_eq!(fs::read_dir(world.unpacked_dir()).unwrap().count(), 0);
}

#[test]
fn a_damaged_data_archive_leaves_nothing_unpacked() {
    let world = World::new();
    let mut data = xz(&usual().finish());
    let middle = data.len() / 2;
    data[middle] ^= 0x55;
    let control = Archive::new().file("./control", 0o644, CONTROL).finish();
    let members =
        [("debian-binary", &b"2.0\n"[..]), ("control.tar", &control), ("data.tar.xz", &data)];
    let message = world.unpack(&ar(&members)).unwrap_err().to_string();
    assert!(message.starts_with("cannot read package `tiny`: `data.tar.xz`: "), "{message}");
    assert_eq!(fs::read_dir(world.unpacked_dir()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is done to a real package, it is read or refused.
    #[test]
    fn never_panics_on_a_mutated_package(
        way in 0..4_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let pack: fn(&[u8]) -> Vec<u8> = [<[u8]>::to_vec, gz, xz, zst][way];
        let end = ["", ".gz", ".xz", ".zst"][way];
        let control = pack(&Archive::new().file("./control", 0o644, CONTROL).finish());
        let data = pack(&usual().finish());
        let names = (format!("control.tar{end}"), format!("data.tar{end}"));
        let mut bytes = ar(&[("debian-binary", b"2.0\n"), (&names.0, &control), (&names.1, &data)]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let world = World::new();
        if let Ok(tree) = world.unpack(&bytes) {
            drop(crate::layer::diff_id(&tree));
        }
    }

    /// The same, with the damage inside the decoded archives.
    #[test]
    fn never_panics_on_a_mutated_archive(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut data = usual().finish();
        for (at, byte) in changes {
            let at = at.index(data.len());
            data[at] = byte;
            build::write_checksum(&mut data, at);
        }
        let control = Archive::new().file("./control", 0o644, CONTROL).finish();
        let members = [("debian-binary", &b"2.0\n"[..]), ("control.tar", &control), ("data.tar", &data)];
        let world = World::new();
        if let Ok(tree) = world.unpack(&ar(&members)) {
            drop(crate::layer::diff_id(&tree));
        }
    }
}
