//! What a definition promises is held against the files of its image when it is built: each kind of
//! mistake with its line, all of them at once, and again as long as nobody fixes them.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image::{POOL, deb_around, lock_of, tar, tar_of};
use super::npm_registry::{self, NpmRegistry};
use super::wheels::{self, path_with_uv};
use super::world::{END, World};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::required;
use xtask_image::tree::{Node, Tree};

const FILES: &str = r#"
[[layer]]
name = "app"
kind = "files"
path = "app"
copy = { "." = "app" }
"#;

const BUILD: [&str; 5] = ["image", "build", "one", "--platform", "linux/amd64"];

/// A repository with the image `one`.
fn world(definition: &str) -> World {
    let world = World::new();
    world.write("images/one.toml", definition);
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let head = format!("encoder = \"{encoder}\"\nsuite = \"bookworm\"\n");
    world.write("images/one.lock", &format!("{head}archive_time = 1700000000\n[wanted]\n"));
    world.write("app/text", "text\n");
    let mut git = std::process::Command::new("git");
    assert!(git.args(["init", "-q"]).current_dir(world.path("")).status().unwrap().success());
    world
}

fn executable(world: &World, file: &str, text: &str) {
    world.write(file, text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(file), mode).unwrap();
}

fn refused(world: &World) -> String {
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("its definition does not fit its files"), "{output}");
    output
}

#[test]
fn every_mistake_of_a_definition_is_named_at_once_with_its_line_until_it_is_fixed() {
    let (_, config) = END.split_once("[config]\n").unwrap();
    let config = config.replace("/run/program", "/app/run").replace("\"/\"", "\"/srv\"");
    let definition = format!(
        "{FILES}drop = [\"app/*.map\"]\nlinks = {{ \"app/link\" = \"nowhere\" }}\n\n[config]\n{config}\
         [config.env]\nPATH = \"/opt/tools:/bin\"\n\
         [config.health]\ncommand = [\"curl\"]\ninterval_seconds = 1\ntimeout_seconds = 1\n\
         start_seconds = 1\nretries = 1\n"
    );
    let world = world(&definition);
    executable(&world, "app/tool", "#!/home/me/.venv/bin/python\n");
    let output = refused(&world);
    insta::assert_snapshot!(output);
    assert_eq!(refused(&world), output, "it is not remembered as built");

    let fixed = definition.replace("drop = [\"app/*.map\"]", "drop = [\"app/*.ma\"]");
    world.write("images/one.toml", &fixed);
    assert!(refused(&world).contains("the pattern `app/*.ma` matches nothing"));
    world.write("images/one.toml", &format!("{FILES}drop = [\"app/tool\"]{END}"));
    let _said = world.run(&BUILD).ends(0);
}

#[test]
fn an_entrypoint_that_was_taken_away_later_is_found_though_each_layer_was_made_before() {
    let start = END.replace("/run/program", "/app/run");
    let world = world(&format!("{FILES}{start}"));
    executable(&world, "app/run", "#!/run/shell\n");
    let _said = world.run(&BUILD).ends(0);
    world.write("images/one.toml", &format!("{FILES}{}", start.replace("/app/run", "/app/ran")));
    let output = refused(&world);
    assert!(output.contains("`config.entrypoint[0]`: `/app/ran` is not in the image"), "{output}");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(world.path("app/run"), mode).unwrap();
    world.write("images/one.toml", &format!("{FILES}{start}"));
    let output = refused(&world);
    assert!(
        output.contains("`/app/run` may not be executed by `65532:65532` (0644 0:0)"),
        "{output}"
    );
}

