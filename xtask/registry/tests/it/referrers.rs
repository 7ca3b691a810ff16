//! Referrers are found wherever a registry keeps them, and whatever it says beside.

use super::world::{Image, World, wait};
use std::collections::BTreeMap;
use xtask_core::digest::Digest;
use xtask_fakes::registry::{Fault, on};
use xtask_registry::{Artifact, Registry};

const KIND: &str = "application/vnd.acme.note";

fn attach(world: &World, image: &Image, bytes: &[u8]) -> Digest {
    let annotations = &BTreeMap::new();
    let note = Artifact { artifact_type: KIND, media_type: KIND, bytes, annotations };
    let repository = world.repository("acme/api");
    wait(world.registry.push_referrer(&repository, &image.push.root, note)).unwrap().digest
}

fn found(world: &World, image: &Image) -> Vec<Digest> {
    let found = wait(world.registry.referrers(&world.repository("acme/api"), &image.root()));
    let mut found: Vec<Digest> = found.unwrap().into_iter().map(|it| it.digest).collect();
    found.sort();
    found
}

fn attached(world: &World, image: &Image) -> Vec<Digest> {
    let mut attached: Vec<Digest> =
        [b"1", b"2", b"3"].iter().map(|it| attach(world, image, *it)).collect();
    attached.sort();
    attached
}

#[test]
fn the_tag_is_read_where_the_registry_keeps_no_list() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    assert_eq!(found(&world, &image), []);
    assert_eq!(attached(&world, &image), found(&world, &image));
}

#[test]
fn the_registrys_list_is_read_page_by_page() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    world.fake.fault(Fault::KeepsReferrers);
    world.fake.fault(Fault::PageOf(1));
    assert_eq!(attached(&world, &image), found(&world, &image));
    assert_eq!(world.fake.tag("acme/api", Registry::referrers_tag(&image.root()).as_str()), None);
    assert_eq!(world.count("GET", "/referrers/"), 3);
}

/// As GHCR was seen to do: nothing, an empty list, a page for people, a way to another host.
#[test]
fn what_a_registry_says_instead_of_a_list_hides_nothing() {
    let (world, image) = (World::open(), Image::index(&["1"]));
    world.push(&image).unwrap();
    let attached = attached(&world, &image);
    let elsewhere = format!("http://{}/login", world.fake.foreign_host());
    let answer = |status, body: &str, headers| Fault::Status {
        on: on("GET", "/referrers/"),
        status,
        body: body.to_owned(),
        headers,
        times: 1,
    };
    let answers = [
        answer(200, r#"{"manifests": []}"#, Vec::new()),
        answer(200, "<html>", Vec::new()),
        answer(403, "", Vec::new()),
        answer(303, "", vec![("Location", elsewhere)]),
    ];
    for fault in answers {
        world.fake.fault(fault);
        assert_eq!(found(&world, &image), attached);
    }
    assert!(world.fake.log().iter().all(|logged| !logged.is_foreign), "nobody went there");
}
