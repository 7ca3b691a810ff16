//! What git knows and does not say unless it is asked: submodules, hidden edits, conversions.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::*;
use std::os::unix::fs::PermissionsExt as _;

/// A world whose `app/sub` is a submodule with one file, and the repository that it comes from.
fn with_submodule(layer: &str) -> (World, std::path::PathBuf) {
    let world = world(layer);
    let origin = world.path("../origin");
    std::fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "-q"]);
    std::fs::write(origin.join("deep.txt"), "1\n").unwrap();
    commit(&origin);
    let from = origin.display().to_string();
    git(&world.path(""), &["submodule", "--quiet", "add", &from, "app/sub"]);
    commit(&world.path(""));
    (world, origin)
}

#[test]
fn the_files_of_a_submodule_are_in_the_image_and_in_its_key() {
    let (world, origin) = with_submodule(FILES);
    assert_eq!(contents(&world)["srv/sub/deep.txt"], "1\n");
    assert_eq!(version(&world), head(&world.path("")));
    let first = built(&world);

    // Bumped: another commit of the submodule is another image under another version.
    std::fs::write(origin.join("deep.txt"), "2\n").unwrap();
    commit(&origin);
    git(&world.path("app/sub"), &["pull", "--quiet"]);
    let uncommitted = version(&world);
    assert!(uncommitted.starts_with(&format!("{}-", head(&world.path("")))), "{uncommitted}");
    commit(&world.path(""));
    assert_ne!(built(&world), first);
    assert_eq!(contents(&world)["srv/sub/deep.txt"], "2\n");
    let verified = world.run(&["image", "verify", "one", "--platform", "linux/amd64"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let run = world.run(&["ci", "--explain", "rustfmt"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn each_edit_inside_a_submodule_has_a_version_of_its_own() {
    let (world, _origin) = with_submodule(FILES);
    let head = head(&world.path(""));
    let mut versions = std::collections::BTreeSet::from([version(&world)]);
    for text in ["edited\n", "edited again\n"] {
        world.write("app/sub/deep.txt", text);
        let version = version(&world);
        assert!(version.starts_with(&format!("{head}-")), "{version}");
        versions.insert(version);
        assert_eq!(contents(&world)["srv/sub/deep.txt"], text);
    }
    world.write("app/sub/deep.txt", "1\n");
    world.write("app/sub/new.txt", "new\n");
    versions.insert(version(&world));
    assert_eq!(versions.len(), 4, "{versions:?}");

    // Hidden from the repository around it, and inside the submodule from itself.
    std::fs::remove_file(world.path("app/sub/new.txt")).unwrap();
    git(&world.path(""), &["config", "submodule.app/sub.ignore", "all"]);
    git(&world.path("app/sub"), &["update-index", "--assume-unchanged", "deep.txt"]);
    assert_eq!(version(&world), head);
    world.write("app/sub/deep.txt", "hidden\n");
    versions.insert(version(&world));
    assert_eq!(versions.len(), 5, "{versions:?}");
}

#[test]
fn a_layer_in_a_submodule_is_made_of_its_files() {
    let (world, _origin) = with_submodule(&FILES.replace("\"app\"", "\"app/sub\""));
    assert_eq!(contents(&world)["srv/deep.txt"], "1\n");
}

#[test]
fn a_submodule_that_is_not_checked_out_and_a_repository_that_is_none_are_refused() {
    let (world, _origin) = with_submodule(FILES);
    git(&world.path(""), &["submodule", "--quiet", "deinit", "--all"]);
    for args in [&BUILD[..], &["image", "verify", "one"]] {
        let output = world.run(args).ends(2);
        assert!(output.contains("`app/sub` is a submodule that is not checked out"), "{output}");
        assert!(output.contains("git submodule update --init --recursive -- app/sub"), "{output}");
    }
    git(&world.path(""), &["submodule", "--quiet", "update", "--init"]);
    let _image = built(&world);

    world.write("app/nested/inner.txt", "inner\n");
    git(&world.path("app/nested"), &["init", "-q"]);
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("`app/nested` is a repository of its own"), "{output}");
    world.write(".gitignore", "target\nnested\n");
    assert!(!contents(&world).contains_key("srv/nested/inner.txt"));
}

#[test]
fn an_edit_that_git_was_told_not_to_see_ships_under_a_version_of_its_own() {
    let world = world(FILES);
    let root = world.path("");
    let clean = head(&root);
    assert_eq!(version(&world), clean);
    for (hide, show) in
        [("--assume-unchanged", "--no-assume-unchanged"), ("--skip-worktree", "--no-skip-worktree")]
    {
        git(&root, &["update-index", hide, "app/plain.txt"]);
        assert_eq!(version(&world), clean, "nothing is edited");
        world.write("app/plain.txt", hide);
        let edited = version(&world);
        assert!(edited.starts_with(&format!("{clean}-")), "{hide}: {edited}");
        assert_eq!(contents(&world)["srv/plain.txt"], hide);
        let kept = git(&root, &["ls-files", "-v", "app/plain.txt"]);
        assert!(!kept.starts_with('H'), "the person's index is left alone: {kept}");
        git(&root, &["update-index", show, "app/plain.txt"]);
        git(&root, &["checkout", "--quiet", "app/plain.txt"]);
    }
}

/// What was added by force is no less a part of the tree.
#[test]
fn a_staged_file_that_git_ignores_is_in_the_version() {
    let world = world(FILES);
    let mut versions = std::collections::BTreeSet::new();
    for text in ["1\n", "2\n"] {
        world.write("app/key.secret", text);
        git(&world.path(""), &["add", "--force", "app/key.secret"]);
        versions.insert(version(&world));
        assert_eq!(contents(&world)["srv/key.secret"], text);
    }
    assert_eq!(versions.len(), 2, "{versions:?}");
}

#[test]
fn a_sparse_checkout_without_a_source_is_refused_and_one_without_others_is_clean() {
    let world = world(FILES);
    world.write("other/file.txt", "other\n");
    world.write("app/part/file.txt", "part\n");
    commit(&world.path(""));
    let root = world.path("");
    git(&root, &["sparse-checkout", "set", "--no-cone", "/*", "!/other/"]);
    assert!(!root.join("other").exists());
    assert_eq!(version(&world), head(&root));
    world.write("app/plain.txt", "edited\n");
    let edited = version(&world);
    assert!(edited.starts_with(&format!("{}-", head(&root))), "{edited}");
    git(&root, &["checkout", "--quiet", "app/plain.txt"]);
    git(&root, &["sparse-checkout", "set", "--no-cone", "/*", "!/app/part/"]);
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("`app/part/file.txt` is tracked and not here"), "{output}");
    assert!(output.contains("git sparse-checkout disable"), "{output}");
}

#[test]
fn bytes_that_no_checkout_makes_are_refused_though_git_calls_them_unchanged() {
    let world = world(FILES);
    let root = world.path("");
    world.write(".gitattributes", "*.txt text eol=lf\n*.bat text eol=crlf\n*.id ident\n");
    world.write("app/run.bat", "run\r\n");
    world.write("app/made.id", "$Id$\n");
    commit(&root);
    // Who committed a keyword has not got it expanded; everybody else has.
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("git calls `app/made.id` unchanged"), "{output}");
    std::fs::remove_file(root.join("app/made.id")).unwrap();
    git(&root, &["checkout", "--quiet", "app/made.id"]);
    assert_eq!(contents(&world)["srv/run.bat"], "run\r\n");
    world.write("app/plain.txt", "plain\r\n");
    assert_eq!(git(&root, &["diff", "--name-only"]), "", "git sees nothing");
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("git calls `app/plain.txt` unchanged"), "{output}");
    // An edit that git does see is the tree's, and has its version.
    world.write("app/plain.txt", "other\r\n");
    assert_eq!(contents(&world)["srv/plain.txt"], "other\r\n");
}

#[test]
fn line_ends_that_only_this_machine_makes_are_refused() {
    let world = world(FILES);
    let root = world.path("");
    git(&root, &["config", "core.autocrlf", "true"]);
    world.write("app/plain.txt", "plain\r\n");
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("git calls `app/plain.txt` unchanged"), "{output}");
}

