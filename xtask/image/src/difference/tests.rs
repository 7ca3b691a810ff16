use super::*;
use crate::gzip_v1::{Encoder, Level, Options};
use crate::layer::write_tar;
use crate::tree::{Node, Owner, Tree};
use proptest::prelude::*;
use std::io::Write as _;

fn sample() -> Tree {
    let mut tree = Tree::new();
    tree.insert("app/main.js", Node::file(0o644, "console.log(1)\n")).unwrap();
    tree.insert("app/run", Node::symlink("main.js")).unwrap();
    tree.insert(
        format!("app/{}/x", "long/".repeat(60).trim_end_matches('/')),
        Node::file(0o644, "x"),
    )
    .unwrap();
    tree
}

fn packed(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_tar(tree, &mut bytes).unwrap();
    bytes
}

/// The differences between the sample and what `change` makes of it, as people read them.
fn after(change: impl FnOnce(&mut Tree)) -> Vec<String> {
    let mut changed = sample();
    change(&mut changed);
    differences(&packed(&sample()), &packed(&changed))
}

fn differences(first: &[u8], second: &[u8]) -> Vec<String> {
    tars(first, second).unwrap().found.iter().map(ToString::to_string).collect()
}

fn put(path: &str, node: Node) -> impl FnOnce(&mut Tree) {
    move |tree| tree.insert_over(path, node).unwrap()
}

#[test]
fn the_same_bytes_have_no_difference() {
    assert!(tars(&packed(&sample())[..], &packed(&sample())[..]).unwrap().is_empty());
}

#[test]
fn every_field_that_a_tree_can_change_is_named_with_its_first_byte() {
    let text = || b"console.log(1)\n".to_vec();
    let cases: [(&str, Vec<String>); 6] = [
        (
            "`app/main.js`: mode from byte 104: 0644, 0755",
            after(put("app/main.js", Node::file(0o755, text()))),
        ),
        (
            "`app/run`: link from byte 157: `main.js`, `other.js`",
            after(put("app/run", Node::symlink("other.js"))),
        ),
        ("`app/new`: presence: absent, there", after(put("app/new", Node::file(0o644, "new")))),
        ("`app/run`: presence: there, absent", after(|tree| drop(tree.remove("app/run")))),
        (
            "`app/main.js`: content from byte 12: 31 29 0a, 32 29 0a",
            after(put("app/main.js", Node::file(0o644, "console.log(2)\n"))),
        ),
        (
            "`app/run`: kind from byte 156: symbolic link, file",
            after(put("app/run", Node::file(0o777, ""))),
        ),
    ];
    for (wanted, found) in cases {
        assert_eq!(found.first().map(String::as_str), Some(wanted), "{found:?}");
    }
}

#[test]
fn owners_sizes_and_what_follows_from_them_are_named() {
    let owner = Owner { uid: 7, gid: 9 };
    let bytes = b"console.log(1)\n".to_vec();
    let content = crate::content::Content::Bytes(bytes);
    let owned = after(put("app/main.js", Node::File { mode: 0o644, owner, content }));
    assert_eq!(
        owned,
        ["`app/main.js`: uid from byte 114: 0, 7", "`app/main.js`: gid from byte 121: 0, 9"]
            .map(ToOwned::to_owned)
    );
    let longer = after(put("app/main.js", Node::file(0o644, "console.log(1)\n\n")));
    assert_eq!(
        longer,
        [
            "`app/main.js`: size from byte 133: 15, 16",
            "`app/main.js`: content from byte 15: the end, 0a"
        ]
    );
}

