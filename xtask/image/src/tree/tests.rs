use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

fn tree_of(paths: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for path in paths {
        tree.insert(path, Node::file(0o644, *path)).unwrap();
    }
    tree
}

fn paths(tree: &Tree) -> Vec<String> {
    tree.iter().map(|(path, _)| lossy(path)).collect()
}

fn refusal(result: Result<(), TreeError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn lists_bytewise_with_parents_before_children() {
    let tree = tree_of(&["b", "a/z", "a-b", "a/B/c", "é"]);
    assert_eq!(paths(&tree), ["a", "a-b", "a/B", "a/B/c", "a/z", "b", "é"]);
    assert_eq!(tree.get("a"), Some(&Node::directory(0o755)));
    assert_eq!(tree.unpacked_size(), 1 + 3 + 3 + 5 + 2);
}

#[test]
fn refuses_paths_that_a_tar_must_not_hold() {
    let mut tree = Tree::new();
    for (path, why) in [
        ("", "a component is empty"),
        ("/etc", "it is absolute"),
        ("a//b", "a component is empty"),
        ("a/", "a component is empty"),
        ("./a", "a component is `.`"),
        ("a/../b", "a component is `..`"),
        ("a\0", "it contains a NUL"),
        ("a/.wh.b", "`.wh.` means deletion in a layer"),
    ] {
        let message = refusal(tree.insert(path, Node::file(0o644, "")));
        assert_eq!(message, format!("cannot hold `{path}`: {why}"));
    }
    let text = refusal(tree.insert(b"\xff", Node::directory(0o755)));
    assert_eq!(text, "cannot hold `\u{fffd}`: it is not UTF-8");
    for (target, why) in [(&b""[..], "it links to nothing"), (b"\xff", "it is not UTF-8")] {
        let message = refusal(tree.insert("link", Node::symlink(target)));
        assert_eq!(message, format!("cannot hold `link`: {why}"));
    }
    assert!(tree.is_empty());
}

#[test]
fn refuses_a_file_below_a_file_or_through_a_link() {
    let mut tree = tree_of(&["file"]);
    tree.insert("etc/alternatives", Node::symlink("/somewhere")).unwrap();
    let below = tree.insert("file/x", Node::file(0o644, ""));
    assert_eq!(refusal(below), "cannot hold `file/x`: `file` is a file");
    let through = "cannot hold `etc/alternatives/x`: `etc/alternatives` is a symbolic link to \
                   `/somewhere`";
    assert_eq!(refusal(tree.insert("etc/alternatives/x", Node::file(0o644, ""))), through);
    assert_eq!(refusal(tree.insert_over("etc/alternatives/x", Node::file(0o644, ""))), through);
    let over = tree.insert("etc", Node::symlink("/somewhere"));
    assert_eq!(refusal(over), "cannot hold `etc` twice: it is a directory, and a symbolic link");
}

#[test]
fn takes_the_same_thing_twice_and_says_how_others_differ() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("same");
    fs::write(&path, "bytes").unwrap();
    let content = Content::Disk { path, size: 5 };
    let mut tree = Tree::new();
    tree.insert("a", Node::file(0o644, "bytes")).unwrap();
    let mode = 0o644;
    let owner = Owner::default();
    tree.insert("a", Node::File { mode, owner, content: content.clone() }).unwrap();
    let message = |tree: &mut Tree, node| refusal(tree.insert("a", node));
    assert_eq!(
        message(&mut tree, Node::file(0o644, "Bytes")),
        "cannot hold `a` twice: the files differ"
    );
    let executable = "cannot hold `a` twice: its mode is 0644, and 0755";
    assert_eq!(message(&mut tree, Node::file(0o755, "bytes")), executable);
    let owner = Owner { uid: 1, gid: 0 };
    let owned = Node::File { mode, owner, content };
    assert_eq!(message(&mut tree, owned), "cannot hold `a` twice: its owners differ");
    tree.insert("l", Node::symlink("x")).unwrap();
    let link = "cannot hold `l` twice: it is a link to `x`, and one to `y`";
    assert_eq!(refusal(tree.insert("l", Node::symlink("y"))), link);
}

#[test]
fn the_first_to_name_a_directory_decides_its_mode() {
    let mut tree = tree_of(&["tmp/x"]);
    tree.insert("tmp", Node::directory(0o1777)).unwrap();
    assert_eq!(tree.get("tmp"), Some(&Node::directory(0o1777)));
    tree.insert("tmp/y", Node::file(0o644, "")).unwrap();
    assert_eq!(tree.get("tmp"), Some(&Node::directory(0o1777)));
    let message = refusal(tree.insert("tmp", Node::directory(0o755)));
    assert_eq!(message, "cannot hold `tmp` twice: its mode is 1777, and 0755");
    let message = refusal(tree.insert("tmp", Node::file(0o644, "")));
    assert_eq!(message, "cannot hold `tmp` twice: it is a directory, and a file");
}

#[test]
fn insert_over_replaces_but_never_orphans() {
    let mut tree = tree_of(&["a/b", "c"]);
    tree.insert_over("c", Node::symlink("a")).unwrap();
    assert_eq!(tree.get("c"), Some(&Node::symlink("a")));
    let message = refusal(tree.insert_over("a", Node::symlink("c")));
    assert_eq!(message, "cannot hold `a` twice: it is a directory that holds other entries");
    tree.insert_over("a", Node::directory(0o700)).unwrap();
    assert_eq!(paths(&tree), ["a", "a/b", "c"]);
}