#[test]
fn a_pointer_that_stands_for_a_file_is_not_shipped_in_its_place() {
    let world = world(FILES);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    world.write("app/about-lfs.txt", pointer);
    commit(&world.path(""));
    let _image = built(&world);
    world.write(".gitattributes", "*.bin filter=lfs -text\n");
    world.write("app/model.bin", pointer);
    commit(&world.path(""));
    let output = world.run(&BUILD).ends(2);
    assert!(
        output.contains("`app/model.bin` is a pointer of Git LFS, not the content"),
        "{output}"
    );
    assert!(output.contains("git lfs pull") && !output.contains("about-lfs"), "{output}");
}

#[test]
fn where_the_disk_has_no_modes_gits_word_counts() {
    let world = world(FILES);
    let root = world.path("");
    world.write("app/run.sh", "run\n");
    git(&root, &["add", "--all"]);
    git(&root, &["update-index", "--chmod=+x", "app/run.sh"]);
    git(&root, &["commit", "-q", "-m", "two"]);
    git(&root, &["config", "core.fileMode", "false"]);
    for mode in [0o644, 0o755] {
        for file in ["app/run.sh", "app/plain.txt"] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(root.join(file), mode).unwrap();
        }
        let files = contents(&world);
        assert_eq!((&*files["srv/run.sh"], &*files["srv/plain.txt"]), ("+run\n", "plain\n"));
    }
}

