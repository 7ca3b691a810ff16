//! What holds for any tree: the same bytes however they are written, in whatever order a disk
//! lists them; others read back what was written; sizes beyond 32 bits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use xtask_image::content::Content;
use xtask_image::gzip_v1::{Encoder, Level, Options};
use xtask_image::layer::{diff_id, tar_size, write_layer, write_tar};
use xtask_image::layout::Layout;
use xtask_image::tar_v1::{Owner, Writer};
use xtask_image::tree::{DirectoryRules, Node, Tree};

const GIB: u64 = 1 << 30;

/// A file or a link by name: short and long, plain and not.
fn entries() -> impl Strategy<Value = BTreeMap<String, Entry>> {
    let part = prop_oneof!["[a-z]{1,8}", "[a-zé漢 ]{1,20}", "[a-z]{90,120}"];
    let name = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let entry = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..2000).prop_map(Entry::File),
        Just(Entry::File(Vec::new())),
        "[a-z./é]{1,130}".prop_map(Entry::Link),
    ];
    prop::collection::btree_map(name, entry, 0..10).prop_map(without_conflicts)
}

#[derive(Clone, Debug)]
enum Entry {
    File(Vec<u8>),
    Link(String),
}

/// Nothing may lie below a file or a link.
fn without_conflicts(mut entries: BTreeMap<String, Entry>) -> BTreeMap<String, Entry> {
    let names: Vec<String> = entries.keys().cloned().collect();
    entries.retain(|name, _| !names.iter().any(|other| other.starts_with(&format!("{name}/"))));
    entries
}

fn tree(entries: &BTreeMap<String, Entry>) -> Tree {
    let mut tree = Tree::new();
    for (name, entry) in entries {
        let node = match entry {
            Entry::File(bytes) => Node::file(0o644, bytes.clone()),
            Entry::Link(target) => Node::symlink(target.as_bytes()),
        };
        tree.insert(name, node).unwrap();
    }
    tree
}

fn put(folder: &Path, name: &str, entry: &Entry) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    match entry {
        Entry::File(bytes) => std::fs::write(path, bytes).unwrap(),
        Entry::Link(target) => std::os::unix::fs::symlink(target, path).unwrap(),
    }
}

/// Takes a few bytes at a time, as a slow pipe does.
struct Sipping(Vec<u8>, usize);

impl Write for Sipping {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.1);
        self.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_layer_is_the_same_bytes_on_any_number_of_threads(entries in entries()) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(folder.path()).unwrap();
        let tree = tree(&entries);
        let write = |threads| {
            let options = Options { level: Level::Default, threads };
            write_layer(&tree, &layout, options).unwrap()
        };
        let layer = write(1);
        prop_assert_eq!(&write(2), &layer);
        prop_assert_eq!(&write(5), &layer);
        prop_assert_eq!(diff_id(&tree).unwrap(), layer.diff_id);
    }

    #[test]
    fn a_sink_that_takes_little_gets_the_same_tar(entries in entries(), sip in 1..700_usize) {
        let tree = tree(&entries);
        let mut whole = Vec::new();
        write_tar(&tree, &mut whole).unwrap();
        let mut sipping = Sipping(Vec::new(), sip);
        write_tar(&tree, &mut sipping).unwrap();
        prop_assert_eq!(&sipping.0, &whole);
        prop_assert_eq!(tar_size(&tree).unwrap(), whole.len() as u64);
    }

    #[test]
    fn others_read_back_every_file_and_link(entries in entries()) {
        let mut bytes = Vec::new();
        write_tar(&tree(&entries), &mut bytes).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut found = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let link = entry.link_name_bytes().map(|it| it.into_owned());
            if !entry.header().entry_type().is_dir() {
                found.insert(name, link.unwrap_or(content));
            }
        }
        let wanted: BTreeMap<String, Vec<u8>> = entries
            .into_iter()
            .map(|(name, entry)| match entry {
                Entry::File(bytes) => (name, bytes),
                Entry::Link(target) => (name, target.into_bytes()),
            })
            .collect();
        prop_assert_eq!(found, wanted);
    }

    /// Disks list by age, by hash or by name; two orders of making stand for them.
    #[test]
    fn the_order_in_which_a_disk_lists_does_not_matter(entries in entries()) {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        entries.iter().for_each(|(name, entry)| put(one.path(), name, entry));
        entries.iter().rev().for_each(|(name, entry)| put(other.path(), name, entry));
        let digest = |folder: &Path| {
            let tree = Tree::from_directory(folder, "app", &DirectoryRules::default()).unwrap();
            diff_id(&tree).unwrap()
        };
        prop_assert_eq!(digest(one.path()), digest(other.path()));
    }

    /// Counted from headers alone: nothing of these sizes is held or written anywhere.
    #[test]
    fn the_length_of_a_tar_is_known_at_any_size(sizes in prop::collection::vec(0..20 * GIB, 1..5)) {
        let mut tree = Tree::new();
        let mut wanted = 2 * 512;
        for (number, size) in sizes.iter().enumerate() {
            let content = Content::Disk { path: "/nowhere".into(), size: *size };
            let node = Node::File { mode: 0o644, owner: Owner::default(), content };
            tree.insert(format!("{number}"), node).unwrap();
            let pax = if *size >= 8 * GIB { 2 * 512 } else { 0 };
            wanted += 512 + pax + size.next_multiple_of(512);
        }
        prop_assert_eq!(tar_size(&tree).unwrap(), wanted);
    }
}

/// Counts, and keeps the last few bytes.
#[derive(Default)]
struct Counting {
    len: u64,
    tail: Vec<u8>,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len() as u64;
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(8)..]);
        self.tail.drain(..self.tail.len().saturating_sub(8));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_beyond_32_bits_streams_through_tar() {
    let size = 4 * GIB + 1;
    let mut writer = Writer::new(Counting::default());
    let mut stream = io::repeat(7).take(size);
    writer.file_from(b"big", 0o644, Owner::default(), size, &mut stream).unwrap();
    let counted = writer.finish().unwrap();
    assert_eq!(counted.len, 512 + size.next_multiple_of(512) + 1024);
}

#[test]
fn gzip_counts_beyond_32_bits_as_its_trailer_wants() {
    let size = 4 * GIB + 5;
    let options = Options { level: Level::Store, threads: 2 };
    let mut encoder = Encoder::new(Counting::default(), options);
    io::copy(&mut io::repeat(0).take(size), &mut encoder).unwrap();
    let counted = encoder.finish().unwrap();
    assert!(counted.len > size, "stored bytes are all there");
    assert_eq!(counted.tail[4..], 5_u32.to_le_bytes(), "the length is modulo 2^32");
}
