//! Wheels in a folder that uv takes for its index, and a uv to install them with.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use std::process::Command;
use xtask_core::digest::Digest;
use xtask_fakes::requirement::{Required, required_program};

/// The PATH with uv on it.
pub(crate) fn path_with_uv() -> Required<String> {
    let path = std::env::var("PATH").unwrap();
    required_program("uv").map(|uv| format!("{}:{path}", uv.parent().unwrap().display()))
}

/// A world whose uv finds the wheels of `publish`, and nothing else.
pub(crate) fn indexed(world: World, path: String) -> World {
    let folder = world.path("../wheels").display().to_string();
    world.with("PATH", path).with("UV_FIND_LINKS", folder).with("UV_OFFLINE", "1".to_owned())
}

/// Puts a wheel of `name` with one tag into the world's index; its line in a list.
pub(crate) fn publish(world: &World, name: &str, version: &str, tag: &str) -> String {
    let (folder, info) =
        (format!("../made/{name}-{version}"), format!("{name}-{version}.dist-info"));
    let about = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let head = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false";
    for (file, text) in [
        (format!("{name}/__init__.py"), format!("version = '{version}'\n")),
        (format!("{info}/METADATA"), about),
        (format!("{info}/WHEEL"), format!("{head}\nTag: {tag}\n")),
        (format!("{info}/RECORD"), String::new()),
    ] {
        world.write(&format!("{folder}/{file}"), &text);
    }
    let made = world.path(&format!("../wheels/{name}-{version}-{tag}.whl"));
    std::fs::create_dir_all(made.parent().unwrap()).unwrap();
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c"]).arg(&made).args([name, &info]);
    assert!(zip.current_dir(world.path(&folder)).status().unwrap().success());
    let digest = Digest::of(&std::fs::read(&made).unwrap());
    format!("{name}=={version} --hash={digest}\n")
}
