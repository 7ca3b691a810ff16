//! The order of a push, what it spares, and what it never commits.

use super::world::{Image, World, tag, with_causes};
use xtask_core::digest::Digest;
use xtask_fakes::registry::{Fault, on};
use xtask_registry::{PushEvent, RegistryError};

#[test]
fn a_first_push_sends_blobs_then_children_then_the_root_then_tags() {
    let (world, image) = (World::open(), Image::index(&["1.4.0", "latest"]));
    let receipt = world.push(&image).unwrap();

    assert!(world.holds(&image));
    let puts: Vec<String> =
        world.lines().into_iter().filter(|line| line.starts_with("PUT")).collect();
    let manifests: Vec<&str> =
        puts.iter().filter_map(|line| line.strip_prefix("PUT /v2/acme/api/manifests/")).collect();
    let digests: Vec<String> =
        image.push.manifests.iter().map(|(descriptor, _)| descriptor.digest.to_string()).collect();
    assert_eq!(manifests, [&digests[0], &digests[1], &digests[2], "1.4.0", "latest"]);
    assert_eq!(puts.len(), 5 + 5, "five blobs, each once, before any manifest");
    assert!(puts[..5].iter().all(|line| line.contains("/blobs/uploads/")));
    assert_eq!(world.fake.tag("acme/api", "latest"), Some(image.root().to_string()));

    assert_eq!(receipt.root, image.root());
    assert_eq!((receipt.uploaded.len(), receipt.mounted.len(), receipt.present.len()), (5, 0, 0));
    assert_eq!(receipt.requests as usize, world.lines().len());
    assert_eq!(world.fake.open_uploads(), 0);
}

#[test]
fn a_push_of_what_is_there_asks_once_per_tag() {
    let (world, image) = (World::open(), Image::index(&["1.4.0", "latest"]));
    world.push(&image).unwrap();
    world.fake.clear_log();
    let receipt = world.push(&image).unwrap();
    assert_eq!((world.count("HEAD", "/manifests/"), world.lines().len()), (2, 2));
    assert_eq!((receipt.requests, receipt.bytes_sent), (2, 0));
    assert_eq!((receipt.root, receipt.present.len()), (image.root(), 5));
}

#[test]
fn a_tag_that_names_something_else_is_moved_and_nothing_more() {
    let (world, image) = (World::open(), Image::index(&["1.4.0", "latest"]));
    world.push(&image).unwrap();
    world.push(&Image::single(500, &["latest"])).unwrap();
    assert_ne!(world.fake.tag("acme/api", "latest"), Some(image.root().to_string()));
    world.fake.clear_log();
    world.push(&image).unwrap();
    assert_eq!(world.fake.tag("acme/api", "latest"), Some(image.root().to_string()));
    assert_eq!((world.count("PUT", "/manifests/latest"), world.count("PUT", "")), (1, 1));
}

#[test]
fn what_has_no_tag_is_asked_for_by_digest() {
    let (world, image) = (World::open(), Image::index(&[]));
    world.push(&image).unwrap();
    world.fake.clear_log();
    assert_eq!(world.push(&image).unwrap().requests, 1);
    assert_eq!(world.lines(), [format!("HEAD /v2/acme/api/manifests/{}", image.root())]);
}

#[test]
fn a_new_tag_on_what_is_there_sends_the_root_alone() {
    let (world, mut image) = (World::open(), Image::index(&["1.4.0"]));
    world.push(&image).unwrap();
    world.fake.clear_log();
    image.push.tags.push(tag("latest"));
    let receipt = world.push(&image).unwrap();
    assert_eq!((world.count("PUT", ""), world.count("POST", "")), (1, 0));
    assert_eq!(receipt.bytes_sent, image.push.manifests[2].1.len() as u64);
    assert_eq!(world.fake.tag("acme/api", "latest"), Some(image.root().to_string()));
}

#[test]
fn a_blob_that_is_there_is_not_sent() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.fake.put_blob("acme/api", &image.blobs.0[&image.layer()]);
    let receipt = world.push(&image).unwrap();
    assert_eq!((receipt.uploaded.len(), receipt.present.len()), (4, 1));
    assert_eq!(receipt.present[0].digest, image.layer());
    assert_eq!(world.heard(|event| matches!(event, PushEvent::Present(_))), 1);
}