/// As in a hook, or in a script that is about another repository.
#[test]
fn what_the_surroundings_tell_git_does_not_decide_what_is_shipped() {
    let world = world(FILES);
    let other = world.path("../other");
    std::fs::create_dir(&other).unwrap();
    git(&other, &["init", "-q"]);
    std::fs::write(other.join("plain.txt"), "theirs\n").unwrap();
    commit(&other);
    let first = built(&world);
    let git_dir = other.join(".git").display().to_string();
    let index = other.join(".git/index").display().to_string();
    let tree = other.display().to_string();
    for surroundings in [
        &[("GIT_DIR", git_dir.as_str()), ("GIT_WORK_TREE", &tree)][..],
        &[("GIT_INDEX_FILE", &index)],
        &[("GIT_DIR", &git_dir), ("GIT_INDEX_FILE", &index)],
        &[("GIT_ICASE_PATHSPECS", "1")],
    ] {
        let _fresh = std::fs::remove_dir_all(world.path("target"));
        let run = world.run_with(&BUILD, surroundings);
        assert_eq!((run.code, &run.stdout), (Some(0), &first), "{surroundings:?}: {run:?}");
        let verify = ["image", "verify", "one", "--platform", "linux/amd64"];
        let run = world.run_with(&verify, surroundings);
        assert_eq!(run.code, Some(0), "{surroundings:?}: {run:?}");
    }
    assert_eq!(git(&other, &["status", "--porcelain"]), "", "theirs is left alone");
}

#[test]
fn a_folder_with_the_signs_of_a_pattern_is_that_folder_only() {
    let world = world(&FILES.replace("\"app\"", "\"a[p]p\""));
    world.write("a[p]p/mine.txt", "mine\n");
    assert_eq!(contents(&world).keys().collect::<Vec<_>>(), ["srv/mine.txt"]);
}

#[test]
fn a_tracked_file_whose_folder_became_a_link_is_no_source() {
    let world = world(FILES);
    let root = world.path("");
    world.write("app/folder/file.txt", "tracked\n");
    world.write("outside/file.txt", "elsewhere\n");
    commit(&root);
    std::fs::remove_dir_all(root.join("app/folder")).unwrap();
    link(&world, "../outside", "app/folder");
    let output = world.run(&BUILD).ends(2);
    assert!(
        output.contains("`app/folder` is a link to `../outside`, which leaves `app`"),
        "{output}"
    );
    // Ignored, so that git lists only the file that it tracks.
    world.write(".gitignore", "target\napp/folder\n");
    assert_eq!(contents(&world).keys().collect::<Vec<_>>(), ["srv/plain.txt"]);
}

#[test]
fn a_folder_that_git_knows_nothing_of_is_refused() {
    let world = world(&FILES.replace("\"app\"", "\"other\""));
    world.write("other/key.secret", "hush\n");
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("`other` holds no file that git knows"), "{output}");
}

#[test]
fn a_lock_that_git_ignores_or_that_lies_elsewhere_is_refused() {
    let (world, registry) = npm_world(&[]);
    let _image = built(&world);
    world.write(".gitignore", "target\npackage-lock.json\n");
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("cannot use `app/package-lock.json`"), "{output}");
    assert!(output.contains("git ignores it, so no commit says what it holds"), "{output}");
    git(&world.path(""), &["add", "--force", "app/package-lock.json"]);
    let _image = built(&world);
    std::fs::rename(world.path("app/package.json"), world.path("elsewhere.json")).unwrap();
    link(&world, "../elsewhere.json", "app/package.json");
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("it is a link to `../elsewhere.json`"), "{output}");
    registry.stays(&world);
}

#[test]
fn what_was_built_while_the_tree_changed_is_not_pushed_whatever_its_tag() {
    let world = world(COPIES);
    npm_registry::lock(&world, "app", &json!({ "name": "a", "version": "1.0.0" }), &json!({}));
    let edited = world.path("app/plain.txt").display().to_string();
    world.write("app/make.sh", &format!("mkdir dist && cp plain.txt dist && echo >> {edited}\n"));
    commit(&world.path(""));
    let registry = xtask_fakes::registry::FakeRegistry::start();
    let to = format!("{}/mine", registry.host());
    let args = ["image", "push", "one", "--to", &to, "--platform", "linux/amd64"];
    for tag in [&[][..], &["--tag", "latest"]] {
        let output = world.run(&[&args, tag].concat()).ends(4);
        assert!(output.contains("the tree changed while it was built"), "{output}");
        assert_eq!(registry.tag("mine/one", "latest"), None, "{tag:?}");
    }
}

#[test]
fn a_tree_that_is_no_repository_or_lies_below_another_one_says_what_to_do() {
    let world = world(FILES);
    std::fs::remove_dir_all(world.path(".git")).unwrap();
    for is_below in [false, true] {
        if is_below {
            git(&world.path(".."), &["init", "-q"]);
        }
        let output = world.run(&BUILD).ends(2);
        assert!(output.contains("no git repository has its root there"), "{output}");
        assert!(output.contains("hint: `git clone` it"), "{output}");
    }
}
