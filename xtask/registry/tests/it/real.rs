//! Docker's own registry.

use super::world::{Image, credentials, tag, wait};
use std::collections::BTreeMap;
use xtask_core::descriptor::Descriptor;
use xtask_core::reference::Repository;
use xtask_fakes::docker_registry::{DockerRegistry, Lock, PASSWORD};
use xtask_fakes::required;
use xtask_registry::{Registry, RetryPolicy};

fn repository(real: &DockerRegistry, path: &str) -> Repository {
    format!("{}/{path}", real.host).parse().unwrap()
}

#[test]
fn dockers_registry_takes_an_image_and_gives_it_back() {
    let real = required!(DockerRegistry::start(Lock::Open));
    let (registry, image) = (Registry::new(&real.host, None), Image::index(&["1.4.0", "latest"]));
    let repository = repository(&real, "acme/api");
    let push =
        || wait(registry.push_image(&repository, &image.push, &image.blobs, |_| {})).unwrap();
    assert_eq!(wait(registry.tags(&repository)).unwrap(), Vec::<String>::new());

    let first = push();
    assert_eq!((first.root, first.uploaded.len()), (image.root(), 5));
    let second = push();
    assert_eq!((second.requests, second.bytes_sent), (2, 0));

    // It does not sort them.
    let mut tags = wait(registry.tags(&repository)).unwrap();
    tags.sort();
    assert_eq!(tags, ["1.4.0", "latest"]);
    let (found, bytes) = wait(registry.manifest(&repository.tag(tag("latest")))).unwrap().unwrap();
    assert_eq!((&found, &bytes), (&image.push.root, &image.push.manifests[2].1));
    for blob in &image.push.blobs {
        assert_eq!(wait(registry.blob(&repository, blob)).unwrap(), image.blobs.0[&blob.digest]);
    }
    assert_eq!(wait(registry.head_manifest(&repository.tag(tag("2")))).unwrap(), None);
}

#[test]
fn dockers_registry_mounts_between_repositories() {
    let real = required!(DockerRegistry::start(Lock::Open));
    let (registry, mut image) = (Registry::new(&real.host, None), Image::index(&["1"]));
    let base = repository(&real, "acme/base");
    wait(registry.push_image(&base, &image.push, &image.blobs, |_| {})).unwrap();
    image.mount_from(&[repository(&real, "acme/none"), base]);
    let api = repository(&real, "acme/api");
    let receipt = wait(registry.push_image(&api, &image.push, &image.blobs, |_| {})).unwrap();
    assert_eq!((receipt.mounted.len(), receipt.uploaded.len()), (5, 0));
}

#[test]
fn dockers_registry_takes_a_blob_in_chunks() {
    let real = required!(DockerRegistry::start(Lock::Open));
    let retry_policy = RetryPolicy { whole: 1000, ..RetryPolicy::default() };
    let registry = Registry::new(&real.host, None).with_retry_policy(retry_policy);
    let (image, repository) = (Image::single(9 << 20, &["1"]), repository(&real, "acme/api"));
    let receipt =
        wait(registry.push_image(&repository, &image.push, &image.blobs, |_| {})).unwrap();
    assert_eq!(receipt.uploaded.len(), 2);
    let layer = wait(registry.blob(&repository, &image.push.blobs[0])).unwrap();
    assert!(layer == image.blobs.0[&image.layer()]);
    let mut downloaded = Vec::new();
    wait(registry.download(&repository, &image.push.blobs[0], &mut downloaded)).unwrap();
    assert!(downloaded == layer, "it is read in parts as well");
}

#[test]
fn dockers_registry_keeps_an_artifact() {
    let real = required!(DockerRegistry::start(Lock::Open));
    let (registry, repository) =
        (Registry::new(&real.host, None), repository(&real, "acme/releases"));
    let (kind, bytes) = ("application/vnd.acme.release.v1+json", b"{\"v\":1}");
    let (tags, notes) = ([tag("1.4.0")], BTreeMap::new());
    let root =
        wait(registry.push_artifact(&repository, kind, "application/json", bytes, &tags, &notes))
            .unwrap();
    let found = wait(registry.head_manifest(&repository.tag(tag("1.4.0")))).unwrap();
    assert_eq!(found, Some(root));
    let layer = Descriptor::of("application/json", bytes);
    assert_eq!(wait(registry.blob(&repository, &layer)).unwrap(), bytes);
}

#[test]
fn dockers_registry_lets_in_who_has_the_password() {
    let real = required!(DockerRegistry::start(Lock::Passwords));
    let registry = Registry::new(&real.host, Some(credentials(PASSWORD)));
    let (image, repository) = (Image::single(2 << 20, &["1"]), repository(&real, "acme/api"));
    let receipt =
        wait(registry.push_image(&repository, &image.push, &image.blobs, |_| {})).unwrap();
    assert_eq!(receipt.root, image.root());
    for wrong in [None, Some(credentials("hunter2"))] {
        let error = wait(Registry::new(&real.host, wrong).ping()).unwrap_err();
        assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(401));
    }
}
