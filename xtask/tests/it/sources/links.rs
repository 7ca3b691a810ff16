//! Links, in every kind of layer that has files of ours or of a tool.
use super::*;

#[test]
fn links_are_in_the_image_as_links() {
    let world = world(FILES);
    world.write("app/folder/inner.txt", "inner\n");
    link(&world, "plain.txt", "app/alias");
    link(&world, "folder", "app/to-folder");
    link(&world, "../to-folder/../plain.txt", "app/folder/through");
    commit(&world.path(""));
    let files = contents(&world);
    let of = |path: &str| files.get(path).map_or("nothing", String::as_str);
    assert_eq!(of("srv/plain.txt"), "plain\n");
    assert_eq!(of("srv/alias"), "-> plain.txt");
    assert_eq!(of("srv/to-folder"), "-> folder");
    assert_eq!(of("srv/folder/through"), "-> ../to-folder/../plain.txt");
    assert_eq!(files.len(), 5, "nothing is there twice: {files:?}");

    // The text of a link is in the key, though what it leads to has the same content.
    world.write("app/other.txt", "plain\n");
    let first = built(&world);
    std::fs::remove_file(world.path("app/alias")).unwrap();
    link(&world, "other.txt", "app/alias");
    assert_ne!(built(&world), first);
    let verified = world.run(&["image", "verify", "one", "--platform", "linux/amd64"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

/// A link at `app/bad` with this text, and what is said of it.
const BAD: [(&str, &str); 9] = [
    ("../outside.txt", "which leaves `app`"),
    ("/etc/machine-id", "which leaves `app`"),
    ("..", "which leaves `app`"),
    ("folder/../../app/plain.txt", "which leaves `app`"),
    ("key.secret", "and git ignores `app/key.secret`"),
    ("hidden.secret", "and git ignores `app/hidden.secret`"),
    ("none", "and `none` is not there"),
    ("bad", "which leads round in a circle"),
    ("plain.txt/", "is no folder"),
];

#[test]
fn a_link_that_may_not_be_in_an_image_is_refused_with_what_it_is_and_what_to_do() {
    for (layer, key) in [(FILES, "`copy`"), (COPIES, "`path = \"app\"`")] {
        let world = world(layer);
        world.write("outside.txt", "from elsewhere\n");
        world.write("app/key.secret", "a secret\n");
        world.write("app/hidden.secret/inner", "a secret\n");
        world.write("app/folder/inner.txt", "inner\n");
        world.write("app/make.sh", "mkdir dist && cat * > dist/all 2>&1 || true\n");
        world.write("app/package.json", "{\"name\":\"a\",\"version\":\"1.0.0\"}");
        world.write(
            "app/package-lock.json",
            "{\"name\":\"a\",\"version\":\"1.0.0\",\
            \"lockfileVersion\":3,\"packages\":{\"\":{\"name\":\"a\",\"version\":\"1.0.0\"}}}",
        );
        for (target, why) in BAD {
            link(&world, target, "app/bad");
            let output = world.run(&BUILD).ends(2);
            let named = format!("`app/bad` is a link to `{target}`, ");
            assert!(output.contains(&named) && output.contains(why), "{target}: {output}");
            assert!(output.contains("images/one.toml:1: `layer[0]`: layer `things`"), "{output}");
            assert!(output.contains(key) && output.contains("hint: "), "{output}");
            assert!(!world.cache().join("builds").exists(), "nothing was run");
            std::fs::remove_file(world.path("app/bad")).unwrap();
        }
        // All of them at once.
        link(&world, "none", "app/one");
        link(&world, "../outside.txt", "app/two");
        let output = world.run(&BUILD).ends(2);
        assert!(output.contains("`app/one`") && output.contains("`app/two`"), "{output}");
    }
}

#[test]
fn a_link_that_is_not_copied_or_left_out_is_in_nobodys_way() {
    let copies = "copy = { folder = \"srv\" }\ndrop = [\"srv/dropped\"]";
    let world = world(&FILES.replace("copy = { \".\" = \"srv\" }", copies));
    world.write("app/folder/inner.txt", "inner\n");
    link(&world, "../outside.txt", "app/bad");
    link(&world, "none", "app/folder/dropped");
    assert_eq!(contents(&world).keys().collect::<Vec<_>>(), ["srv/inner.txt"]);
}

#[test]
fn a_link_leads_in_the_image_to_what_it_leads_to_here_or_is_refused() {
    let copy = |copy: &str| FILES.replace("{ \".\" = \"srv\" }", copy);
    let world = world(&copy("{ \"bin/tool\" = \"usr/bin/tool\" }"));
    world.write("app/lib/tool.sh", "tool\n");
    std::fs::create_dir(world.path("app/bin")).unwrap();
    link(&world, "../lib/tool.sh", "app/bin/tool");
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("would lead elsewhere from `usr/bin/tool`"), "{output}");

    let define = |layer: &str| {
        world.write("images/one.toml", &format!("[[layer]]\nname = \"things\"\n{layer}{END}"));
    };
    define(&copy("{ \"bin/tool\" = \"usr/bin/tool\", lib = \"opt/lib\" }"));
    let _said = world.run(&BUILD).ends(2);
    define(&copy("{ \"bin/tool\" = \"usr/bin/tool\", lib = \"usr/lib\" }"));
    assert_eq!(contents(&world)["usr/bin/tool"], "-> ../lib/tool.sh");
    define(&(copy("{ bin = \"usr/bin\", lib = \"usr/lib\" }") + "\ndrop = [\"usr/lib/*.sh\"]"));
    let _said = world.run(&BUILD).ends(2);
}

#[test]
fn what_a_build_makes_is_judged_like_what_is_committed() {
    let world = world(COPIES);
    world.write("app/package.json", "{\"name\":\"a\",\"version\":\"1.0.0\"}");
    world.write(
        "app/package-lock.json",
        "{\"name\":\"a\",\"version\":\"1.0.0\",\
        \"lockfileVersion\":3,\"packages\":{\"\":{\"name\":\"a\",\"version\":\"1.0.0\"}}}",
    );
    link(&world, "plain.txt", "app/alias");
    let make = |line: &str| {
        world.write("app/make.sh", &format!("mkdir dist && cp plain.txt dist/ && {line}\n"));
    };
    make("test -L alias && ln -s plain.txt dist/same");
    assert_eq!(contents(&world)["srv/same"], "-> plain.txt");
    for line in [
        "ln -s /etc/hostname dist/host",
        "ln -s ../node_modules dist/node_modules",
        "ln -s ../alias dist/alias",
        "ln -s none dist/none",
    ] {
        make(line);
        let output = world.run(&BUILD).ends(2);
        assert!(output.contains("is a link to `"), "{line}: {output}");
    }
}

#[test]
fn an_npm_layer_holds_no_settings_of_npm_and_nothing_that_git_ignores() {
    let (world, registry) = npm_world(&["package.json", "index.js"]);
    let npmrc = std::fs::read_to_string(world.path("app/.npmrc")).unwrap();
    world.write("app/.npmrc", &format!("{npmrc}//host.invalid/:_authToken=hush\n"));
    world.write("app/packages/own/.npmrc", "//host.invalid/:_authToken=hush\n");
    world.write("app/packages/own/key.secret", "hush\n");
    world.write(".gitignore", "target\n*.secret\n.npmrc\n");
    let files = contents(&world);
    assert!(files.contains_key("srv/node_modules/own/index.js"), "{files:?}");
    assert!(files.values().all(|text| !text.contains("hush")), "{files:?}");
    assert!(files.keys().all(|path| !path.ends_with(".npmrc")), "{files:?}");
    let kept = Command::new("grep").args(["-r", "hush"]).arg(world.cache()).output().unwrap();
    assert_eq!(kept.stdout, b"", "the cache keeps no token either");

    // Named on its own it is not there.
    let copy = NPM.replace("\".\" = \"srv\"", "\".npmrc\" = \"srv/npmrc\"");
    world.write("images/one.toml", &format!("[[layer]]\nname = \"things\"\n{copy}{END}"));
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("cannot find `.npmrc`"), "{output}");
    registry.stays(&world);
}

#[test]
fn a_workspace_with_a_link_out_of_it_is_refused() {
    let (world, registry) = npm_world(&["package.json"]);
    world.write("LICENSE", "ours\n");
    link(&world, "../../../LICENSE", "app/packages/own/LICENSE");
    let output = world.run(&BUILD).ends(2);
    assert!(
        output.contains("`app/packages/own/LICENSE` is a link to `../../../LICENSE`"),
        "{output}"
    );
    registry.stays(&world);
}