#[test]
fn merges_as_inserting_would() {
    let mut tree = tree_of(&["a/x"]);
    tree.insert("a", Node::directory(0o700)).unwrap();
    tree.merge(tree_of(&["a/y", "b/z"])).unwrap();
    assert_eq!(paths(&tree), ["a", "a/x", "a/y", "b", "b/z"]);
    assert_eq!(tree.get("a"), Some(&Node::directory(0o700)), "an implied directory has no opinion");
    tree.insert("b", Node::directory(0o711)).unwrap();
    let mut other = Tree::new();
    other.insert("a/x", Node::file(0o644, "other")).unwrap();
    assert!(tree.merge(other).is_err());
}

#[test]
fn removes_what_matches_with_all_below() {
    let all = ["doc/a", "doc/b/c", "docs", "usr/share/doc/x", "usr/share/man/y.gz"];
    let mut tree = tree_of(&all);
    assert_eq!(tree.remove_matching(&["doc", "usr/share/*/*.gz"]).unwrap(), 5);
    assert_eq!(
        paths(&tree),
        ["docs", "usr", "usr/share", "usr/share/doc", "usr/share/doc/x", "usr/share/man"]
    );
    assert_eq!(tree.remove_matching(&["**/x"]).unwrap(), 1);
    assert_eq!(tree.remove_matching(&["*/doc"]).unwrap(), 0, "`*` stays inside a component");
    let message = tree.remove_matching(&["a["]).unwrap_err().to_string();
    assert!(message.starts_with("`a[` is not a pattern: "), "{message}");
}

#[test]
fn a_pattern_that_matches_nothing_is_found_among_those_that_do() {
    let tree = tree_of(&["doc/a", "doc/b/c.gz"]);
    let globs = ["doc", "doc/*.gz", "doc/**/*.gz", "man", "doc/b/c.gz"];
    assert_eq!(tree.unmatched(&globs).unwrap().into_iter().collect::<Vec<_>>(), [1, 3]);
    assert!(tree.unmatched::<&str>(&[]).unwrap().is_empty());
    assert!(tree.unmatched(&["a["]).is_err());
}

#[test]
fn remove_leaves_a_directory_that_still_holds_something() {
    let mut tree = tree_of(&["a/b"]);
    tree.insert("a", Node::directory(0o700)).unwrap();
    assert_eq!(tree.remove("a"), Some(Node::directory(0o700)));
    assert_eq!(tree.get("a"), Some(&Node::directory(0o755)));
    assert!(tree.remove("a/b").is_some() && tree.remove("a").is_some() && tree.is_empty());
}

#[test]
fn a_directory_of_the_disk_loses_what_is_only_the_hosts() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, mode| {
        let path = dir.path().join(name);
        fs::write(&path, name).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(dir.path().join("sub/cache")).unwrap();
    for (name, mode) in
        [("run", 0o700), ("text", 0o600), ("sub/cache/junk", 0o644), ("sub/odd", 0o677)]
    {
        make(name, mode);
    }
    symlink("../text", dir.path().join("sub/link")).unwrap();
    let owner = Owner { uid: 10, gid: 20 };
    let rules = DirectoryRules { owner, exclude: vec!["sub/cache".to_owned()] };
    let tree = Tree::from_directory(dir.path(), "app", &rules).unwrap();
    assert_eq!(
        paths(&tree),
        ["app", "app/run", "app/sub", "app/sub/link", "app/sub/odd", "app/text"]
    );
    let modes: Vec<_> = tree.iter().map(|(_, node)| node.mode()).collect();
    assert_eq!(modes, [0o755, 0o755, 0o755, 0o777, 0o644, 0o644]);
    assert!(tree.iter().all(|(_, node)| node.owner() == owner));
    assert_eq!(
        tree.get("app/sub/link"),
        Some(&Node::Symlink { target: b"../text".to_vec(), owner })
    );
}

#[test]
fn a_socket_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let error = Tree::from_directory(dir.path(), "", &DirectoryRules::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("failed to pack `{}`", path.display()));
}

proptest! {
    #[test]
    fn the_order_of_inserting_does_not_matter(
        names in prop::collection::btree_set("[a-c]{1,2}(/[a-c]{1,2}){0,2}", 1..12),
        seed: prop::sample::Index,
    ) {
        let mut names: Vec<_> = names.into_iter().collect();
        names.retain({
            let all = names.clone();
            move |name| !all.iter().any(|other| other.starts_with(&format!("{name}/")))
        });
        let build = |names: &[String]| {
            let mut tree = Tree::new();
            names.iter().for_each(|name| tree.insert(name, Node::file(0o644, "")).unwrap());
            tree.iter().map(|(path, node)| (path.to_vec(), node.clone())).collect::<Vec<_>>()
        };
        let straight = build(&names);
        let turn = seed.index(names.len());
        names.rotate_left(turn);
        names.reverse();
        prop_assert_eq!(build(&names), straight);
    }

    #[test]
    fn any_path_is_held_or_refused_without_panic(path in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut tree = Tree::new();
        let inserted = tree.insert(&path, Node::file(0o644, "")).is_ok();
        prop_assert_eq!(inserted, tree.get(&path).is_some());
    }
}

#[test]
fn what_is_below_a_removed_directory_goes_with_it_whatever_comes_between() {
    let mut tree = tree_of(&["a/c", "a-b/x", "b"]);
    assert_eq!(tree.remove_matching(&["a", "a-b"]).unwrap(), 4);
    assert_eq!(paths(&tree), ["b"]);
}
