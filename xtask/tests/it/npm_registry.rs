//! A registry of npm on loopback, and what a lock says of the packages in it.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use std::io::Write as _;
use xtask_fakes::archive::FakeArchive;
use xtask_image::gzip_v1::{Encoder, Options};
use xtask_image::tree::{Node, Tree};

/// A registry that the `.npmrc` of a folder leads to.
pub(crate) struct NpmRegistry {
    archive: FakeArchive,
}

impl NpmRegistry {
    /// An empty one for `folder`.
    pub(crate) fn start(world: &World, folder: &str) -> Self {
        let archive = FakeArchive::start();
        world.write(&format!("{folder}/.npmrc"), &format!("registry={}/\n", archive.url()));
        Self { archive }
    }

    /// Publishes a package that is `about` and holds `files` beside; its entry in a lock.
    pub(crate) fn publish(&self, about: &Value, files: &[(&str, &[u8])]) -> Value {
        let (name, version) = (about["name"].as_str().unwrap(), about["version"].as_str().unwrap());
        let bytes = packed(about, files);
        let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&bytes)));
        let path = format!("/{name}-{version}.tgz");
        let mut published = about.clone();
        published["dist"] =
            json!({ "tarball": format!("{}{path}", self.archive.url()), "integrity": integrity });
        let listed = json!({
            "name": name, "dist-tags": { "latest": version }, "versions": { version: published },
        });
        self.archive.put(&path, &bytes);
        self.archive.put(&format!("/{name}"), listed.to_string().as_bytes());
        let mut locked = about.clone();
        locked.as_object_mut().unwrap().remove("name");
        locked["integrity"] = json!(integrity);
        locked
    }

    /// Keeps it as long as the world.
    pub(crate) fn stays(self, world: &World) {
        world.keep(self.archive);
    }
}

/// The archive of a package that is `about` and holds `files` beside.
pub(crate) fn packed(about: &Value, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tree = Tree::new();
    let text = about.to_string();
    for (path, bytes) in files.iter().chain([&("package.json", text.as_bytes())]) {
        tree.insert(format!("package/{path}"), Node::file(0o755, *bytes)).unwrap();
    }
    let mut tar = Vec::new();
    xtask_image::layer::write_tar(&tree, &mut tar).unwrap();
    let mut encoder = Encoder::new(Vec::new(), Options::default());
    encoder.write_all(&tar).unwrap();
    encoder.finish().unwrap()
}

/// Writes the lock of `packages` into `folder`, and the `package.json` that asks for `root`.
pub(crate) fn lock(world: &World, folder: &str, root: &Value, packages: &Value) {
    world.write(&format!("{folder}/package.json"), &root.to_string());
    let mut packages = packages.clone();
    packages[""] = root.clone();
    let lock = json!({ "name": "root", "lockfileVersion": 3, "packages": packages });
    let text = serde_json::to_string_pretty(&lock).unwrap();
    world.write(&format!("{folder}/package-lock.json"), &text);
}