#[test]
fn a_blob_of_another_repository_is_mounted() {
    let (world, mut image) = (World::open(), Image::index(&["1"]));
    world.fake.put_blob("acme/base", &image.blobs.0[&image.layer()]);
    image.mount_from(&[world.repository("acme/none"), world.repository("acme/base")]);
    let receipt = world.push(&image).unwrap();
    assert_eq!((receipt.uploaded.len(), receipt.mounted.len()), (4, 1));
    assert!(world.holds(&image));
    assert_eq!(world.fake.open_uploads(), 0, "the upload of the first failed mount is cancelled");
}

#[test]
fn a_failed_mount_goes_on_with_the_upload_it_opened() {
    let (world, mut image) = (World::open(), Image::single(500, &["1"]));
    image.mount_from(&[world.repository("acme/base")]);
    world.push(&image).unwrap();
    assert_eq!(world.count("POST", "/blobs/uploads/"), 2, "one for the layer, one for the config");
    assert!(world.holds(&image));
}

#[test]
fn a_refused_mount_is_no_failure() {
    for status in [400, 401, 403, 404, 405] {
        let (world, mut image) = (World::open(), Image::single(500, &["1"]));
        image.mount_from(&[world.repository("acme/base")]);
        world.fake.fault(Fault::status(on("POST", "mount=sha256:"), status, 4));
        world.push(&image).unwrap();
        assert!(world.holds(&image), "{status}");
    }
}

#[test]
fn blobs_that_were_not_there_after_all_are_sent_when_a_manifest_misses_them() {
    for fault in [Fault::FalseMount, Fault::FalseHead { times: 2 }] {
        let (world, mut image) = (World::open(), Image::single(500, &["1"]));
        image.mount_from(&[world.repository("acme/base")]);
        world.fake.fault(fault.clone());
        let receipt = world.push(&image).unwrap();
        assert!(world.holds(&image), "{fault:?}");
        assert_eq!((receipt.uploaded.len(), receipt.present.len()), (2, 0), "{fault:?}");
    }
}

#[test]
fn a_blob_that_was_collected_under_a_root_is_sent_again() {
    let (world, mut image) = (World::open(), Image::single(500, &["1"]));
    world.push(&image).unwrap();
    world.fake.remove_blob("acme/api", &image.layer().to_string());
    image.push.tags = vec![tag("2")];
    let receipt = world.push(&image).unwrap();
    assert_eq!(receipt.uploaded.len(), 1);
    assert!(world.holds(&image));
}

#[test]
fn a_missing_blob_is_asked_for_once_more_and_no_oftener() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    let on = on("PUT", "/manifests/");
    world.fake.fault(Fault::refusal(on, 404, "MANIFEST_BLOB_UNKNOWN", "blob unknown", 9));
    let error = world.push(&image).unwrap_err();
    assert_eq!(world.count("PUT", "/manifests/"), 2);
    assert!(
        with_causes(&error).ends_with("the registry said: MANIFEST_BLOB_UNKNOWN: blob unknown")
    );
    assert_eq!(world.fake.tag("acme/api", "1"), None);
}

#[test]
fn a_damaged_blob_is_refused_by_name_and_never_committed() {
    let whole = Image::single(2 << 20, &["1"]);
    let layer = whole.layer();
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 4] = [
        ("its bytes are `sha256:", |bytes| bytes[1_000_000] ^= 1),
        ("wanted 2097152 bytes, found 2097151", |bytes| {
            bytes.truncate((2 << 20) - 1);
        }),
        ("wanted 2097152 bytes, found more", |bytes| bytes.push(0)),
        ("wanted 2097152 bytes, found 0", Vec::clear),
    ];
    for (wanted, damage) in damages {
        for fault in [None, Some(Fault::RefuseMonolithic(413, ""))] {
            let (world, mut image) = (World::open(), whole.clone());
            damage(image.blobs.0.get_mut(&layer).unwrap());
            let is_in_chunks = fault.is_some();
            fault.into_iter().for_each(|fault| world.fake.fault(fault));
            let text = with_causes(&world.push(&image).unwrap_err());
            assert!(text.contains(&format!("cannot send blob `{layer}`: {wanted}")), "{text}");
            assert_eq!(world.count("PUT", "/manifests/"), 0);
            assert_eq!(world.fake.blob("acme/api", &layer.to_string()), None);
            assert_eq!(world.clock.waits(), [], "trying again would not fix it");
            let commits = world.fake.log().into_iter().filter(|logged| {
                logged.status == 201
                    && logged.request.parameter("digest") == Some(&layer.to_string())
            });
            assert_eq!(commits.count(), 0, "{wanted}, chunks: {is_in_chunks}");
        }
    }
}

