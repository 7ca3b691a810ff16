//! `image size`, and what a broken budget says, on an image of a few packages.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;

const LOCK: &str = "suite = \"bookworm\"\narchive_time = 1700000000\n[wanted]\n[layers]\n";

const DEFINITION: &str = r#"
[[layer]]
name = "packages"
kind = "files"
path = "packages"
copy = { "." = "app" }

[layer.files]
"etc/passwd" = "nutri:x:65532:65532::/:"
"etc/group" = "nutri:x:65532:"

[config]
user = "65532:65532"
entrypoint = ["/run/program"]
working_directory = "/"

[budget]
unpacked_mb = BUDGET
"#;

/// A world with one image of twelve packages, of 100 kB to 1.2 MB, and a file of our own.
fn world(budget: u64) -> World {
    let world = World::new();
    world.write("images/hello.toml", &DEFINITION.replace("BUDGET", &budget.to_string()));
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    world.write("images/hello.lock", &format!("encoder = \"{encoder}\"\n{LOCK}"));
    for number in 1..=11 {
        let file = format!("packages/node_modules/@scope/p{number}/index.js");
        world.write(&file, &"x".repeat(number * 100_000));
    }
    world.write("packages/site-packages/six.py", &"y".repeat(1_200_000));
    world.write("packages/own.json", "{}");
    let mut git = std::process::Command::new("git");
    let made = git.args(["init", "-q"]).current_dir(world.path("")).status().unwrap();
    assert!(made.success());
    world
}

#[test]
fn a_broken_budget_names_the_ten_heaviest_packages_in_order() {
    let output = world(7).run(&["image", "build", "hello"]).ends(4);
    insta::assert_snapshot!(output, @r"
    error: failed to build image `hello`
      caused by: image is over its budget on linux/amd64
      caused by: wanted at most 7.0 MB, found 7.8 MB; heaviest:
        six (wheel) 1.2 MB
        @scope/p11 (npm) 1.1 MB
        @scope/p10 (npm) 1.0 MB
        @scope/p9 (npm) 0.9 MB
        @scope/p8 (npm) 0.8 MB
        @scope/p7 (npm) 0.7 MB
        @scope/p6 (npm) 0.6 MB
        @scope/p5 (npm) 0.5 MB
        @scope/p4 (npm) 0.4 MB
        @scope/p3 (npm) 0.3 MB
      hint: leave files out with `drop`, or raise `budget.unpacked_mb`
      code: E-refused
    ");
}

#[test]
fn a_built_image_is_weighed_by_layer_package_and_type() {
    let world = world(8);
    let _said = world.run(&["image", "build", "hello"]).ends(0);
    let run = world.run(&["image", "size", "hello", "--platform", "linux/arm64", "--top", "3"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    insta::assert_snapshot!(run.stdout, @r"
    linux/arm64: 7.8 MB unpacked, 97 % of 8.0 MB allowed; 9.5 kB packed
    LAYER             UNPACKED    PACKED     FILES
    packages            7.8 MB    9.5 kB        15
    PACKAGE           UNPACKED    PACKED     FILES  LAYERS
    six (wheel)         1.2 MB    1.2 kB         1  packages
    @scope/p11 (npm)    1.1 MB    1.2 kB         1  packages
    @scope/p10 (npm)    1.0 MB    1.1 kB         1  packages
    TYPE              UNPACKED    PACKED     FILES
    JavaScript          6.6 MB    7.1 kB        11
    Python              1.2 MB    1.2 kB         1
    no extension        0.0 kB    0.1 kB         2
    ");

    let run = world.run(&["--json", "image", "size", "hello"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let platforms = value["platforms"].as_array().unwrap();
    assert_eq!((platforms.len(), value["budget"].as_u64()), (2, Some(8_000_000)));
    let sum = |list: &str| -> u64 {
        let list = platforms[0][list].as_array().unwrap().iter();
        list.map(|it| it["unpacked"].as_u64().unwrap()).sum()
    };
    assert_eq!([sum("layers"), sum("packages"), sum("types")], [7_800_039; 3]);
    assert_eq!(platforms[0]["packages"][0]["package"], "six");
}

#[test]
fn the_page_holds_every_package_and_asks_for_nothing() {
    let world = world(8);
    let _said = world.run(&["image", "build", "hello"]).ends(0);
    let _said = world.run(&["image", "size", "hello", "--html", "size.html"]).ends(0);
    let html = std::fs::read_to_string(world.path("size.html")).unwrap();
    let packages = (1..=11).map(|number| format!("@scope/p{number}"));
    for package in packages.chain(["six".to_owned(), "packages".to_owned()]) {
        assert!(html.contains(&format!("<th scope=\"row\">{package}</th>")), "{package}");
    }
    for word in ["http", "//", "src=", "url(", "<script", "<link"] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn an_image_or_a_platform_that_is_not_built_names_its_cure() {
    let world = world(8);
    let output = world.run(&["image", "size", "hello"]).ends(2);
    assert!(output.contains("hint: cargo xtask image build hello"), "{output}");
    let only = ["image", "build", "hello", "--platform", "linux/amd64"];
    let _said = world.run(&only).ends(0);
    let output = world.run(&["image", "size", "hello", "--platform", "linux/arm64"]).ends(2);
    assert!(output.contains("cannot weigh image `hello`: not built for linux/arm64"), "{output}");
    assert!(
        output.contains("hint: cargo xtask image build hello --platform linux/arm64"),
        "{output}"
    );
}
