//! The small verbs: manifests, blobs, tags, artifacts, and whether anybody is there.

use super::world::{Image, World, noise, tag, wait};
use std::collections::BTreeMap;
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::Name;
use xtask_fakes::registry::{Fault, on};
use xtask_registry::{Artifact, Registry, RegistryError};

#[test]
fn a_manifest_is_read_by_tag_and_by_digest() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    let repository = world.repository("acme/api");
    let (wanted, bytes) = image.push.manifests.last().unwrap();
    for reference in [repository.tag(tag("1")), repository.pin(image.root())] {
        let found = wait(world.registry.manifest(&reference)).unwrap();
        assert_eq!(found.as_ref(), Some(&(wanted.clone(), bytes.clone())));
        assert_eq!(wait(world.registry.head_manifest(&reference)).unwrap().as_ref(), Some(wanted));
    }
    let absent = repository.tag(tag("2"));
    assert_eq!(wait(world.registry.manifest(&absent)).unwrap(), None);
    assert_eq!(wait(world.registry.head_manifest(&absent)).unwrap(), None);
}

#[test]
fn where_head_is_not_allowed_the_manifest_is_read() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    world.fake.fault(Fault::status(on("HEAD", "/manifests/"), 405, 9));
    let reference = world.repository("acme/api").tag(tag("1"));
    let found = wait(world.registry.head_manifest(&reference)).unwrap();
    assert_eq!(found, Some(image.push.root.clone()));
}

#[test]
fn bytes_that_are_not_those_of_the_name_are_refused() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.push(&image).unwrap();
    world.fake.fault(Fault::WrongBytes);
    let repository = world.repository("acme/api");
    let by_digest = wait(world.registry.manifest(&repository.pin(image.root())));
    let by_tag = wait(world.registry.manifest(&repository.tag(tag("1"))));
    let blob = wait(world.registry.blob(&repository, &image.push.blobs[0]));
    for error in [by_digest.unwrap_err(), by_tag.unwrap_err(), blob.unwrap_err()] {
        assert!(matches!(error, RegistryError::Mismatch { .. }), "{error}");
    }
}

#[test]
fn no_more_of_a_blob_is_read_than_its_descriptor_says() {
    let world = World::open();
    let bytes = noise(1, 5000);
    world.fake.put_blob("acme/api", &bytes);
    let mut descriptor = Descriptor::of(media_type::CONFIG, &bytes);
    descriptor.size = 4999;
    let error = wait(world.registry.blob(&world.repository("acme/api"), &descriptor)).unwrap_err();
    assert!(error.to_string().ends_with("it is larger than 4999 bytes"), "{error}");
}

#[test]
fn tags_are_read_page_by_page() {
    let world = World::open();
    let repository = world.repository("acme/api");
    assert_eq!(wait(world.registry.tags(&repository)).unwrap(), Vec::<String>::new());
    world.push(&Image::single(500, &["a", "b", "c", "d", "e"])).unwrap();
    world.fake.fault(Fault::PageOf(2));
    world.fake.clear_log();
    assert_eq!(wait(world.registry.tags(&repository)).unwrap(), ["a", "b", "c", "d", "e"]);
    assert_eq!(world.count("GET", "/tags/list"), 3);
}

#[test]
fn a_next_page_on_another_host_is_not_asked_for() {
    let world = World::open();
    world.push(&Image::single(500, &["a"])).unwrap();
    let value = format!("<http://{}/v2/>; rel=\"next\"", world.fake.foreign_host());
    world.fake.fault(Fault::Header { on: on("GET", "/tags/list"), name: "Link", value });
    let error = wait(world.registry.tags(&world.repository("acme/api"))).unwrap_err();
    assert!(error.to_string().ends_with("its next page is on another host"), "{error}");
    assert!(world.fake.log().iter().all(|logged| !logged.is_foreign));
}