#[test]
fn an_unchanged_image_is_not_judged_again() {
    let world = world(&format!("{FILES}{END}"));
    let _said = world.run(&BUILD).ends(0);
    let layers = world.cache().join("layers");
    let proved = || {
        let names = std::fs::read_dir(&layers).unwrap().map(|it| it.unwrap().path());
        names.filter(|it| it.extension().is_some_and(|it| it == "proved")).collect::<Vec<_>>()
    };
    assert_eq!(proved().len(), 1);
    // Without shapes it could only be judged by reading the layers, which writes shapes anew.
    for path in std::fs::read_dir(&layers).unwrap().map(|it| it.unwrap().path()) {
        if path.extension().is_some_and(|it| it == "shape") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let shapes = || {
        let names = std::fs::read_dir(&layers).unwrap().map(|it| it.unwrap().path());
        names.filter(|it| it.extension().is_some_and(|it| it == "shape")).count()
    };
    let _said = world.run(&BUILD).ends(0);
    assert_eq!(shapes(), 0, "nothing was read");
    std::fs::remove_file(&proved()[0]).unwrap();
    let _said = world.run(&BUILD).ends(0);
    assert_eq!((shapes(), proved().len()), (1, 1), "and the layer tells the same as its tree did");
}

#[test]
fn an_image_name_that_no_registry_takes_is_refused_before_anything_is_made() {
    let world = world(&format!("{FILES}{END}"));
    world.write("images/One.toml", &format!("{FILES}{END}"));
    let output = world.run(&["image", "build", "One"]).ends(2);
    assert!(
        output.contains("images/One.toml:1: `(name)`: `One` is not the name of an image"),
        "{output}"
    );
    let deploy = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
    world.write("deploy.toml", &deploy.replace("images/backend.toml", "images/Backend.toml"));
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("`services.backend.image`: `Backend` is not the name"), "{output}");
}

const DEBIAN: &str = "[[layer]]\nname = \"base\"\nkind = \"debian\"\npackages = [\"hello\"]\n";

/// The image `one` of the package `hello`, whose files these are.
fn world_of_a_package(mirror: &FakeArchive, files: &Tree) -> World {
    let control = "Package: hello\nVersion: 1\nArchitecture: all\n".to_owned();
    let deb = deb_around(tar(&[("control", control)]), tar_of(files));
    mirror.put(&format!("/debian/{POOL}"), &deb);
    let world = World::new().with("XTASK_DEBIAN_MIRROR", mirror.url());
    world.write("images/one.toml", &format!("{DEBIAN}{END}"));
    world.write("images/one.lock", &lock_of(&[("hello", POOL.to_owned(), Digest::of(&deb))]));
    world
}

#[test]
fn set_id_bits_are_dropped_only_where_a_line_says_why() {
    let mirror = FakeArchive::start();
    let mut tree = Tree::new();
    tree.insert("usr/bin/su", Node::file(0o4755, "su\n")).unwrap();
    tree.insert("usr/share/x", Node::symlink("/usr/share/of-another-package")).unwrap();
    let world = world_of_a_package(&mirror, &tree);
    let output = refused(&world);
    let wanted = "images/one.toml:1: `layer[0].without_set_id`: `usr/bin/su` is set-id (4755) in its \
                  package, and no image keeps that; drop it, or say why it need not be: \
                  without_set_id = { \"usr/bin/su\" = \"…\" }";
    assert!(output.contains(wanted), "{output}");

    let with = |more: &str| world.write("images/one.toml", &format!("{DEBIAN}{more}\n{END}"));
    with("without_set_id = { \"usr/bin/su\" = \"nobody changes users\" }");
    let _said = world.run(&BUILD).ends(0);
    with("drop = [\"usr/bin/su\"]");
    let _said = world.run(&BUILD).ends(0);
    with("drop = [\"usr/bin/su\"]\nwithout_set_id = { \"usr/bin/su\" = \"nobody changes users\" }");
    let output = refused(&world);
    assert!(output.contains("`usr/bin/su` is not set-id in any package of the layer"), "{output}");
}

#[test]
fn a_set_id_bit_of_a_file_of_ours_is_refused() {
    let layer = FILES.replace("kind = \"files\"", BUILDS).replace("\".\"", "dist");
    let world = world(&format!("{layer}{END}"));
    built_by(&world, "mkdir -p dist && echo su > dist/su && chmod 4755 dist/su");
    let output = world.run(&BUILD).ends(2);
    assert!(
        output.contains("it is setuid or setgid, which no image of ours is; take the bit off"),
        "{output}"
    );
}

const BUILDS: &str = "kind = \"build\"\nrun = [\"npm\", \"run\", \"build\"]";

/// A service in `app` that is built by this line of shell.
fn built_by(world: &World, script: &str) {
    let root = json!({ "name": "root", "version": "1.0.0", "scripts": { "build": script } });
    npm_registry::lock(world, "app", &root, &json!({}));
}

