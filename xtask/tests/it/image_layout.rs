//! `image verify` and what lies in `target/images`: stale, damaged, edited, for one platform, or
//! nothing at all.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image_verify::{FILES, build, value, world};
use super::world::World;
use serde_json::{Value, json};
use xtask_image::image::{Index, Manifest};
use xtask_image::layout::Layout;

/// What `image verify` says of `hello` in `target/images`, and how it ended.
fn in_layout(world: &World, more: &[&str]) -> (Value, Option<i32>, String) {
    let platform = ["--platform", "linux/amd64", "--platform", "linux/arm64"];
    let args = [&["--json", "image", "verify", "hello"], &platform[..], more].concat();
    let run = world.run(&args);
    let there = value(&run.stdout)["layout"][0]["there"].clone();
    (there, run.code, run.stderr)
}

fn parts(there: &Value) -> Vec<String> {
    let found = there["differences"].as_array().unwrap().iter();
    let one = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("part"), text("path"), text("field"))
    };
    found.map(one).collect()
}

/// The file of the layer of `hello` for amd64 in `target/images`.
fn layer_file(world: &World) -> std::path::PathBuf {
    let layout = Layout::open_or_create(world.path("target/images")).unwrap();
    let index = layout.resolve("hello").unwrap().unwrap();
    let index: Index = serde_json::from_slice(&layout.read_blob(&index).unwrap()).unwrap();
    let manifest = layout.read_blob(&index.manifests[0]).unwrap();
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    layout.blob_path(&manifest.layers[0].digest)
}

#[test]
fn looking_makes_no_layout() {
    let world = world(FILES);
    for verb in [&["list"][..], &["inspect", "hello"], &["size", "hello"], &["sbom", "hello"]] {
        let run = world.run(&[&["image"], verb].concat());
        let wanted = if verb == ["list"] { 0 } else { 2 };
        assert_eq!(run.code, Some(wanted), "{verb:?}: {run:?}");
        assert!(wanted == 0 || run.stderr.contains("it is not built"), "{verb:?}: {run:?}");
        assert!(!world.path("target/images").exists(), "{verb:?}");
    }
}

#[test]
fn what_lies_in_the_layout_is_compared_with_what_is_built() {
    let world = world(FILES);
    let run = world.run(&["image", "verify", "hello"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("hello in target/images: nothing lies there"), "{run:?}");
    assert!(!world.path("target/images").exists(), "looking makes nothing");

    build(&world);
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!((code, &there["count"]), (Some(0), &json!(0)), "{there}");

    world.write("hello/greeting.txt", "hello, World\n");
    let (there, code, output) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "stale: {there}");
    assert!(output.contains("target/images does not hold what is built now"), "{output}");
    let stale = &there["differences"][0];
    assert_eq!(
        (&stale["part"], &stale["path"]),
        (&json!("layer greeting"), &json!("app/greeting.txt"))
    );
    assert_eq!((&stale["field"], &stale["offset"]), (&json!("content"), &json!(7)));
    let run = world.run(&["image", "verify", "hello", "--without-layout"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn a_damaged_blob_of_the_layout_is_named_by_layer_file_and_byte() {
    let world = world(FILES);
    // Random enough to lie in the layer as it is.
    let noise: Vec<u8> =
        (0..4096_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(world.path("hello/noise.bin"), noise).unwrap();
    build(&world);
    let path = layer_file(&world);
    let whole = std::fs::read(&path).unwrap();

    let mut damaged = whole.clone();
    let at = whole.len() / 2;
    damaged[at] ^= 0x10;
    std::fs::write(&path, damaged).unwrap();
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "{there}");
    assert_eq!(there["first"], there["second"], "its name is still the right one");
    let differences = there["differences"].as_array().unwrap();
    let file = differences.iter().find(|it| it["path"] == "app/noise.bin").unwrap();
    assert_eq!(
        (&file["part"], &file["platform"]["architecture"]),
        (&json!("layer greeting"), &json!("amd64"))
    );
    let packed = differences.iter().find(|it| it["field"] == "gzip data").unwrap();
    assert_eq!(packed["offset"], json!(at), "{packed}");

    std::fs::write(&path, &whole[..at]).unwrap();
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "cut short: {there}");
    assert!(parts(&there).iter().any(|it| it == "layer greeting  gzip data"), "{there}");

    std::fs::remove_file(&path).unwrap();
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "gone: {there}");
    assert_eq!(parts(&there)[0], "layer greeting  presence");
}

#[test]
fn a_document_of_the_layout_that_was_edited_by_hand_is_named_by_its_field() {
    let world = world(FILES);
    build(&world);
    let layout = Layout::open_or_create(world.path("target/images")).unwrap();
    let named = layout.resolve("hello").unwrap().unwrap();
    let index: Index = serde_json::from_slice(&layout.read_blob(&named).unwrap()).unwrap();
    let manifest = layout.read_blob(&index.manifests[1]).unwrap();
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();

    let config = layout.blob_path(&manifest.config.digest);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("/run/program", "/run/attacks")).unwrap();
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "{there}");
    assert_eq!(parts(&there), ["config config.Entrypoint[0] value"]);
    std::fs::write(&config, text).unwrap();

    let mut other = named.clone();
    other.size += 1;
    layout.set_name("hello", &other).unwrap();
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "{there}");
    assert_eq!(parts(&there), ["name  size"]);
    layout.set_name("hello", &named).unwrap();

    std::fs::write(layout.blob_path(&named.digest), "{").unwrap();
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(3), "{there}");
    assert_eq!(there["differences"][0]["part"], "index");
}

#[test]
fn an_image_for_one_platform_in_the_layout_is_the_same_and_what_was_not_built_is_said() {
    let world = world(FILES);
    let one = ["image", "build", "hello", "--platform", "linux/amd64"];
    assert_eq!(world.run(&one).code, Some(0));
    let (there, code, _) = in_layout(&world, &[]);
    assert_eq!(code, Some(0), "as `up` builds it: {there}");
    assert_eq!(there["first"], there["second"]);

    build(&world);
    let run = world.run(&["image", "verify", "hello", "--platform", "linux/amd64"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let line = "linux/arm64 lies there too: not built now, not compared";
    assert!(run.stdout.contains(line), "{run:?}");
}
