//! What comes out of the cache is held to its lock: packages that were replaced there, and
//! installations that an outside tool left incomplete or somebody changed since.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::image::{POOL, deb, deb_of, world};
use super::world::{END, World};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;

/// Installs what the lock names, but for packages that a file `lost` in its folder names.
const NPM: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo installed >> "$here/record"
for name in needed native; do
  grep -qx "$name" "$here/lost" 2>/dev/null && continue
  mkdir -p "node_modules/$name"
  echo "{\"name\":\"$name\",\"version\":\"1.0.0\"}" > "node_modules/$name/package.json"
done
"#;

const INTEGRITY: &str = "sha512-Aup7aUOfpbAUg2ROOJN6Iw5f9DMBlzu0mIkm/malLQFN/YQgO48wCj0Kxa3sEHJvPVFg7siR+qRInwXd2qhQKw==";

fn npm_world() -> World {
    let world = World::new();
    world.init();
    let lock = format!(
        r#"{{"name": "a", "version": "1.0.0", "lockfileVersion": 3, "packages": {{
            "": {{"name": "a", "version": "1.0.0", "dependencies": {{"needed": "1.0.0"}},
                "optionalDependencies": {{"native": "1.0.0", "mac": "1.0.0"}}}},
            "node_modules/needed": {{"version": "1.0.0", "integrity": "{INTEGRITY}"}},
            "node_modules/native": {{"version": "1.0.0", "optional": true, "os": ["linux"],
                "integrity": "{INTEGRITY}"}},
            "node_modules/mac": {{"version": "1.0.0", "optional": true, "os": ["darwin"],
                "integrity": "{INTEGRITY}"}}}}}}"#
    );
    world.write("service/package-lock.json", &lock);
    let manifest = r#"{"name": "a", "version": "1.0.0", "dependencies": {"needed": "1.0.0"},
        "optionalDependencies": {"native": "1.0.0", "mac": "1.0.0"}}"#;
    world.write("service/package.json", manifest);
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    world.write(
        "images/two.lock",
        &format!(
            "encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n[wanted]\n"
        ),
    );
    world.write("images/two.toml", &format!("{LAYER}{END}"));
    let bin = world.path("../bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("npm"), NPM).unwrap();
    std::fs::set_permissions(bin.join("npm"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    world.with("PATH", path)
}

const LAYER: &str = r#"
[[layer]]
name = "things"
kind = "npm"
path = "service"
optional = "include"
copy = { node_modules = "app/node_modules" }
"#;

const BUILD: [&str; 5] = ["image", "build", "two", "--platform", "linux/amd64"];

/// Forgets what layers became, so that the next build takes its inputs from the cache.
fn forget_layers(world: &World) {
    std::fs::remove_dir_all(world.cache().join("layers")).unwrap();
    let _there = std::fs::remove_dir_all(world.path("target/images"));
}

fn installations(world: &World) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(world.cache().join("npm")).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn a_package_that_npm_left_out_fails_the_build_and_is_fetched_by_the_next() {
    let world = npm_world();
    std::fs::write(world.path("../bin/lost"), "native\n").unwrap();
    let output = world.run(&BUILD).ends(5);
    assert!(output.contains("npm ended well and left out `native@1.0.0`"), "{output}");
    assert!(!output.contains("mac"), "it is for another system: {output}");
    assert_eq!(installations(&world), Vec::<PathBuf>::new(), "nothing is kept");
    std::fs::remove_file(world.path("../bin/lost")).unwrap();
    let run = world.run(&BUILD);
    assert_eq!(run.code, Some(0), "{run:?}");
}

/// Changes an installation in its place.
type Change = fn(PathBuf);

#[test]
fn an_installation_that_is_not_as_it_was_made_is_made_anew_once_and_said() {
    let world = npm_world();
    let first = world.run(&BUILD);
    assert_eq!(first.code, Some(0), "{first:?}");
    let changes: [(&str, Change); 3] = [
        ("another content", |place| {
            std::fs::write(place.join("node_modules/needed/package.json"), "evil").unwrap();
        }),
        ("a package less", |place| {
            std::fs::remove_dir_all(place.join("node_modules/native")).unwrap();
        }),
        // As an earlier version left it, complete or not.
        ("no record", |place| std::fs::remove_file(place.with_extension("json")).unwrap()),
    ];
    for (what, change) in changes {
        change(installations(&world).remove(0));
        forget_layers(&world);
        let run = world.run(&BUILD);
        assert_eq!((run.code, &run.stdout), (Some(0), &first.stdout), "{what}: {run:?}");
        assert!(run.stderr.contains("`service` was not as it was installed: made anew"), "{run:?}");
        forget_layers(&world);
        assert!(!world.run(&BUILD).stderr.contains("made anew"), "{what}");
    }
}

#[test]
fn a_cached_package_that_was_replaced_is_fetched_again_and_said() {
    let mirror = FakeArchive::start();
    let bytes = deb("hello", None);
    mirror.put(&format!("/debian/{POOL}"), &bytes);
    let digest = Digest::of(&bytes);
    let world = world(&mirror, &digest);
    let build = || world.run(&["image", "build", "hello"]);
    let first = build();
    assert_eq!(first.code, Some(0), "{first:?}");
    let control = "Package: hello\nVersion: 1\nArchitecture: all\n".to_owned();
    let evil = deb_of(&[("control", control)], &[("usr/share/hello", "evil!\n".to_owned())]);
    let cached = world.cache().join("debs").join(format!("{}.deb", digest.hex()));
    std::fs::write(&cached, &evil).unwrap();
    forget_layers(&world);
    let run = build();
    assert_eq!((run.code, &run.stdout), (Some(0), &first.stdout), "{run:?}");
    assert!(run.stderr.contains("package `hello` in the cache is not the locked one"), "{run:?}");
    assert_eq!(std::fs::read(&cached).unwrap(), bytes);

    std::fs::write(&cached, &evil).unwrap();
    mirror.put(&format!("/debian/{POOL}"), &evil);
    forget_layers(&world);
    let output = build().ends(5);
    assert!(output.contains(&format!("wanted {digest}, found sha256:")), "{output}");
}