/// What a tree cannot express, but another program's tar can.
#[test]
fn bytes_that_no_tree_of_ours_could_change_are_found_too() {
    let first = packed(&sample());
    let entry = first.windows(11).position(|it| it == b"app/main.js").unwrap();
    let with = |at: usize, byte: u8| {
        let mut second = first.clone();
        second[at] ^= byte;
        differences(&first, &second)
    };
    assert_eq!(with(entry + 146, 3), ["`app/main.js`: mtime from byte 146: 1, 2"]);
    assert_eq!(with(entry + 265, b'r'), ["`app/main.js`: user name from byte 265: ``, `r`"]);
    assert_eq!(
        with(entry + 300, b'w'),
        [
            "`app/main.js`: group name from byte 300: 00 00 00 00 00 00 00 00, 77 00 00 00 00 00 00 00"
        ]
    );
    assert_eq!(with(entry + 149, 1), ["`app/main.js`: header sum from byte 149: 4774, 678"]);
    assert_eq!(with(entry + 505, 1).len(), 1);
    assert_eq!(
        with(entry + 512 + 100, 1),
        ["`app/main.js`: padding from byte 85: 00 00 00 00 00 00 00 00, 01 00 00 00 00 00 00 00"]
    );
    assert_eq!(with(first.len() - 1, 1), ["end of the tar from byte 1023: 00, 01"]);
    assert_eq!(
        differences(&first, &first[..first.len() - 512]),
        ["end of the tar from byte 512: 00 00 00 00 00 00 00 00, the end"]
    );
    assert_eq!(differences(&first[..first.len() - 512], &first[..first.len() - 1024]).len(), 1);
}

#[test]
fn another_order_is_called_so() {
    let tar = |names: [&str; 2]| {
        let mut writer = crate::tar_v1::Writer::new(Vec::new());
        for name in names {
            writer.file_whole(name.as_bytes(), 0o644, Owner::default(), b"x").unwrap();
        }
        writer.finish().unwrap()
    };
    let found = differences(&tar(["a", "b"]), &tar(["b", "a"]));
    assert!(
        found.contains(&"`a`: order: byte order is expected, after `b`".to_owned()),
        "{found:?}"
    );
}

#[test]
fn the_number_of_differences_is_whole_though_few_are_kept() {
    let mut many = Tree::new();
    for number in 0..100 {
        many.insert(format!("{number:03}"), Node::file(0o644, "x")).unwrap();
    }
    let found = tars(&packed(&Tree::new())[..], &packed(&many)[..]).unwrap();
    assert_eq!((found.count, found.found.len()), (100, KEPT_MAX));
    assert_eq!(found.found[0].path, "000");
}

fn zipped(tar: &[u8], level: Level) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), Options { level, threads: 1 });
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compression_alone_is_told_from_content() {
    let tar = packed(&sample());
    let (fast, stored) = (zipped(&tar, Level::Fast), zipped(&tar, Level::Store));
    assert!(layers(&fast[..], &stored[..]).unwrap().is_empty());
    assert!(layers(&fast[..], &tar[..]).unwrap().is_empty(), "plain layers are read as well");
    let difference = gzips(&fast[..], &stored[..]).unwrap().unwrap();
    assert_eq!((difference.field.as_str(), difference.offset), ("gzip data", Some(10)));
    let mut dated = fast.clone();
    dated[5] = 9;
    let difference = gzips(&fast[..], &dated[..]).unwrap().unwrap();
    assert_eq!(difference.field, "gzip modification time");
    assert_eq!(gzips(&fast[..], &fast[..]).unwrap(), None);
}

#[test]
fn documents_differ_by_key() {
    let found = |first: &str, second: &str| {
        let all = documents(first.as_bytes(), second.as_bytes()).found;
        all.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let first = r#"{"config":{"Env":["A=1","B=2"],"Labels":{"a.b":"x"},"User":"1"}}"#;
    let second = r#"{"config":{"Env":["A=1","B=3","C=4"],"Labels":{"a.b":"y"}},"os":"linux"}"#;
    assert_eq!(
        found(first, second),
        [
            "`config.Env[1]`: value: \"B=2\", \"B=3\"",
            "`config.Env[2]`: presence: absent, there",
            "`config.Labels[\"a.b\"]`: value: \"x\", \"y\"",
            "`config.User`: presence: there, absent",
            "`os`: presence: absent, there",
        ]
    );
    let spaced = found(r#"{"a":1}"#, r#"{"a": 1}"#);
    assert_eq!(spaced, ["order of keys or spacing from byte 5: 31 7d `1}`, 20 31 7d ` 1}`"]);
    assert_eq!(found("{", "}").len(), 1, "also where neither is JSON");
    assert!(found(first, first).is_empty());
}

#[test]
fn a_tar_that_lies_is_refused_and_takes_no_memory() {
    let good = packed(&sample());
    let mut lying = good.clone();
    let pax = lying.windows(13).position(|it| it == b"././@PaxHeade").unwrap();
    lying[pax + 124..pax + 136].copy_from_slice(b"77777777777\0");
    let error = tars(&good[..], &lying[..]).unwrap_err().to_string();
    assert!(error.contains("what is said before an entry is too long"), "{error}");
    let error = tars(&good[..], &good[..700]).map(|it| it.count);
    assert!(error.is_err() || error.unwrap() > 0);
}

/// What a random change does to a random file.
#[derive(Clone, Debug)]
enum Change {
    Mode,
    Owner,
    Byte(prop::sample::Index),
    Longer,
    Gone,
    Link,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Mode),
        Just(Change::Owner),
        any::<prop::sample::Index>().prop_map(Change::Byte),
        Just(Change::Longer),
        Just(Change::Gone),
        Just(Change::Link),
    ]
}

