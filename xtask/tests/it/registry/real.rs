//! Docker's own registry.

use super::world::{Image, credentials, tag};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use xtask::edge::registry::{Credentials, Patience, Registry};
use xtask_core::descriptor::Descriptor;
use xtask_core::reference::Repository;
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_program};

/// `correct-horse` in bcrypt at its lowest cost.
const PASSWORDS: &str = "ci:$2y$04$ClClyrAjP3RbGUgWPjkut.RDV/AMOSaE2suk8aiU/gRml1v62PeHC\n";

/// A registry of its own, with its storage; it ends with its value.
pub(crate) struct Real {
    pub(crate) host: String,
    child: Child,
    _storage: TempDir,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Lock {
    Open,
    Passwords,
}

impl Real {
    /// Starts one.
    pub(crate) fn start(lock: Lock) -> Required<Self> {
        required_program("docker-registry").map(|program| Self::run(&program, lock))
    }

    fn run(program: &Path, lock: Lock) -> Self {
        let storage = tempfile::tempdir().unwrap();
        // The port is free now; nobody else on loopback is told of it.
        let host = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let settings = storage.path().join("settings.yml");
        std::fs::write(&settings, document(storage.path(), &host, lock)).unwrap();
        let child = Command::new(program)
            .arg("serve")
            .arg(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { host, child, _storage: storage }
    }

    /// A client that waits until the registry is up.
    pub(crate) fn client(&self, credentials: Option<Credentials>) -> Registry {
        let registry = self.impatient(credentials, Patience::default());
        registry.ping().unwrap();
        registry
    }

    fn impatient(&self, credentials: Option<Credentials>, patience: Patience) -> Registry {
        let (first_wait, longest_wait) = (Duration::from_millis(5), Duration::from_millis(50));
        let patience = Patience { tries: 200, first_wait, longest_wait, ..patience };
        Registry::new(&self.host, credentials).with_patience(patience)
    }

    fn repository(&self, path: &str) -> Repository {
        format!("{}/{path}", self.host).parse().unwrap()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn document(storage: &Path, host: &str, lock: Lock) -> String {
    let folder = storage.display();
    let mut document = format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: \
         {{rootdirectory: {folder}/blobs}}}}\nhttp: {{addr: \"{host}\"}}\n"
    );
    if lock == Lock::Passwords {
        std::fs::write(storage.join("passwords"), PASSWORDS).unwrap();
        let auth = format!("auth: {{htpasswd: {{realm: test, path: {folder}/passwords}}}}\n");
        document.push_str(&auth);
    }
    document
}

#[test]
fn dockers_registry_takes_an_image_and_gives_it_back() {
    let real = required!(Real::start(Lock::Open));
    let (registry, image) = (real.client(None), Image::index(&["1.4.0", "latest"]));
    let repository = real.repository("acme/api");
    let push = || registry.push_image(&repository, &image.push, &image.blobs, &|_| {}).unwrap();
    assert_eq!(registry.tags(&repository).unwrap(), Vec::<String>::new());

    let first = push();
    assert_eq!((first.root, first.uploaded.len()), (image.root(), 5));
    let second = push();
    assert_eq!((second.requests, second.bytes_sent), (2, 0));

    // It does not sort them.
    let mut tags = registry.tags(&repository).unwrap();
    tags.sort();
    assert_eq!(tags, ["1.4.0", "latest"]);
    let (found, bytes) = registry.manifest(&repository.tag(tag("latest"))).unwrap().unwrap();
    assert_eq!((&found, &bytes), (&image.push.root, &image.push.manifests[2].1));
    for blob in &image.push.blobs {
        assert_eq!(registry.blob(&repository, blob).unwrap(), image.blobs.0[&blob.digest]);
    }
    assert_eq!(registry.head_manifest(&repository.tag(tag("2"))).unwrap(), None);
}

#[test]
fn dockers_registry_mounts_between_repositories() {
    let real = required!(Real::start(Lock::Open));
    let (registry, mut image) = (real.client(None), Image::index(&["1"]));
    let base = real.repository("acme/base");
    registry.push_image(&base, &image.push, &image.blobs, &|_| {}).unwrap();
    image.mount_from(&[real.repository("acme/none"), base]);
    let api = real.repository("acme/api");
    let receipt = registry.push_image(&api, &image.push, &image.blobs, &|_| {}).unwrap();
    assert_eq!((receipt.mounted.len(), receipt.uploaded.len()), (5, 0));
}

#[test]
fn dockers_registry_takes_a_blob_in_chunks() {
    let real = required!(Real::start(Lock::Open));
    real.client(None);
    let patience = Patience { whole: 1000, ..Patience::default() };
    let registry = real.impatient(None, patience);
    let (image, repository) = (Image::single(9 << 20, &["1"]), real.repository("acme/api"));
    let receipt = registry.push_image(&repository, &image.push, &image.blobs, &|_| {}).unwrap();
    assert_eq!(receipt.uploaded.len(), 2);
    let layer = registry.blob(&repository, &image.push.blobs[0]).unwrap();
    assert!(layer == image.blobs.0[&image.layer()]);
    let mut downloaded = Vec::new();
    registry.download(&repository, &image.push.blobs[0], &mut downloaded).unwrap();
    assert!(downloaded == layer, "it is read in parts as well");
}

#[test]
fn dockers_registry_keeps_an_artifact() {
    let real = required!(Real::start(Lock::Open));
    let (registry, repository) = (real.client(None), real.repository("acme/releases"));
    let (kind, bytes) = ("application/vnd.acme.release.v1+json", b"{\"v\":1}");
    let (tags, notes) = ([tag("1.4.0")], BTreeMap::new());
    let root = registry
        .push_artifact(&repository, kind, "application/json", bytes, &tags, &notes)
        .unwrap();
    let found = registry.head_manifest(&repository.tag(tag("1.4.0"))).unwrap();
    assert_eq!(found, Some(root));
    let layer = Descriptor::of("application/json", bytes);
    assert_eq!(registry.blob(&repository, &layer).unwrap(), bytes);
}

#[test]
fn dockers_registry_lets_in_who_has_the_password() {
    let real = required!(Real::start(Lock::Passwords));
    let registry = real.client(Some(credentials(super::world::PASSWORD)));
    let (image, repository) = (Image::single(2 << 20, &["1"]), real.repository("acme/api"));
    let receipt = registry.push_image(&repository, &image.push, &image.blobs, &|_| {}).unwrap();
    assert_eq!(receipt.root, image.root());
    for wrong in [None, Some(credentials("hunter2"))] {
        let error = real.impatient(wrong, Patience::default()).ping().unwrap_err();
        assert_eq!(error.answered().map(|(status, _)| status.as_u16()), Some(401));
    }
}