#[test]
fn an_artifact_is_an_oci_manifest_with_an_empty_config() {
    let world = World::open();
    let repository = world.repository("acme/releases");
    let annotations =
        BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".into(), "<1>".into())]);
    let push = || {
        let kind = "application/vnd.acme.release.v1+json";
        let tags = [tag("1.4.0")];
        let registry = &world.registry;
        wait(registry.push_artifact(
            &repository,
            kind,
            "application/json",
            b"{\"v\":1}",
            &tags,
            &annotations,
        ))
    };
    let root = push().unwrap();
    assert_eq!(push().unwrap(), root, "the same call gives the same digest");
    let (found, bytes) =
        wait(world.registry.manifest(&repository.tag(tag("1.4.0")))).unwrap().unwrap();
    assert_eq!(found, root);
    let layer = Digest::of(b"{\"v\":1}");
    let wanted = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
         \"artifactType\":\"application/vnd.acme.release.v1+json\",\"config\":{{\"mediaType\":\
         \"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e\
         94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2}},\"layers\":[{{\"mediaType\":\
         \"application/json\",\"digest\":\"{layer}\",\"size\":7}}],\"annotations\":{{\"a\":\"<1>\",\
         \"b\":\"2\"}}}}"
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), wanted);
    let layer = Descriptor::of("application/json", b"{\"v\":1}");
    assert_eq!(wait(world.registry.blob(&repository, &layer)).unwrap(), b"{\"v\":1}");
}

#[test]
fn a_manifest_can_be_put_under_a_name_of_its_own() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.push(&image).unwrap();
    let (descriptor, bytes) = &image.push.manifests[0];
    let repository = world.repository("acme/api");
    let name = Name::Tag(tag("sha256-abc"));
    let put = wait(world.registry.put_manifest(&repository, &name, &descriptor.media_type, bytes));
    assert_eq!(put.unwrap(), image.root());
    assert_eq!(world.fake.tag("acme/api", "sha256-abc"), Some(image.root().to_string()));
}

#[test]
fn a_ping_finds_a_registry_or_says_what_else_is_there() {
    let world = World::open();
    wait(world.registry.ping()).unwrap();
    world.fake.fault(Fault::status(on("GET", "/v2/"), 404, 1));
    let error = wait(world.registry.ping()).unwrap_err();
    assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(404));
}

/// Attaches an SBOM and returns its digest.
fn attach(world: &World, image: &Image, bytes: &[u8]) -> Digest {
    let annotations = &BTreeMap::from([("made".to_owned(), "here".to_owned())]);
    let (artifact_type, media_type) = ("application/spdx+json", "application/spdx+json");
    let sbom = Artifact { artifact_type, media_type, bytes, annotations };
    let (repository, subject) = (world.repository("acme/api"), &image.push.root);
    let attached = wait(world.registry.push_referrer(&repository, subject, sbom));
    attached.unwrap().digest
}

#[test]
fn what_is_said_about_an_image_is_listed_under_its_digest_as_a_tag() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    let first = attach(&world, &image, b"{}");
    let second = attach(&world, &image, b"[]");
    assert_eq!(attach(&world, &image, b"{}"), first, "twice is once");

    let list = Registry::referrers_tag(&image.root());
    assert_eq!(list.as_str(), format!("sha256-{}", image.root().hex()));
    let list = world.repository("acme/api").tag(list);
    let (_, bytes) = wait(world.registry.manifest(&list)).unwrap().unwrap();
    let index: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let digests: Vec<&str> =
        entries.iter().map(|entry| entry["digest"].as_str().unwrap()).collect();
    assert_eq!(digests, [first.to_string(), second.to_string()]);
    assert_eq!(entries[0]["artifactType"], "application/spdx+json");
    assert_eq!(entries[0]["annotations"]["made"], "here");

    let pin = world.repository("acme/api").pin(first);
    let (_, bytes) = wait(world.registry.manifest(&pin)).unwrap().unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(manifest["subject"]["digest"], image.root().to_string());
    assert_eq!(world.fake.tag("acme/api", "1"), Some(image.root().to_string()), "untouched");
}

#[test]
fn a_registry_that_keeps_the_list_itself_gets_no_tag_for_it() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    world.fake.fault(Fault::KeepsReferrers);
    attach(&world, &image, b"{}");
    let list = Registry::referrers_tag(&image.root());
    assert_eq!(world.fake.tag("acme/api", list.as_str()), None);
}
