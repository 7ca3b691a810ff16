use super::*;
use proptest::prelude::*;
use std::process::{Command, Stdio};
use xtask_core::digest::Digest;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const ROOT: Owner = Owner { uid: 0, gid: 0 };

fn written(write: impl FnOnce(&mut Writer<Vec<u8>>)) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    write(&mut writer);
    writer.finish().unwrap()
}

/// One entry of each kind, each long form, and owners other than root.
fn golden() -> Vec<u8> {
    let deep = [&[b'd'; 60][..], &[b'e'; 60], &[b'f'; 60]].join(&b'/');
    written(|tar| {
        tar.directory(b"app", 0o755, ROOT).unwrap();
        tar.file_whole(b"app/empty", 0o644, ROOT, b"").unwrap();
        tar.symlink(b"app/link", b"../etc/target", ROOT).unwrap();
        tar.file_whole(b"app/main.js", 0o100_755, Owner { uid: 65532, gid: 7 }, b"x\n").unwrap();
        tar.directory(&deep, 0o1777, ROOT).unwrap();
        tar.file_whole(&[b'n'; 101], 0o4755, ROOT, &[7; 512]).unwrap();
        tar.symlink(b"z", &[b'l'; 101], ROOT).unwrap();
        tar.file_whole("é".as_bytes(), 0o600, ROOT, b"y").unwrap();
    })
}

/// What a reader makes of an entry.
struct Read {
    path: Vec<u8>,
    mode: u32,
    link: Option<Vec<u8>>,
    mtime: u64,
}

fn read_back(bytes: &[u8]) -> Vec<Read> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap().map(Result::unwrap);
    entries
        .map(|entry| Read {
            path: entry.path_bytes().into_owned(),
            mode: entry.header().mode().unwrap(),
            link: entry.link_name_bytes().map(std::borrow::Cow::into_owned),
            mtime: entry.header().mtime().unwrap(),
        })
        .collect()
}

#[test]
fn an_empty_archive_is_two_zero_blocks() {
    assert_eq!(written(|_| ()), [0; 1024]);
}

#[test]
fn the_header_of_a_file_is_these_bytes() {
    let bytes = written(|tar| {
        tar.file_whole(b"a", 0o644, Owner { uid: 8, gid: 9 }, b"hi").unwrap();
    });
    let mut wanted = [0; 512];
    wanted[..1].copy_from_slice(b"a");
    wanted[100..156].copy_from_slice(
        b"0000644\x000000010\x000000011\x0000000000002\x0000000000001\x00007344\0 ",
    );
    wanted[156] = b'0';
    wanted[257..265].copy_from_slice(b"ustar\x0000");
    wanted[329..345].copy_from_slice(b"0000000\x000000000\0");
    assert_eq!(bytes[..512], wanted);
    assert_eq!(bytes[512..514], *b"hi");
    assert_eq!(bytes[514..], [0; 510 + 1024]);
}

#[test]
fn the_golden_archive_keeps_its_digest() {
    let digest = Digest::of(&golden()).to_string();
    assert_eq!(digest, "sha256:0a47739fe4d4593c45785cde959a62a158fc03736ca41faa8bd8ed33530c57c7");
}

#[test]
fn others_read_what_we_write() {
    let entries = read_back(&golden());
    let long = [&[b'd'; 60][..], &[b'e'; 60], &[b'f'; 60]].join(&b'/');
    let paths: Vec<_> = entries.iter().map(|entry| entry.path.clone()).collect();
    let wanted: [&[u8]; 8] = [
        b"app/",
        b"app/empty",
        b"app/link",
        b"app/main.js",
        &[&long[..], b"/"].concat(),
        &[b'n'; 101],
        b"z",
        "é".as_bytes(),
    ];
    assert_eq!(paths, wanted);
    let modes: Vec<_> = entries.iter().map(|entry| entry.mode).collect();
    assert_eq!(modes, [0o755, 0o644, 0o777, 0o755, 0o1777, 0o4755, 0o777, 0o600]);
    assert_eq!(entries[6].link.as_deref(), Some(&[b'l'; 101][..]));
    assert!(entries.iter().all(|entry| entry.mtime == MTIME));
}

