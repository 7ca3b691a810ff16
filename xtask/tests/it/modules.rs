//! Modules of npm by a lock: one for all platforms, and a Node.js for each.

use super::npm_registry::{self, NpmRegistry};
use super::world::World;
use serde_json::json;

/// A layer of them, of which the packages with a binary are native.
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
    let registry = NpmRegistry::start(world, "app");
    let (mut packages, mut optional) = (json!({}), json!({}));
    for (cpu, machine) in MACHINES {
        let name = format!("node-linux-{cpu}");
        let about = json!({ "name": name, "version": "20.20.2", "os": ["linux"], "cpu": [cpu] });
        let mut locked = registry.publish(&about, &[("bin/node", &elf(machine))]);
        locked["optional"] = json!(true);
        optional[&name] = json!("20.20.2");
        packages[format!("node_modules/{name}")] = locked;
    }
    let about = json!({ "name": "planted-npm", "version": "1.0.0" });
    packages["node_modules/planted-npm"] = registry.publish(&about, &[("index.js", b"planted\n")]);
    let root = json!({ "name": "root", "version": "1.0.0",
                       "dependencies": { "planted-npm": "1.0.0" },
                       "optionalDependencies": optional });
    npm_registry::lock(world, "app", &root, &packages);
    registry.stays(world);
}

/// The header of a program for `machine`, whole.
fn elf(machine: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([3, 0, machine, 0]);
    bytes.resize(64, 0);
    bytes
}