#[test]
fn a_link_of_a_build_to_what_the_image_has_not_is_refused() {
    let layer = FILES.replace("kind = \"files\"", BUILDS).replace("\".\"", "dist");
    let world = world(&format!("{layer}{END}"));
    built_by(&world, "mkdir -p dist && ln -s ../../packages/shared dist/shared && echo x > dist/x");
    let output = world.run(&BUILD).ends(2);
    let wanted = "`app/dist/shared` is a link to `../../packages/shared`, which leaves `app`";
    assert!(
        output.contains(wanted) && output.contains("images/one.toml:2: `layer[0]`"),
        "{output}"
    );
}

#[test]
fn a_script_of_a_module_by_the_builders_interpreter_is_refused_and_a_common_one_is_not() {
    let layer = FILES.replace("kind = \"files\"", "kind = \"npm\"");
    let world =
        world(&format!("{}{END}", layer.replace("\".\" = \"app\"", "node_modules = \"app\"")));
    let registry = NpmRegistry::start(&world, "app");
    let about = json!({ "name": "tool", "version": "1.0.0" });
    let scripts: [(&str, &[u8]); 3] = [
        ("bin/mine", b"#!/opt/builder/bin/node\n"),
        ("bin/env", b"#!/usr/bin/env node\n"),
        ("bin/bash", b"#!/bin/bash\n"),
    ];
    let locked = registry.publish(&about, &scripts);
    let root = json!({ "name": "root", "version": "1.0.0", "dependencies": { "tool": "1.0.0" } });
    npm_registry::lock(&world, "app", &root, &json!({ "node_modules/tool": locked }));
    let output = refused(&world);
    let wanted = "images/one.toml:6: `layer[0].copy`: `app/tool/bin/mine` is a script of \
                  `/opt/builder/bin/node`, which is not in the image";
    assert!(output.contains(wanted), "{output}");
    assert_eq!(output.matches("is a script of").count(), 1, "{output}");
}

#[test]
fn a_script_that_uv_wrote_for_this_machines_python_is_refused_until_it_is_left_out() {
    let path = required!(path_with_uv());
    let layer = FILES.replace(
        "kind = \"files\"\npath = \"app\"",
        "kind = \"wheels\"\nrequirements = \"list.txt\"",
    );
    let layer = format!("python = \"3.11\"\n{layer}");
    let world = wheels::indexed(world(&format!("{layer}{END}")), path);
    let points = "[console_scripts]\nlong-tool = deep:main\n";
    world.write("../made/deep-1.0/deep-1.0.dist-info/entry_points.txt", points);
    world.write("list.txt", &wheels::publish(&world, "deep", "1.0", "py3-none-any"));
    let output = refused(&world);
    assert!(
        output
            .contains("images/one.toml:7: `layer[0].copy`: `app/bin/long-tool` is a script of `/"),
        "{output}"
    );
    world.write("images/one.toml", &format!("{layer}drop = [\"app/bin\"]\n{END}"));
    let _said = world.run(&BUILD).ends(0);
}

#[test]
fn a_source_that_is_not_there_and_a_collection_of_nothing_name_the_line_of_their_layer() {
    let above = "[[layer]]\nname = \"above\"\nkind = \"files\"\npath = \"app\"\ncopy = { text = \"text\" }\n";
    for (more, wanted) in [
        (FILES.replace("\".\"", "gone"), "cannot find `gone`"),
        (
            format!("{FILES}collect = {{ \"all.pem\" = \"certs/*.pem\" }}\n"),
            "cannot collect `certs/*.pem`",
        ),
    ] {
        let output = world(&format!("{above}{more}{END}")).run(&BUILD).ends(2);
        let line = "images/one.toml:7: `layer[1]`: layer `app` begins here";
        assert!(output.contains(wanted) && output.contains(line), "{output}");
    }
}

#[test]
fn a_link_of_a_lock_to_a_folder_that_is_not_there_is_refused() {
    let layer = FILES.replace("kind = \"files\"", "kind = \"npm\"");
    let world = world(&format!("{}{END}", layer.replace("\".\"", "node_modules")));
    let root = json!({ "name": "root", "version": "1.0.0",
                       "dependencies": { "own": "file:packages/own" } });
    let packages = json!({
        "node_modules/own": { "resolved": "packages/own", "link": true },
        "packages/own": { "name": "own", "version": "1.0.0" },
    });
    npm_registry::lock(&world, "app", &root, &packages);
    let output = world.run(&BUILD).ends(2);
    let wanted = "cannot use `app/package-lock.json`, which links to `app/packages/own`";
    assert!(output.contains(wanted), "{output}");
    assert!(output.contains("`app/packages/own` holds no file that git knows"), "{output}");
}