impl Change {
    /// What becomes of a file of `bytes`, and the field and byte that give it away.
    fn of(&self, mut bytes: Vec<u8>) -> (Option<Node>, &'static str, Option<u64>) {
        let file = |mode, uid, bytes| Node::File {
            mode,
            owner: Owner { uid, gid: 0 },
            content: crate::content::Content::Bytes(bytes),
        };
        let len = bytes.len() as u64;
        match self {
            Self::Mode => (Some(file(0o755, 0, bytes)), "mode", Some(104)),
            Self::Owner => (Some(file(0o644, 1, bytes)), "uid", Some(114)),
            Self::Byte(index) => {
                let at = index.index(bytes.len());
                bytes[at] ^= 0xff;
                (Some(file(0o644, 0, bytes)), "content", Some(at as u64))
            }
            Self::Longer => {
                bytes.push(1);
                (Some(file(0o644, 0, bytes)), "content", Some(len))
            }
            Self::Gone => (None, "presence", None),
            Self::Link => (Some(Node::symlink("elsewhere")), "kind", Some(156)),
        }
    }
}

proptest! {
    #[test]
    fn a_random_change_of_a_random_tree_is_found_and_named(
        files in prop::collection::btree_map("[a-zäé]{1,60}(/[a-zäé]{1,70}){0,3}", prop::collection::vec(any::<u8>(), 1..2000), 1..12),
        chosen: prop::sample::Index,
        change in change(),
    ) {
        let mut tree = Tree::new();
        let mut inserted = Vec::new();
        for (path, bytes) in files {
            if tree.insert(&path, Node::file(0o644, bytes.clone())).is_ok() {
                inserted.push((path, bytes));
            }
        }
        let (path, bytes) = inserted.swap_remove(chosen.index(inserted.len()));
        let (node, field, offset) = change.of(bytes);
        let mut changed = tree.clone();
        match node {
            Some(node) => changed.insert_over(&path, node).unwrap(),
            None => drop(changed.remove(&path)),
        }
        let differences = tars(&packed(&tree)[..], &packed(&changed)[..]).unwrap();
        prop_assert!(differences.found.iter().all(|it| it.path == path), "{:?}", differences);
        let named = |it: &&Difference| it.field == field && it.offset == offset;
        prop_assert_eq!(differences.found.iter().filter(named).count(), 1, "{:?}", differences);
    }

    #[test]
    fn any_changed_byte_of_a_tar_is_found(at: prop::sample::Index, bit in 0_u8..8) {
        let first = packed(&sample());
        let mut second = first.clone();
        second[at.index(first.len())] ^= 1 << bit;
        // What cannot be read any more is refused; what can be read differs.
        if let Ok(differences) = tars(&first[..], &second[..]) {
            prop_assert!(!differences.is_empty());
        }
    }

    #[test]
    fn whatever_is_there_is_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let tar = packed(&sample());
        let _refused = tars(&bytes[..], &tar[..]);
        let _refused = layers(&tar[..], &bytes[..]);
        let _any = documents(&bytes, &tar);
    }
}