#[test]
fn gnu_tar_lists_it_without_a_warning() {
    let mut tar = Command::new(required!(required_program("tar")))
        .args(["--list", "--verbose", "--numeric-owner", "--utc", "--quoting-style=literal"])
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tar.stdin.take().unwrap().write_all(&golden()).unwrap();
    let output = tar.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let listed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(listed.lines().count(), 8, "{listed}");
    assert!(
        listed.contains("-rwxr-xr-x 65532/7           2 1970-01-01 00:00 app/main.js"),
        "{listed}"
    );
}

#[test]
fn a_file_of_eight_gibibytes_has_its_size_in_pax() {
    let size = 8 << 30;
    let header = |size| {
        let mut writer = Writer::new(Vec::new());
        writer.file(b"big", 0o644, ROOT, size).unwrap();
        writer.sink
    };
    assert_eq!(header(size - 1).len(), 512);
    let large = header(size);
    assert_eq!(&large[512..531], b"19 size=8589934592\n");
    assert_eq!(&large[1024 + 124..1024 + 136], b"00000000000\0");
    let mut archive = tar::Archive::new(&large[..]);
    let entry = archive.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(entry.size(), size);
}

#[test]
fn a_stream_of_the_wrong_length_is_refused() {
    for (announced, bytes) in [(2, &b"abc"[..]), (4, b"abc"), (0, b"a")] {
        let mut writer = Writer::new(Vec::new());
        let error = writer.file_from(b"f", 0o644, ROOT, announced, &mut &*bytes).unwrap_err();
        assert_eq!(error.to_string(), "cannot write `f`: its stream is not as long as announced");
    }
}

#[test]
fn what_has_no_portable_form_is_refused() {
    let mut writer = Writer::new(Vec::new());
    assert!(writer.file(b"\xff", 0o644, ROOT, 0).is_err());
    assert!(writer.symlink(b"l", b"\xff", ROOT).is_err());
    assert!(writer.file(b"f", 0o644, Owner { uid: 0o10_000_000, gid: 0 }, 0).is_err());
    assert!(writer.file(b"f", 0o644, Owner { uid: 0o7_777_777, gid: 0 }, 0).is_ok());
}

proptest! {
    /// Names of every length around the limits of 100 and 155 bytes, with slashes anywhere.
    #[test]
    fn every_name_reads_back(
        parts in prop::collection::vec("[a-zA-Z0-9é 漢.]{1,110}", 1..5),
        target in "[a-z/é]{1,120}",
    ) {
        let name = parts.join("/").into_bytes();
        let bytes = written(|tar| {
            tar.directory(&name, 0o755, ROOT).unwrap();
            tar.file_whole(&name, 0o644, ROOT, b"1").unwrap();
            tar.symlink(&name, target.as_bytes(), ROOT).unwrap();
        });
        let entries = read_back(&bytes);
        prop_assert_eq!(entries.len(), 3);
        prop_assert_eq!(&entries[0].path, &[&name[..], b"/"].concat());
        prop_assert_eq!(&entries[1].path, &name);
        prop_assert_eq!(&entries[2].path, &name);
        prop_assert_eq!(entries[2].link.as_deref(), Some(target.as_bytes()));
    }

    /// PAX is used only where ustar cannot hold the name.
    #[test]
    fn short_names_cost_one_header(name in "[a-z]{1,90}(/[a-z]{1,60}){0,1}") {
        let bytes = written(|tar| tar.file_whole(name.as_bytes(), 0o644, ROOT, b"").unwrap());
        prop_assert_eq!(bytes.len(), 512 + 1024);
    }
}
