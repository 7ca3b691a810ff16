//! Indexes that list more than images of ours: the attestations of buildx, which are for
//! `unknown/unknown`, and platforms that we do not build for. Every reader skips them and says so.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image_verify::{FILES, build, push, world};
use super::world::World;
use serde_json::{Value, json};
use xtask::runtime::wait;
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository, Tag};
use xtask_fakes::registry::FakeRegistry;
use xtask_image::layout::Layout;
use xtask_registry::Registry;

/// What buildx adds, and a platform: each the entry of a manifest that differs from `manifest`.
fn others(manifest: &[u8]) -> Vec<(Value, Vec<u8>)> {
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let arm = json!({ "os": "linux", "architecture": "arm", "variant": "v7" });
    let entry = |platform: &Value| {
        let mut document: Value = serde_json::from_slice(manifest).unwrap();
        document["annotations"] = json!({ "note": platform["os"] });
        let bytes = document.to_string().into_bytes();
        let mut entry = json!({
            "mediaType": media_type::MANIFEST, "digest": Digest::of(&bytes), "size": bytes.len(),
            "platform": platform,
        });
        if platform["os"] == "unknown" {
            entry["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
        }
        (entry, bytes)
    };
    vec![entry(&unknown), entry(&arm)]
}

/// The index in `bytes` with `entries` beside or instead of its own.
fn with(bytes: &[u8], entries: &[(Value, Vec<u8>)], only: bool) -> Vec<u8> {
    let mut index: Value = serde_json::from_slice(bytes).unwrap();
    let listed = index["manifests"].as_array_mut().unwrap();
    if only {
        listed.clear();
    }
    listed.extend(entries.iter().map(|(entry, _)| entry.clone()));
    index.to_string().into_bytes()
}

fn first_child(bytes: &[u8]) -> Digest {
    let index: Value = serde_json::from_slice(bytes).unwrap();
    index["manifests"][0]["digest"].as_str().unwrap().parse().unwrap()
}

/// Changes the index that was pushed as `nutri/hello:1`.
fn change_pushed(host: &str, kind: &str, only: bool) {
    let repository: Repository = format!("{host}/nutri/hello").parse().unwrap();
    let registry = Registry::new(host, None);
    let tag: Tag = "1".parse().unwrap();
    let (_, bytes) = wait(registry.manifest(&repository.tag(tag.clone()))).unwrap().unwrap();
    let child = repository.pin(first_child(&bytes));
    let (_, manifest) = wait(registry.manifest(&child)).unwrap().unwrap();
    let others = others(&manifest);
    for (_, bytes) in &others {
        let name = Name::Digest(Digest::of(bytes));
        wait(registry.put_manifest(&repository, &name, media_type::MANIFEST, bytes)).unwrap();
    }
    let mut index: Value = serde_json::from_slice(&with(&bytes, &others, only)).unwrap();
    index["mediaType"] = json!(kind);
    let bytes = index.to_string().into_bytes();
    wait(registry.put_manifest(&repository, &Name::Tag(tag), kind, &bytes)).unwrap();
}

#[test]
fn a_pushed_index_is_compared_without_them() {
    let (world, fake) = (world(FILES), FakeRegistry::start());
    build(&world);
    push(&world, &fake.host(), &|bytes| bytes);
    change_pushed(&fake.host(), media_type::INDEX, false);
    let reference = format!("{}/nutri/hello:1", fake.host());
    let against = ["image", "verify", "--against", &reference];
    let run = world.run(&against);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("the same"), "{run:?}");
    assert!(run.stdout.contains("skipped `unknown/unknown`"), "{run:?}");
    assert!(run.stdout.contains("skipped `linux/arm/v7`"), "{run:?}");
    world.write("hello/greeting.txt", "hello, World\n");
    let run = world.run(&against);
    assert_eq!(run.code, Some(3), "a difference beside them is one: {run:?}");
    assert!(run.stdout.contains("layer greeting: `app/greeting.txt`: content"), "{run:?}");

    change_pushed(&fake.host(), media_type::INDEX, true);
    let output = world.run(&against).ends(5);
    assert!(output.contains("it lists no image for a platform that we build for"), "{output}");
    assert!(output.contains("`linux/arm/v7`"), "{output}");
}

#[test]
fn a_list_as_docker_spells_it_is_an_index() {
    let (world, fake) = (world(FILES), FakeRegistry::start());
    build(&world);
    push(&world, &fake.host(), &|bytes| bytes);
    change_pushed(&fake.host(), media_type::DOCKER_LIST, false);
    let reference = format!("{}/nutri/hello:1", fake.host());
    let run = world.run(&["image", "verify", "--against", &reference]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let line = "index: `mediaType`: value: ";
    assert!(run.stdout.contains(line), "images are compared, the list is another: {run:?}");
}

/// Puts into the layout an index as `skopeo copy` brings it: the manifests of others stay behind.
fn change_layout(world: &World, only: bool) -> Layout {
    let layout = Layout::open_or_create(world.path("target/images")).unwrap();
    let named = layout.resolve("hello").unwrap().unwrap();
    let bytes = layout.read_blob(&named).unwrap();
    let child = std::fs::read(layout.blob_path(&first_child(&bytes))).unwrap();
    let bytes = with(&bytes, &others(&child), only);
    let changed: Descriptor = layout.write_blob(media_type::INDEX, &bytes).unwrap();
    layout.set_name("hello", &changed).unwrap();
    layout
}

#[test]
fn readers_of_the_layout_skip_them_and_say_so() {
    let world = world(FILES);
    build(&world);
    let layout = change_layout(&world, false);
    for args in [&["image", "inspect", "hello"][..], &["image", "size", "hello"]] {
        let run = world.run(args);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stderr.contains("image `hello`: skipped `unknown/unknown`"), "{run:?}");
        assert!(run.stderr.contains("image `hello`: skipped `linux/arm/v7`"), "{run:?}");
        assert!(run.stdout.contains("greeting"), "{run:?}");
    }
    let run = world.run(&["image", "gc"]);
    assert_eq!(run.code, Some(0), "what never came is not needed: {run:?}");
    let run = world.run(&["image", "verify", "hello"]);
    assert_eq!(run.code, Some(3), "we did not put them there: {run:?}");
    assert!(run.stdout.contains("index: `manifests[2]`: presence: absent, there"), "{run:?}");

    // The layout itself keeps what it was given.
    let other = layout.resolve("hello").unwrap().unwrap();
    let mut named = other.clone();
    named.platform =
        serde_json::from_value(json!({ "os": "linux", "architecture": "s390x" })).unwrap();
    layout.set_name("theirs", &named).unwrap();
    let index = std::fs::read_to_string(layout.dir().join("index.json")).unwrap();
    assert!(index.contains("s390x"), "{index}");
    build(&world);

    change_layout(&world, true);
    let output = world.run(&["image", "inspect", "hello"]).ends(5);
    assert!(output.contains("it lists no image for a platform that we build for"), "{output}");
}
