//! Images for two platforms: what both share is one blob, and what fits neither is refused.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image::deb_of;
use super::npm_registry::{self, NpmRegistry};
use super::wheels::{self, path_with_uv};
use super::world::{END, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use xtask_core::digest::Digest;
use xtask_core::image::definition::Debian;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::required;

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// A world with the image `two` of one layer.
fn world(layer: &str) -> World {
    let world = World::new();
    world.init();
    define(&world, layer);
    world.write("images/two.lock", &lock(""));
    world
}

fn define(world: &World, layer: &str) {
    world.write(
        "images/two.toml",
        &format!("python = \"3.11\"\n[[layer]]\nname = \"things\"\n{layer}\n{END}"),
    );
}

fn lock(rest: &str) -> String {
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    format!(
        "encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n[wanted]\n{rest}"
    )
}

/// The manifests by platform, of a build with these arguments.
fn manifests(world: &World, args: &[&str]) -> BTreeMap<String, String> {
    let run = world.run(&[&["image", "build", "two", "--json"], args].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    let manifests = answer["images"][0]["manifests"].as_array().unwrap();
    let pair = |it: &Value| (it[0]["architecture"].to_string(), it[1]["digest"].to_string());
    manifests.iter().map(pair).collect()
}

/// Two packages: `shared`, one file for all platforms, and `own`, one a platform.
fn world_of_packages(mirror: &FakeArchive) -> World {
    let world =
        world("kind = \"debian\"\npackages = [\"own\"]\n[layer.collect]\nall = \"usr/*/*\"")
            .with("XTASK_DEBIAN_MIRROR", mirror.url());
    let packages = vec!["own".to_owned()];
    let wanted = Debian { packages, without: Vec::new() }.digest();
    let mut rest = format!("things = \"{wanted}\"\n");
    for platform in PLATFORMS {
        rest.push_str(&format!("[layers.things.\"{platform}\"]\n"));
        for (name, architecture) in [("own", &platform[6..]), ("shared", "all")] {
            let control = format!("Package: {name}\nVersion: 1\nArchitecture: {architecture}\n");
            let file = format!("usr/{name}/file");
            let text = format!("{name} on {architecture}\n");
            let bytes = deb_of(&[("control", control)], &[(&file, text)]);
            let (path, digest) = (format!("pool/{name}_{architecture}.deb"), Digest::of(&bytes));
            mirror.put(&format!("/debian/{path}"), &bytes);
            rest.push_str(&format!(
                "{name} = {{ version = \"1\", archive = \"debian\", path = \"{path}\", \
                 digest = \"{digest}\", size = 1 }}\n"
            ));
        }
    }
    world.write("images/two.lock", &lock(&rest));
    world
}

#[test]
fn packages_for_all_platforms_are_one_blob_whichever_are_built() {
    let mirror = FakeArchive::start();
    let both = world_of_packages(&mirror);
    let whole = manifests(&both, &[]);
    let [amd64, arm64] = <[_; 2]>::try_from(both.layers("two")).unwrap();
    let names: Vec<&str> = amd64.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["things-native", "things"]);
    assert_ne!(amd64[0], arm64[0]);
    assert_eq!(amd64[1], arm64[1]);
    for platform in PLATFORMS {
        let one = manifests(&world_of_packages(&mirror), &["--platform", platform]);
        let (architecture, digest) = one.iter().next().unwrap();
        assert_eq!((one.len(), digest), (1, &whole[architecture]), "{platform} by itself");
    }
}

/// A folder with packages of npm: `plain` for all, and one a platform, with an `info.txt`.
fn world_of_npm(layer: &str) -> World {
    let world = world(layer);
    let registry = NpmRegistry::start(&world, "app");
    let (mut packages, mut optional) = (json!({}), json!({}));
    for (name, cpu) in [("plain", None), ("on-x64", Some("x64")), ("on-arm64", Some("arm64"))] {
        let mut about = json!({ "name": name, "version": "1.0.0" });
        if let Some(cpu) = cpu {
            about["os"] = json!(["linux"]);
            about["cpu"] = json!([cpu]);
            optional[name] = json!("1.0.0");
        }
        let file = if cpu.is_some() { "info.txt" } else { "index.js" };
        let mut locked = registry.publish(&about, &[(file, format!("{name}\n").as_bytes())]);
        locked["optional"] = json!(cpu.is_some());
        locked["hasInstallScript"] = json!(name == "plain");
        packages[format!("node_modules/{name}")] = locked;
    }
    let root = json!({ "name": "root", "version": "1.0.0", "dependencies": { "plain": "1.0.0" },
                       "optionalDependencies": optional });
    npm_registry::lock(&world, "app", &root, &packages);
    registry.stays(&world);
    world
}

const NPM: &str = "kind = \"npm\"\npath = \"app\"\noptional = \"include\"\n\
                   scripts = { plain = \"prints a greeting\" }\n";

#[test]
fn packages_of_npm_for_one_platform_are_apart_from_those_for_all() {
    let world = world_of_npm(&format!("{NPM}copy = {{ node_modules = \"m/node_modules\" }}"));
    assert_eq!(manifests(&world, &[]).len(), 2);
    let [amd64, arm64] = <[_; 2]>::try_from(world.layers("two")).unwrap();
    assert_ne!(amd64[0], arm64[0]);
    assert_eq!(amd64[1], arm64[1]);
}

#[test]
fn what_goes_to_another_place_on_each_platform_is_listed_on_each() {
    let copy = "copy = { node_modules = \"m/{arch}/node_modules\" }\nnative = [\"m/**\"]";
    let world = world_of_npm(&format!("{NPM}{copy}"));
    assert_eq!(manifests(&world, &[]).len(), 2);
    for platform in PLATFORMS {
        let args = ["image", "sbom", "two", "--format", "cyclonedx", "--platform", platform];
        let run = world.run(&args);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains("pkg:npm/"), "{run:?}");
    }
}

