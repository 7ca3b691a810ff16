//! Tiny packages, built by hand as dpkg-deb would.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Fields of the package in all tests.
pub(super) const CONTROL: &[u8] =
    b"Package: tiny\nVersion: 1\nArchitecture: amd64\nDescription: small\n and more\n";

/// A GNU tar under construction; every entry belongs to 3:4.
pub(super) struct Archive {
    builder: tar::Builder<Vec<u8>>,
}

impl Archive {
    pub(super) fn new() -> Self {
        Self { builder: tar::Builder::new(Vec::new()) }
    }

    pub(super) fn directory(self, name: &str, mode: u32) -> Self {
        self.entry(name, b'5', mode, "", b"")
    }

    pub(super) fn file(self, name: &str, mode: u32, bytes: &[u8]) -> Self {
        self.entry(name, b'0', mode, "", bytes)
    }

    pub(super) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(name, b'2', 0o777, target, b"")
    }

    pub(super) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(name, b'1', 0o644, target, b"")
    }

    pub(super) fn special(self, name: &str, kind: u8) -> Self {
        self.entry(name, kind, 0o644, "", b"")
    }

    /// What is said of the next entry, before it.
    pub(super) fn extension(self, kind: u8, bytes: &[u8]) -> Self {
        self.entry("././@LongLink", kind, 0o644, "", bytes)
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.builder.into_inner().unwrap()
    }

    /// Names are put into the header as they are: the builder would refuse the wicked ones.
    fn entry(mut self, name: &str, kind: u8, mode: u32, link: &str, bytes: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        let raw = header.as_gnu_mut().unwrap();
        raw.name[..name.len()].copy_from_slice(name.as_bytes());
        raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_mode(mode);
        header.set_uid(3);
        header.set_gid(4);
        header.set_mtime(1_700_000_000);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        self.builder.append(&header, bytes).unwrap();
        self
    }
}

/// A package with an uncompressed control archive of nothing but `control`.
pub(super) fn package(data: Archive) -> Vec<u8> {
    let control = Archive::new().file("./control", 0o644, CONTROL).finish();
    ar(&[("debian-binary", b"2.0\n"), ("control.tar", &control), ("data.tar", &data.finish())])
}

pub(super) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        writeln!(bytes, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, content.len())
            .unwrap();
        bytes.extend_from_slice(content);
        bytes.extend(std::iter::repeat_n(b'\n', content.len() % 2));
    }
    bytes
}

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zst(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Makes the checksum of the header block around `at` right again, so that damage gets past it.
pub(super) fn write_checksum(bytes: &mut [u8], at: usize) {
    let start = at / 512 * 512;
    let Some(block) = bytes.get_mut(start..start + 512) else {
        return;
    };
    if &block[257..262] != b"ustar" {
        return;
    }
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
