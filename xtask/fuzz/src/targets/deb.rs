//! A Debian package: as a whole, and its data archive alone.

use super::Target;
use std::cell::OnceCell;
use std::path::Path;
use xtask_image::deb::Deb;
use xtask_image::tar_v1::{Owner, Writer};
use xtask_image::tree::{Content, Node, Tree};

pub(super) const PACKAGE: Target = Target {
    name: "deb",
    run: |bytes| unpack(bytes),
    seeds: || vec![package(&data())],
    words: &["debian-binary   ", "control.tar", "data.tar", ".gz", ".xz", ".zst", "`\n", "2.0\n"],
};

/// Damage inside the archive meets a checksum first, so every header gets a right one.
pub(super) const DATA: Target = Target {
    name: "data-tar",
    run: |bytes| {
        let mut bytes = bytes.to_vec();
        write_checksum(&mut bytes);
        unpack(&package(&bytes));
    },
    seeds: || vec![data(), Vec::new()],
    words: &["ustar\x0000", "ustar  \0", "./", "../", "path=", "linkpath=", "size=", "00000000000"],
};

thread_local! {
    /// In memory where the system has such a folder: fuzzers write more than disks like.
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

pub(super) fn in_folder(run: impl FnOnce(&Path)) {
    FOLDER.with(|folder| {
        let memory = Path::new("/dev/shm");
        let make = || match memory.is_dir() {
            true => tempfile::tempdir_in(memory).expect("memory has room"),
            false => tempfile::tempdir().expect("the disk has room"),
        };
        run(folder.get_or_init(make).path());
    });
}

fn unpack(bytes: &[u8]) {
    in_folder(|folder| {
        let (path, unpacked_dir) = (folder.join("fuzzed.deb"), folder.join("unpacked"));
        std::fs::write(&path, bytes).expect("the folder is ours");
        let mut tree = Tree::new();
        let done = Deb::open(&path).and_then(|deb| deb.unpack(&mut tree, &unpacked_dir));
        check(&tree, &unpacked_dir);
        if done.is_ok() {
            drop(xtask_image::layer::diff_id(&tree));
        }
        drop(std::fs::remove_dir_all(&unpacked_dir));
    });
}

/// No entry lands anywhere but where its path says, inside the tree.
fn check(tree: &Tree, unpacked_dir: &Path) {
    for (path, node) in tree.iter() {
        let text = std::str::from_utf8(path).expect("a path is text");
        assert!(!text.contains('\0'), "a NUL in `{text}`");
        let parts: Vec<&str> = text.split('/').collect();
        assert!(parts.iter().all(|part| !matches!(*part, "" | "." | "..")), "`{text}` escapes");
        for end in 1..parts.len() {
            let parent = parts[..end].join("/");
            let above = tree.get(&parent);
            assert!(matches!(above, Some(Node::Directory { .. })), "`{text}` below `{parent}`");
        }
        assert_eq!(node.mode() & 0o6000, 0, "`{text}` gives its owner's rights away");
        if let Node::File { content: Content::Slice { path, offset, size }, .. } = node {
            let len = std::fs::metadata(path).expect("the archive is there").len();
            assert!(
                path.starts_with(unpacked_dir) && offset + size <= len,
                "`{text}` reaches outside"
            );
        }
    }
}

fn data() -> Vec<u8> {
    let mut tar = Writer::new(Vec::new());
    let owner = Owner { uid: 3, gid: 4 };
    let write = |tar: &mut Writer<Vec<u8>>| {
        tar.directory(b"usr", 0o755, owner)?;
        tar.file_whole(b"usr/tiny", 0o4755, owner, &[b'x'; 5000])?;
        tar.symlink(b"usr/link", b"/etc/alternatives/tiny", owner)?;
        tar.symlink(b"lib", b"../../tmp", owner)?;
        tar.file_whole(&[b'n'; 120], 0o644, owner, b"a long name")?;
        tar.file_whole("é".as_bytes(), 0o644, owner, b"")
    };
    write(&mut tar).and_then(|()| tar.finish()).expect("memory takes it")
}

fn package(data: &[u8]) -> Vec<u8> {
    let mut tar = Writer::new(Vec::new());
    let control = b"Package: tiny\nVersion: 1\nArchitecture: amd64\n";
    let written = tar.file_whole(b"control", 0o644, Owner::default(), control);
    let control = written.and_then(|()| tar.finish()).expect("memory takes it");
    let members: [(&str, &[u8]); 3] =
        [("debian-binary", b"2.0\n"), ("control.tar", &control), ("data.tar", data)];
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let size = content.len();
        bytes.extend(format!("{name:<16}0           0     0     100644  {size:<10}`\n").bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

fn write_checksum(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}
