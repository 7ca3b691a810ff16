//! Modules of npm by a lock: one for all platforms, and a Node.js for each.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::{Value, json};
use std::io::Write as _;
use xtask_image::gzip_v1::{Encoder, Options};
use xtask_image::tree::{Node, Tree};

/// A layer of them, of which the packages with a binary are one half.
pub(crate) const LAYER: &str = r#"
[[layer]]
name = "modules"
kind = "npm"
path = "app"
optional = "include"
copy = { node_modules = "srv/node_modules", "node_modules/*/bin/node" = "usr/local/bin/node" }
"#;

/// Processors as npm spells them, and as a binary's head does.
const MACHINES: [(&str, u8); 2] = [("x64", 0x3e), ("arm64", 0xb7)];

/// Writes folder `app` with its lock: `planted-npm` 1.0.0 and Node.js 20.20.2.
pub(crate) fn write(world: &World) {
    let mut packages = json!({});
    let mut optional = json!({});
    for (cpu, machine) in MACHINES {
        let name = format!("node-linux-{cpu}");
        let about = json!({ "name": name, "version": "20.20.2", "os": ["linux"], "cpu": [cpu] });
        let mut locked = package(world, &about, &[("package/bin/node", &elf(machine))]);
        optional[&name] = locked["resolved"].clone();
        locked["optional"] = json!(true);
        packages[format!("node_modules/{name}")] = locked;
    }
    let about = json!({ "name": "planted-npm", "version": "1.0.0" });
    let planted = package(world, &about, &[("package/index.js", b"planted\n")]);
    let wanted = json!({ "planted-npm": planted["resolved"] });
    packages["node_modules/planted-npm"] = planted;
    let root = json!({ "name": "root", "version": "1.0.0", "dependencies": wanted,
                       "optionalDependencies": optional });
    world.write("app/package.json", &root.to_string());
    packages[""] = root;
    let lock = json!({ "name": "root", "lockfileVersion": 3, "packages": packages });
    world.write("app/package-lock.json", &lock.to_string());
}

/// Writes the archive of a package; what a lock says of it.
fn package(world: &World, about: &Value, files: &[(&str, &[u8])]) -> Value {
    let mut tree = Tree::new();
    let text = about.to_string();
    for (path, bytes) in files.iter().chain([&("package/package.json", text.as_bytes())]) {
        tree.insert(path, Node::file(0o755, *bytes)).unwrap();
    }
    let mut tar = Vec::new();
    xtask_image::layer::write_tar(&tree, &mut tar).unwrap();
    let mut encoder = Encoder::new(Vec::new(), Options::default());
    encoder.write_all(&tar).unwrap();
    let archive = world.path(&format!("{}.tgz", about["name"].as_str().unwrap()));
    std::fs::create_dir_all(archive.parent().unwrap()).unwrap();
    std::fs::write(&archive, encoder.finish().unwrap()).unwrap();
    let mut locked = about.clone();
    locked["resolved"] = json!(format!("file:{}", archive.display()));
    locked
}

/// The head of a program for `machine`.
fn elf(machine: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([3, 0, machine, 0]);
    bytes
}
