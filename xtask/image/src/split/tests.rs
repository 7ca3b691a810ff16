use super::*;

const MODULES: &str = "app/node_modules";
const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";

fn tree(files: &[(&str, &[u8])]) -> Tree {
    let mut tree = Tree::new();
    for (path, bytes) in files {
        tree.insert(path, Node::file(0o644, *bytes)).unwrap();
    }
    tree
}

/// The paths of everything but directories.
fn files(tree: &Tree) -> Vec<String> {
    let files = tree.iter().filter(|(_, node)| !matches!(node, Node::Directory { .. }));
    files.map(|(path, _)| lossy(path)).collect()
}

fn native(tree: &Tree, declared: &[&str]) -> Vec<String> {
    files(&split(tree, declared).unwrap().native)
}

#[test]
fn binaries_are_native_and_everything_else_is_not() {
    let tree = tree(&[("a/lib.so", ELF), ("a/text.so", b"a script"), ("b/x.py", b"")]);
    let split_tree = split::<&str>(&tree, &[]).unwrap();
    assert_eq!(files(&split_tree.native), ["a/lib.so"]);
    assert_eq!(files(&split_tree.neutral), ["a/text.so", "b/x.py"]);
    assert!(split_tree.native.get("b").is_none(), "a directory is only where it is needed");
    assert!(split_tree.native.get("a").is_some() && split_tree.neutral.get("a").is_some());
}

#[test]
fn an_npm_package_for_one_platform_is_native_as_a_whole() {
    let path = |rest: &str| format!("{MODULES}/{rest}");
    let files: [(String, &[u8]); 7] = [
        (path("@scope/one/package.json"), br#"{"os":["linux"],"cpu":["x64"]}"#),
        (path("@scope/one/index.js"), b"1"),
        (path("text/package.json"), br#"{"cpu":"arm64"}"#),
        (path("most/package.json"), br#"{"os":["!win32"],"cpu":["any"],"libc":[]}"#),
        (path("most/fixtures/package.json"), br#"{"os":["linux"]}"#),
        (path("plain/package.json"), br#"{"name":"plain"}"#),
        (path("broken/package.json"), b"{"),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, it)| (path.as_str(), *it)).collect();
    let wanted = ["@scope/one/index.js", "@scope/one/package.json", "text/package.json"];
    assert_eq!(native(&tree(&files), &[]), wanted.map(|it| format!("{MODULES}/{it}")));
}

#[test]
fn the_metadata_of_a_wheel_for_one_platform_is_native() {
    let one = b"Root-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_28_x86_64\n";
    let tree = tree(&[
        ("numpy/__init__.py", b""),
        ("numpy-2.dist-info/WHEEL", one),
        ("numpy-2.dist-info/METADATA", b"Name: numpy"),
        ("idna-3.dist-info/WHEEL", b"Tag: py2-none-any\nTag: py3-none-any\n"),
    ]);
    assert_eq!(native(&tree, &[]), ["numpy-2.dist-info/METADATA", "numpy-2.dist-info/WHEEL"]);
}

#[test]
fn what_is_declared_is_native_with_all_below_it() {
    let tree = tree(&[("a/b/c.py", b""), ("a/d.py", b""), ("e/f.py", b"")]);
    assert_eq!(native(&tree, &["a/b", "**/f.py"]), ["a/b/c.py", "e/f.py"]);
    assert!(split(&tree, &["a["]).is_err());
}

#[test]
fn links_are_where_they_lead() {
    let mut tree = tree(&[("lib/real.so.1.2", ELF), ("lib/x.py", b"")]);
    for (link, target) in [
        ("lib/real.so", "real.so.1"),
        ("lib/real.so.1", "real.so.1.2"),
        ("bin/up", "../lib/real.so"),
        ("bin/rooted", "/lib/real.so.1.2"),
        ("bin/y", "../lib/x.py"),
        ("bin/nowhere", "../../../x"),
        ("bin/loop", "loop"),
    ] {
        tree.insert(link, Node::symlink(target)).unwrap();
    }
    let wanted = ["bin/rooted", "bin/up", "lib/real.so", "lib/real.so.1", "lib/real.so.1.2"];
    assert_eq!(native(&tree, &[]), wanted);
}

#[test]
fn the_halves_together_are_the_tree_and_directories_keep_their_modes() {
    let mut tree = tree(&[("a/lib.so", ELF), ("a/x.py", b"")]);
    tree.insert("a", Node::directory(0o750)).unwrap();
    tree.insert("empty", Node::directory(0o700)).unwrap();
    let split_tree = split::<&str>(&tree, &[]).unwrap();
    for side in [&split_tree.native, &split_tree.neutral] {
        assert_eq!(side.get("a"), Some(&Node::directory(0o750)));
    }
    let filled: Vec<Portability> =
        split_tree.clone().into_filled().map(|(portability, _)| portability).collect();
    assert_eq!(filled, [Portability::Native, Portability::Neutral]);
    let mut whole = split_tree.native;
    whole.merge(split_tree.neutral).unwrap();
    let list = |tree: &Tree| {
        tree.iter().map(|(path, node)| (path.to_vec(), node.clone())).collect::<Vec<_>>()
    };
    assert_eq!(list(&whole), list(&tree));
}

#[test]
fn an_empty_half_is_left_out() {
    let filled = |tree: Tree| split::<&str>(&tree, &[]).unwrap().into_filled().count();
    assert_eq!(filled(tree(&[("x.py", b"")])), 1);
    assert_eq!(filled(tree(&[("x.so", ELF)])), 1);
    assert_eq!(filled(Tree::new()), 0);
}
