//! Builds of services that need no npm, files that differ from platform to platform, and images that
//! are not for all of them.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{END, World};
use serde_json::Value;

/// Makes what looks like a program for the machine that is asked for, and a text for all.
const MAKE: &str = "case $1 in x86_64) is='\\076' ;; aarch64) is='\\267' ;; esac
mkdir -p out
{ printf '\\177ELF\\002\\001\\001'; head -c 9 /dev/zero; printf '\\002\\000'; printf \"$is\\000\"; } > out/$2
head -c 44 /dev/zero >> out/$2
chmod 755 out/$2
echo the same > out/text
echo \"built for $2\" >> \"$TMPDIR/builds\"
";

const BUILD: &str = "kind = \"build\"\npath = \"app\"\nrun = [\"sh\", \"make.sh\", \"{machine}\", \"{arch}\"]\n\
                     copy = { \"out/{arch}\" = \"bin/program\", \"out/text\" = \"srv/text\" }\n";

/// A world with the image `one` of one layer, behind `head`.
fn world(head: &str, layer: &str) -> World {
    let world = World::new();
    let scratch = world.path("../temporary");
    std::fs::create_dir_all(&scratch).unwrap();
    let world = world.with("TMPDIR", scratch.display().to_string());
    define(&world, head, layer);
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let lock =
        format!("encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n");
    world.write("images/one.lock", &(lock + "[wanted]\n"));
    world.write("app/make.sh", MAKE);
    world.init();
    world
}

fn define(world: &World, head: &str, layer: &str) {
    let text = format!("{head}[[layer]]\nname = \"things\"\n{layer}{END}");
    world.write("images/one.toml", &text);
}

fn built(world: &World) -> Value {
    let run = world.run(&["image", "build", "one", "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn names(layers: &[(String, String)]) -> Vec<&str> {
    layers.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_service_without_npm_is_built_once_for_each_platform() {
    let world = world("", BUILD);
    built(&world);
    let layers = world.layers("one");
    assert_eq!(layers.len(), 2);
    for on in &layers {
        assert_eq!(names(on), ["things-native", "things"]);
    }
    assert_ne!(layers[0][0], layers[1][0], "each has its own program");
    assert_eq!(layers[0][1], layers[1][1], "what both share is one blob");
    built(&world);
    let builds = std::fs::read_to_string(world.path("../temporary/builds")).unwrap();
    assert_eq!(builds, "built for amd64\nbuilt for arm64\n", "nothing is built twice");
}

#[test]
fn what_was_built_without_npm_is_attested() {
    let world = world("", BUILD).with("XTASK_KEY_PASSPHRASE", "correct horse".to_owned());
    world.write(".gitignore", "/target\n/*.key\n/*.pub\n");
    world.commit();
    built(&world);
    let keys = ["--private", "ours.key", "--public", "ours.pub"];
    world.run(&[&["image", "keygen"][..], &keys].concat()).ends(0);
    let run = world.run(&["image", "attest", "one", "--key", "file:ours.key", "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(answer["images"][0]["attached"].as_u64().unwrap() > 0, "{answer}");
}

#[test]
fn one_build_may_make_the_programs_of_all_platforms() {
    let both = "sh make.sh x86_64 amd64 && sh make.sh aarch64 arm64";
    let layer =
        BUILD.replace("\"make.sh\", \"{machine}\", \"{arch}\"", &format!("\"-c\", \"{both}\""));
    let world = world("", &layer);
    built(&world);
    let layers = world.layers("one");
    assert_eq!(
        (names(&layers[0]), names(&layers[1])),
        (vec!["things-native", "things"], vec!["things-native", "things"])
    );
    let builds = std::fs::read_to_string(world.path("../temporary/builds")).unwrap();
    assert_eq!(builds.lines().count(), 2, "the build ran once: {builds}");
}

#[test]
fn a_program_for_another_machine_is_refused_and_so_is_one_that_all_platforms_would_share() {
    let swapped = BUILD.replace("{machine}", "x86_64");
    let output = world("", &swapped).run(&["image", "build", "one"]).ends(4);
    assert!(output.contains("layer `things` holds files that do not fit linux/arm64"), "{output}");
    let shared = BUILD.replace("{machine}", "x86_64").replace("{arch}", "amd64");
    let output = world("", &shared).run(&["image", "build", "one"]).ends(4);
    assert!(output.contains("is for every platform, and holds binaries for one"), "{output}");
    assert!(output.contains("names the platform in its `run` or `copy`: `{arch}`"), "{output}");
}

#[test]
fn files_of_a_platform_are_named_where_they_are_no_binaries() {
    let layer = "kind = \"files\"\npath = \"app\"\ncopy = { \"{arch}.conf\" = \"etc/app.conf\" }\n";
    let world = world("", layer);
    for platform in ["amd64", "arm64"] {
        world.write(&format!("app/{platform}.conf"), &format!("for {platform}\n"));
    }
    let output = world.run(&["image", "build", "one"]).ends(4);
    assert!(
        output.contains("layer `things` is not the same on linux/amd64 and linux/arm64"),
        "{output}"
    );
    assert!(output.contains("native = [\"etc/app.conf\"]"), "{output}");
    define(&world, "", &format!("{layer}native = [\"etc/app.conf\"]\n"));
    built(&world);
    std::fs::remove_file(world.path("app/arm64.conf")).unwrap();
    let output = world.run(&["image", "build", "one"]).ends(2);
    assert!(output.contains("cannot find `arm64.conf` in `app`"), "{output}");
}

#[test]
fn an_image_for_one_platform_is_built_and_verified_for_that_one_and_refused_for_others() {
    let world = world("platforms = [\"linux/arm64\"]\n", BUILD);
    let answer = built(&world);
    let manifests = answer["images"][0]["manifests"].as_array().unwrap();
    assert_eq!(manifests.len(), 1, "{answer}");
    assert_eq!(manifests[0][0]["architecture"], "arm64");
    let run = world.run(&["image", "verify", "one"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let output = world.run(&["image", "build", "one", "--platform", "linux/amd64"]).ends(2);
    let wanted = "image `one` is not for linux/amd64; its definition names `linux/arm64`";
    assert!(output.contains(wanted) && output.contains("E-usage"), "{output}");
}

#[test]
fn a_program_that_is_not_on_this_machine_is_told_by_name() {
    let layer = BUILD.replace("\"sh\"", "\"no-such-{machine}-compiler\"");
    let args = ["image", "build", "one", "--platform", "linux/arm64"];
    let output = world("", &layer).run(&args).ends(5);
    assert!(output.contains("failed to build `"), "{output}");
    assert!(output.contains("`no-such-aarch64-compiler`"), "{output}");
    assert!(output.contains("E-tool-missing"), "{output}");
}
