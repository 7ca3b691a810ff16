use super::*;
use crate::content::Content;
use crate::gzip_v1::{ENCODER_ID, Level};
use crate::tree::{DirectoryRules, Node, Owner};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

struct World {
    dir: tempfile::TempDir,
    layout: Layout,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(dir.path().join("layout")).unwrap();
        fs::create_dir(dir.path().join("files")).unwrap();
        Self { dir, layout }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join("files").join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn tree(&self) -> Tree {
        let files = self.dir.path().join("files");
        Tree::from_directory(&files, "app", &DirectoryRules::default()).unwrap()
    }

    /// A cache as a new process would open it.
    fn cache(&self) -> Cache {
        Cache::open(self.dir.path().join("cache")).unwrap()
    }

    fn build(&self) -> (LayerBlob, Origin) {
        cached_layer(&self.tree(), &self.layout, &self.cache()).unwrap()
    }
}

#[test]
fn an_unchanged_layer_is_made_once() {
    let world = World::new();
    world.file("a", "one");
    let (first, origin) = world.build();
    assert_eq!(origin, Made);
    assert_eq!(world.build(), (first.clone(), Reused));
    world.file("a", "two");
    let (second, origin) = world.build();
    assert_eq!(origin, Made);
    assert_ne!(second.diff_id, first.diff_id);
    world.file("a", "one");
    assert_eq!(world.build(), (first, Reused), "an earlier state is remembered too");
}

#[test]
fn a_layer_whose_blob_is_gone_is_made_again() {
    let world = World::new();
    world.file("a", "one");
    let (layer, _) = world.build();
    let path = world.layout.blob_path(&layer.descriptor.digest);
    fs::write(&path, "cut off").unwrap();
    assert_eq!(world.build(), (layer.clone(), Made));
    fs::remove_file(&path).unwrap();
    assert_eq!(world.build(), (layer.clone(), Made));
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(world.build(), (layer.clone(), Made), "one of the right size is read, too");
    world.layout.verify(&layer.descriptor).unwrap();
}

#[test]
fn everything_that_the_bytes_depend_on_is_in_the_key() {
    let world = World::new();
    let cache = world.cache();
    let key = |path: &str, node: Node| {
        let mut tree = Tree::new();
        tree.insert(path, node).unwrap();
        layer_key(&tree, ENCODER_ID, &cache).unwrap()
    };
    let owner = Owner { uid: 1, gid: 0 };
    let content = Content::Bytes(b"x".to_vec());
    let keys = [
        key("a", Node::file(0o644, "x")),
        key("b", Node::file(0o644, "x")),
        key("a", Node::file(0o755, "x")),
        key("a", Node::file(0o644, "y")),
        key("a", Node::symlink("x")),
        key("a", Node::symlink("y")),
        key("a", Node::directory(0o644)),
        key("a", Node::File { mode: 0o644, owner, content: content.clone() }),
        key("a", Node::File { mode: 0o644, owner: Owner { uid: 0, gid: 1 }, content }),
        layer_key(&Tree::new(), Level::Fast.encoder_id(), &cache).unwrap(),
        layer_key(&Tree::new(), ENCODER_ID, &cache).unwrap(),
    ];
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn where_the_bytes_are_is_not_in_the_key() {
    let world = World::new();
    let path = world.file("a", "abc");
    let cache = world.cache();
    let key = |content| {
        let mut tree = Tree::new();
        let owner = Owner::default();
        tree.insert("a", Node::File { mode: 0o644, owner, content }).unwrap();
        layer_key(&tree, ENCODER_ID, &cache).unwrap()
    };
    let in_memory = key(Content::Bytes(b"abc".to_vec()));
    assert_eq!(key(Content::Disk { path: path.clone(), size: 3 }), in_memory);
    assert_eq!(key(Content::Slice { path, offset: 0, size: 3 }), in_memory);
}

/// The race of git's index: a second change of the same length within the clock's grain would
/// leave the same times behind, so nothing may be remembered that early.
#[test]
fn a_file_written_just_now_is_not_remembered_by_its_times() {
    let world = World::new();
    let path = world.file("a", "one");
    let cache = world.cache();
    layer_key(&world.tree(), ENCODER_ID, &cache).unwrap();
    let stat = Stat::new(&fs::metadata(&path).unwrap(), 0, 3);
    assert_eq!(locked(&cache.contents).get(&stat), None);
}

#[test]
fn only_what_changed_long_before_reading_is_settled() {
    let world = World::new();
    let stat = Stat::new(&fs::metadata(world.file("a", "x")).unwrap(), 0, 1);
    let now = SystemTime::now();
    assert!(!stat.is_settled(now));
    assert!(!stat.is_settled(now - Duration::from_secs(60)), "a file from the future");
    assert!(stat.is_settled(now + Duration::from_secs(3)));
    assert!(!stat.is_settled(SystemTime::UNIX_EPOCH));
}

#[test]
fn a_settled_file_is_not_read_again() {
    let world = World::new();
    let path = world.file("a", "one");
    let cache = world.cache();
    let stat = Stat::new(&fs::metadata(&path).unwrap(), 0, 3);
    let claimed = Digest::of(b"what the cache claims");
    locked(&cache.contents).put(stat, claimed);
    cache.save().unwrap();
    let key = |cache: &Cache| layer_key(&world.tree(), ENCODER_ID, cache).unwrap();
    let believed = key(&world.cache());
    fs::remove_dir_all(world.dir.path().join("cache")).unwrap();
    assert_ne!(key(&world.cache()), believed, "the claim was believed without reading");
}

#[test]
fn two_builds_at_once_keep_what_both_learnt() {
    let world = World::new();
    let caches = [world.cache(), world.cache()];
    for (cache, name) in caches.iter().zip(["a", "b"]) {
        let mut tree = Tree::new();
        tree.insert(name, Node::file(0o644, name)).unwrap();
        assert_eq!(cached_layer(&tree, &world.layout, cache).unwrap().1, Made);
    }
    for name in ["a", "b"] {
        let mut tree = Tree::new();
        tree.insert(name, Node::file(0o644, name)).unwrap();
        assert_eq!(cached_layer(&tree, &world.layout, &world.cache()).unwrap().1, Reused);
    }
}

#[test]
fn a_damaged_cache_costs_time_only() {
    let world = World::new();
    world.file("a", "one");
    let (layer, _) = world.build();
    let path = world.dir.path().join("cache/layers.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\n\u{0}garbage\n", &text[..text.len() / 2])).unwrap();
    assert_eq!(world.build(), (layer.clone(), Made));
    assert_eq!(world.build(), (layer, Reused));
}