#[test]
fn a_blob_that_is_not_on_this_machine_is_refused_by_name() {
    let (world, mut image) = (World::open(), Image::single(500, &["1"]));
    image.blobs.0.remove(&image.layer());
    let error = world.push(&image).unwrap_err();
    let wanted = format!(
        "failed to push blob `{0}`\n  caused by: failed to read blob `{0}` from this machine\n  \
         caused by: entity not found",
        image.layer()
    );
    assert_eq!(with_causes(&error), wanted);
    assert!(error.hint().is_some());
}

#[test]
fn a_push_whose_parts_make_no_whole_is_refused_before_the_first_request() {
    let (world, mut image) = (World::open(), Image::index(&["1"]));
    image.push.manifests[0].1.push(b' ');
    let error = world.push(&image).unwrap_err();
    assert!(matches!(error, RegistryError::Incomplete { .. }), "{error}");
    image.push.manifests.clear();
    assert!(matches!(world.push(&image), Err(RegistryError::Incomplete { .. })));
    assert_eq!(world.lines(), [""; 0]);
}

#[test]
fn what_is_read_back_must_be_what_was_pushed() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(Fault::WrongContentDigest);
    let error = world.push(&image).unwrap_err();
    let something_else = Digest::of(b"something else");
    assert_eq!(
        with_causes(&error),
        format!(
            "cannot use a manifest from `{}`: wanted `{}`, found `{something_else}`",
            world.fake.host(),
            image.root()
        )
    );
    assert_eq!(world.fake.tag("acme/api", "1"), None, "no tag before the proof");
}

#[test]
fn without_a_digest_in_the_headers_the_bytes_are_the_proof() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    world.fake.fault(Fault::NoContentDigest);
    world.push(&image).unwrap();
    assert_eq!(world.count("GET", "/manifests/"), 2, "the root and its tag");

    let world = World::open();
    world.fake.fault(Fault::NoContentDigest);
    world.fake.fault(Fault::WrongBytes);
    assert!(matches!(world.push(&image), Err(RegistryError::Mismatch { .. })));
}

#[test]
fn an_empty_blob_is_a_blob() {
    let world = World::open();
    let image = Image::single(0, &["1"]);
    world.push(&image).unwrap();
    assert!(world.holds(&image));
}

#[test]
fn a_warning_of_the_registry_is_heard_once() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    let value = "299 - \"this registry closes in May\"".to_owned();
    world.fake.fault(Fault::Header { on: on("*", ""), name: "Warning", value });
    world.push(&image).unwrap();
    let wanted = PushEvent::Warning("this registry closes in May".to_owned());
    assert_eq!(world.heard(|event| *event == wanted), 1);
}

#[test]
fn progress_adds_up_to_the_bytes_of_every_blob() {
    let (world, image) = (World::open(), Image::single(3 << 20, &["1"]));
    let receipt = world.push(&image).unwrap();
    let events = world.events.lock().unwrap();
    let sent = events.iter().filter_map(|event| match event {
        PushEvent::Sent(_, bytes) => Some(*bytes),
        _ => None,
    });
    let blobs: u64 = image.push.blobs.iter().map(|descriptor| descriptor.size).sum();
    assert_eq!(sent.sum::<u64>(), blobs);
    let root = image.push.manifests[0].1.len() as u64;
    assert_eq!(receipt.bytes_sent, blobs + 2 * root);
}

#[test]
fn a_push_may_run_on_any_thread() {
    let (world, image) = (World::open(), Image::single(500, &["1"]));
    let repository = world.repository("acme/api");
    let push = world.registry.push_image(&repository, &image.push, &image.blobs, |_| {});
    fn on_any_thread<T: Send>(future: T) -> T {
        future
    }
    super::world::wait(on_any_thread(push)).unwrap();
    assert!(world.holds(&image));
}