#[test]
fn what_should_be_the_same_on_both_platforms_and_is_not_is_refused_with_its_cure() {
    let copy = "copy = { \"node_modules/*/info.txt\" = \"m/info.txt\" }";
    let world = world_of_npm(&format!("{NPM}{copy}"));
    let output = world.run(&["image", "build", "two"]).ends(4);
    assert!(output.contains("layer `things` is not the same on linux/amd64 and"), "{output}");
    assert!(output.contains("they differ in `m/info.txt`"), "{output}");
    assert!(output.contains("native = [\"m/info.txt\"]"), "{output}");
    define(&world, &format!("{NPM}{copy}\nnative = [\"m/info.txt\"]"));
    assert_eq!(manifests(&world, &[]).len(), 2);
}

#[test]
fn a_binary_among_files_is_for_its_own_platform_only() {
    let world = world("kind = \"files\"\npath = \"images\"\ncopy = { tool = \"bin/tool\" }");
    let elf = "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\u{3}\0\u{3e}\0";
    world.write("images/tool", &format!("{elf:\0<64}"));
    let mut git = std::process::Command::new("git");
    assert!(git.args(["init", "-q"]).current_dir(world.path("")).status().unwrap().success());
    let _built = world.run(&["image", "build", "two", "--platform", "linux/amd64"]).ends(0);
    let output = world.run(&["image", "build", "two"]).ends(4);
    assert!(output.contains("layer `things` holds files that do not fit linux/arm64"), "{output}");
    assert!(output.contains("`bin/tool`"), "{output}");
}

#[test]
fn an_install_script_that_nobody_has_judged_is_refused() {
    let copy = "copy = { node_modules = \"m/node_modules\" }";
    let unjudged = NPM.replace("plain = \"prints a greeting\"", "other = \"old\"");
    let world = world_of_npm(&format!("{unjudged}{copy}"));
    let output = world.run(&["image", "build", "two"]).ends(4);
    assert!(output.contains("`plain` wants to run a script when it is installed"), "{output}");
    assert!(output.contains("`other` is declared under `scripts` and has none"), "{output}");
}

/// A wheel of the name `deep` with one tag, listed by its hash, and an image of it on a base
/// whose lock has that `libc6`.
fn world_of_a_wheel(path: &str, tag: &str, libc6: &str) -> World {
    let layer = "kind = \"wheels\"\nrequirements = \"list.txt\"\ncopy = { \".\" = \"site\" }";
    let world = wheels::indexed(world(layer), path.to_owned());
    world.write("list.txt", &wheels::publish(&world, "deep", "1.0", tag));
    let package = format!(
        "libc6 = {{ version = \"{libc6}\", archive = \"debian\", path = \"x\", digest = \"{}\", \
         size = 1 }}",
        Digest::of(b"")
    );
    let layers = PLATFORMS.map(|it| format!("[layers.base.\"{it}\"]\n{package}\n"));
    world.write("images/two.lock", &lock(&layers.concat()));
    world
}

#[test]
fn a_wheel_for_a_newer_c_library_than_the_base_has_is_refused() {
    let path = required!(path_with_uv());
    let tag = "cp311-cp311-manylinux_2_28_x86_64";
    let args = ["image", "build", "two", "--platform", "linux/amd64"];
    let output = world_of_a_wheel(&path, tag, "2.27-3").run(&args).ends(4);
    assert!(output.contains("wheels that do not fit the base on linux/amd64"), "{output}");
    assert!(
        output.contains("`deep-1.0`: wanted glibc 2.28 or newer, found glibc 2.27"),
        "{output}"
    );
    let _said = world_of_a_wheel(&path, tag, "2.36-9+deb12u14").run(&args).ends(0);
}

#[test]
fn a_source_package_among_the_wheels_is_refused_by_name_before_it_is_built() {
    let layer = "kind = \"wheels\"\nrequirements = \"list.txt\"\ncopy = { \".\" = \"site\" }";
    let world = world(layer);
    world.write("list.txt", "deep @ file:///x/deep-1.0.tar.gz --hash=sha256:aa\n");
    let output = world.run(&["image", "build", "two"]).ends(2);
    assert!(output.contains("list.txt:1: `deep`: it is an address or a path"), "{output}");
}

#[test]
fn a_directory_over_a_link_of_a_lower_layer_is_refused_with_both_layers() {
    let files =
        |to: &str| format!("kind = \"files\"\npath = \"images\"\ncopy = {{ tool = \"{to}\" }}");
    let lower = format!("{}\nlinks = {{ bin = \"usr/bin\" }}", files("usr/bin/sh"));
    let upper = |to: &str| format!("{lower}\n[[layer]]\nname = \"tools\"\n{}", files(to));
    let world = world(&upper("bin/tool"));
    world.write("images/tool", "#!/bin/sh\n");
    let mut git = std::process::Command::new("git");
    assert!(git.args(["init", "-q"]).current_dir(world.path("")).status().unwrap().success());
    for _ in ["made now", "remembered"] {
        let output = world.run(&["image", "build", "two"]).ends(4);
        let wanted = "`bin` is a link to `usr/bin` in layer `things`, and a directory";
        assert!(output.contains(wanted) && output.contains("in `tools`"), "{output}");
    }
    define(&world, &upper("usr/bin/tool"));
    assert_eq!(manifests(&world, &[]).len(), 2);
}
