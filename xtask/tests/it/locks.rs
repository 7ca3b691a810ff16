//! The locks of npm and Python, through the program: what is not the registry's by hash is built
//! by nobody, and what was read is what is built, keyed and listed.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::npm_registry::{self, NpmRegistry};
use super::wheels::{self, path_with_uv};
use super::world::{END, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use xtask_core::image::npm::{NpmLock, Wanted};
use xtask_core::platform::Platform;
use xtask_fakes::required;
use xtask_fakes::requirement::Required;

const NPM: &str = "kind = \"npm\"\npath = \"app\"\ncopy = { node_modules = \"srv/node_modules\" }";
const WHEELS: &str =
    "kind = \"wheels\"\nrequirements = \"py/list.txt\"\ncopy = { \".\" = \"site\" }";

/// A repository with the image `one` of one layer.
fn world(layer: &str) -> World {
    let world = World::new();
    world.write(
        "images/one.toml",
        &format!("python = \"3.11\"\n[[layer]]\nname = \"things\"\n{layer}\n{END}"),
    );
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let head = format!("encoder = \"{encoder}\"\nsuite = \"bookworm\"\n");
    world.write("images/one.lock", &format!("{head}archive_time = 1700000000\n[wanted]\n"));
    let mut git = std::process::Command::new("git");
    assert!(git.args(["init", "-q"]).current_dir(world.path("")).status().unwrap().success());
    world
}

const BUILD: [&str; 5] = ["image", "build", "one", "--platform", "linux/amd64"];

fn built(world: &World) -> String {
    let run = world.run(&BUILD);
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout
}

/// What the image is made of on `platform`: names and versions, and package URLs.
fn listed(world: &World, platform: &str) -> Vec<(String, Option<String>)> {
    let args = ["image", "sbom", "one", "--format", "cyclonedx", "--platform", platform];
    let run = world.run(&args);
    let sbom: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let one = |it: &Value| {
        let text = |key: &str| it[key].as_str().map(ToOwned::to_owned);
        (text("name").unwrap(), text("purl"))
    };
    sbom["components"].as_array().unwrap().iter().map(one).collect()
}

/// A world of npm with `real` 1.0.0 in its registry, and the entry of `real` in a lock.
fn world_of_npm() -> (World, NpmRegistry, Value) {
    let world = world(NPM);
    let registry = NpmRegistry::start(&world, "app");
    let about = json!({ "name": "real", "version": "1.0.0" });
    let real = registry.publish(&about, &[("index.js", b"real\n")]);
    (world, registry, real)
}

fn root(dependencies: &Value) -> Value {
    json!({ "name": "root", "version": "1.0.0", "dependencies": dependencies })
}

#[test]
fn packages_that_are_not_the_registrys_by_hash_are_all_refused_before_npm_runs() {
    let (world, registry, real) = world_of_npm();
    let with = |key: &str, value: &str| {
        let mut entry = real.clone();
        entry[key] = json!(value);
        entry
    };
    let bad = json!({
        "node_modules/bare": { "version": "1.0.0" },
        "node_modules/git": with("resolved", "git+ssh://git:secret@host.invalid/a.git#abc"),
        "node_modules/tar": with("resolved", "http://host.invalid/a.tgz"),
        "node_modules/local": with("resolved", "file:../a.tgz"),
        "node_modules/alias": with("version", "npm:real@1.0.0"),
        "node_modules/weak": with("integrity", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
        "node_modules/out": { "resolved": "../out", "link": true },
    });
    npm_registry::lock(&world, "app", &root(&json!({})), &bad);
    let output = world.run(&BUILD).ends(2);
    for name in bad.as_object().unwrap().keys() {
        assert!(output.contains(&format!("`{name}`: ")), "{name}: {output}");
    }
    assert!(output.contains("cannot use `app/package-lock.json`"), "{output}");
    assert!(
        output.contains("npm update --package-lock-only") && !output.contains("secret"),
        "{output}"
    );
    assert!(!world.cache().join("npm").exists(), "npm did not run");

    // An alias whose entry says what it really is, is fine, and listed as that.
    let mut alias = real.clone();
    alias["name"] = json!("real");
    let packages = json!({ "node_modules/other": alias });
    npm_registry::lock(&world, "app", &root(&json!({ "other": "npm:real@1.0.0" })), &packages);
    let _image = built(&world);
    let purl = Some("pkg:npm/real@1.0.0".to_owned());
    assert_eq!(listed(&world, "linux/amd64"), [("real".to_owned(), purl)]);
    registry.stays(&world);
}

/// Whoever packs an archive says what it is called; only a hash says that the registry has it.
#[test]
fn what_is_built_from_an_unhashed_file_is_not_listed_as_the_real_package() {
    let (world, registry, mut real) = world_of_npm();
    let archive = world.path("app/other.tgz");
    let about = json!({ "name": "real", "version": "1.0.0" });
    std::fs::write(&archive, npm_registry::packed(&about, &[("index.js", b"other\n")])).unwrap();
    real["resolved"] = json!(format!("file:{}", archive.display()));
    real.as_object_mut().unwrap().remove("integrity");
    let packages = json!({ "node_modules/real": real });
    npm_registry::lock(&world, "app", &root(&json!({ "real": "1.0.0" })), &packages);
    let output = world.run(&BUILD).ends(2);
    assert!(
        output.contains("it has no `integrity`") && output.contains("(`resolved`)"),
        "{output}"
    );
    registry.stays(&world);
}

#[test]
fn a_lock_that_is_old_damaged_absent_or_for_another_manifest_is_refused_with_what_to_type() {
    let (world, registry, real) = world_of_npm();
    let packages = json!({ "node_modules/real": real });
    npm_registry::lock(&world, "app", &root(&json!({ "real": "1.0.0" })), &packages);
    let _image = built(&world);
    let lock = std::fs::read_to_string(world.path("app/package-lock.json")).unwrap();
    let manifest = std::fs::read_to_string(world.path("app/package.json")).unwrap();
    let refusal = |text: &str| {
        world.write("app/package-lock.json", text);
        world.run(&BUILD).ends(2)
    };
    let old = refusal(&lock.replace("\"lockfileVersion\": 3", "\"lockfileVersion\": 1"));
    assert!(old.contains("npm install --package-lock-only --lockfile-version=3"), "{old}");
    let damaged = refusal(&lock.replace("\"packages\"", "<<<<<<< HEAD\n\"packages\""));
    assert!(damaged.contains("package-lock.json:4: `(syntax)`"), "{damaged}");
    let twice = "\"packages\": { \"\": {}, \"\": {} }, \"packages\"";
    let twice = refusal(&lock.replace("\"packages\"", twice));
    assert!(twice.contains("stands twice") && twice.contains("git restore"), "{twice}");

    world.write("app/package-lock.json", &lock);
    world.write("app/npm-shrinkwrap.json", &lock);
    let second = world.run(&BUILD).ends(2);
    assert!(second.contains("npm reads it instead of `app/package-lock.json`"), "{second}");
    std::fs::remove_file(world.path("app/npm-shrinkwrap.json")).unwrap();
    world.write("app/package.json", &manifest.replace("1.0.0\"}", "2.0.0\"}"));
    let other = world.run(&BUILD).ends(2);
    let wanted = "`dependencies.real`: this says `2.0.0`, and the lock was made for `1.0.0`";
    assert!(other.contains(wanted), "{other}");
    world.write("app/package.json", &manifest);
    std::fs::remove_file(world.path("app/package-lock.json")).unwrap();
    let absent = world.run(&BUILD).ends(2);
    assert!(absent.contains("`app/package-lock.json` is not there"), "{absent}");
    registry.stays(&world);
}

#[test]
fn a_folder_of_ours_that_npm_links_to_is_in_the_image_and_in_its_key_and_listed_as_ours() {
    let (world, registry, real) = world_of_npm();
    let mut root = root(&json!({}));
    root["workspaces"] = json!(["packages/*"]);
    let own = json!({ "name": "@x/own", "version": "3.0.0", "dependencies": { "real": "1.0.0" } });
    let packages = json!({
        "node_modules/@x/own": { "resolved": "packages/own", "link": true },
        "node_modules/real": real, "packages/own": own,
    });
    npm_registry::lock(&world, "app", &root, &packages);
    world.write("app/packages/own/package.json", &own.to_string());
    world.write("app/packages/own/index.js", "1\n");
    let first = built(&world);
    let names: Vec<String> = listed(&world, "linux/amd64").into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["@x/own", "real"]);
    world.write("app/packages/own/index.js", "2\n");
    assert_ne!(built(&world), first, "its files are in the image");
    registry.stays(&world);
}

#[test]
fn a_bundled_package_is_covered_by_the_one_that_bundles_it() {
    let world = world(NPM);
    let registry = NpmRegistry::start(&world, "app");
    let about = json!({ "name": "big", "version": "1.0.0", "dependencies": { "in": "2.0.0" },
                        "bundleDependencies": ["in"] });
    let inside = json!({ "name": "in", "version": "2.0.0" }).to_string();
    let big = registry.publish(&about, &[("node_modules/in/package.json", inside.as_bytes())]);
    let mut packages = json!({
        "node_modules/big": big,
        "node_modules/big/node_modules/in": { "version": "2.0.0", "inBundle": true },
    });
    let root = root(&json!({ "big": "1.0.0" }));
    npm_registry::lock(&world, "app", &root, &packages);
    let _image = built(&world);
    let purls: Vec<_> = listed(&world, "linux/amd64").into_iter().map(|it| it.1.unwrap()).collect();
    assert_eq!(purls, ["pkg:npm/big@1.0.0", "pkg:npm/in@2.0.0"]);
    packages["node_modules/big"].as_object_mut().unwrap().remove("bundleDependencies");
    npm_registry::lock(&world, "app", &root, &packages);
    let output = world.run(&BUILD).ends(2);
    assert!(output.contains("no package above it bundles it"), "{output}");
    registry.stays(&world);
}

/// What the parser says of a platform, and what npm itself installs there.
#[test]
fn the_packages_that_fit_a_platform_are_those_that_npm_installs() {
    let world = world(&format!("{NPM}\noptional = \"include\""));
    let registry = NpmRegistry::start(&world, "app");
    let mut packages = json!({});
    let mut publish = |about: Value, optional: bool| {
        let mut locked = registry.publish(&about, &[("index.js", b"1\n")]);
        if optional {
            locked["optional"] = json!(true);
        }
        packages[format!("node_modules/{}", about["name"].as_str().unwrap())] = locked;
    };
    let native = |name: &str, key: &str, value: &str, asks: &str| {
        json!({ "name": name, "version": "1.0.0", "os": ["linux"], key: [value],
                "dependencies": { asks: "1.0.0" } })
    };
    let plain = |name: &str| json!({ "name": name, "version": "1.0.0" });
    let of = json!({ "on-x64": "1.0.0", "on-arm64": "1.0.0", "on-musl": "1.0.0" });
    let app = json!({ "name": "app", "version": "1.0.0", "optionalDependencies": of });
    publish(app, false);
    publish(native("on-x64", "cpu", "x64", "shared"), true);
    publish(native("on-arm64", "cpu", "arm64", "only-arm64"), true);
    publish(native("on-musl", "libc", "musl", "only-musl"), true);
    ["shared", "only-arm64", "only-musl"].into_iter().for_each(|name| publish(plain(name), true));
    npm_registry::lock(&world, "app", &root(&json!({ "app": "1.0.0" })), &packages);
    let bytes = std::fs::read(world.path("app/package-lock.json")).unwrap();
    let lock = NpmLock::parse("package-lock.json", &bytes).unwrap();
    for (platform, count) in [(Platform::Amd64, 3), (Platform::Arm64, 3)] {
        let _fresh = std::fs::remove_dir_all(world.cache().join("npm"));
        let run = world.run(&["image", "build", "one", "--platform", &platform.to_string()]);
        assert_eq!(run.code, Some(0), "{run:?}");
        // Beside the folder lies the record of what it holds.
        let kept = std::fs::read_dir(world.cache().join("npm")).unwrap();
        let mut kept = kept.map(|entry| entry.unwrap().path());
        let installed = kept.find(|path| path.is_dir()).unwrap();
        let modules = std::fs::read_dir(installed.join("node_modules")).unwrap();
        let names = modules.map(|it| it.unwrap().file_name().into_string().unwrap());
        let found: BTreeSet<String> = names.filter(|name| !name.starts_with('.')).collect();
        let wanted = Wanted { target: platform.into(), dev: false, optional: true };
        let fitting = lock.fitting(&wanted).into_iter().map(|it| it.name.clone());
        assert_eq!(fitting.collect::<BTreeSet<_>>(), found, "{platform}");
        assert_eq!(found.len(), count, "{found:?}");
    }
    registry.stays(&world);
}

fn world_of_wheels() -> Required<World> {
    path_with_uv().map(|path| wheels::indexed(world(WHEELS), path))
}

#[test]
fn a_list_that_another_one_includes_is_in_the_key_of_its_layer() {
    let world = required!(world_of_wheels());
    let old = wheels::publish(&world, "deep", "1.0", "py3-none-any");
    let new = wheels::publish(&world, "deep", "2.0", "py3-none-any");
    world.write("py/list.txt", "\u{feff}# all\r\n-r extra.txt\r\n");
    world.write("py/extra.txt", &old);
    let first = built(&world);
    world.write("py/extra.txt", &new);
    assert_ne!(built(&world), first, "the old wheel is not shipped");
    assert_eq!(purls(&world, "linux/amd64"), ["pkg:pypi/deep@2.0"]);
    let verified = world.run(&["image", "verify", "one", "--platform", "linux/amd64"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

fn purls(world: &World, platform: &str) -> Vec<String> {
    listed(world, platform).into_iter().filter_map(|it| it.1).collect()
}

#[test]
fn a_marker_decides_for_the_image_what_is_built_and_what_is_listed() {
    let world = required!(world_of_wheels());
    let line = |version: &str, marker: &str| {
        let line = wheels::publish(&world, "deep", version, "py3-none-any");
        line.replace(" --hash", &format!(" ; {marker} \\\n    --hash"))
    };
    let never = "never==1 ; sys_platform == 'win32' --hash=sha256:".to_owned() + &"0".repeat(64);
    let list = [
        line("1.0", "platform_machine == 'x86_64' and python_full_version < '3.12'"),
        line("2.0", "platform_machine != 'x86_64'"),
        never,
    ];
    world.write("py/list.txt", &list.concat());
    let run = world.run(&["image", "build", "one"]);
    // What differs between platforms without being a binary has to be declared.
    assert!(run.stderr.contains("is not the same on linux/amd64 and"), "{run:?}");
    for (platform, version) in [("linux/amd64", "1.0"), ("linux/arm64", "2.0")] {
        let run = world.run(&["image", "build", "one", "--platform", platform]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(purls(&world, platform), [format!("pkg:pypi/deep@{version}")]);
    }
}

#[test]
fn lines_that_are_no_wheel_of_the_index_are_all_refused_before_uv_runs() {
    let world = world(WHEELS);
    let list = "--extra-index-url https://user:secret@host.invalid/simple\n\
                --find-links ./wheels\n--trusted-host host.invalid\n-e ./mine\n-c c.txt\n\
                direct @ https://user:secret@host.invalid/direct-1.tar.gz\n\
                git+ssh://secret@host.invalid/a.git\n./local\nbare==1\n-r ../out.txt\n\
                -r linked.txt\n";
    world.write("py/list.txt", list);
    world.write("out.txt", "");
    std::os::unix::fs::symlink("../out.txt", world.path("py/linked.txt")).unwrap();
    for args in [&BUILD[..], &["image", "build", "one"]] {
        let output = world.run(args).ends(2);
        for line in 1..=list.lines().count() {
            assert!(output.contains(&format!("py/list.txt:{line}: ")), "line {line}: {output}");
        }
        assert!(!output.contains("secret"), "{output}");
    }
    assert!(!world.cache().join("wheels").exists(), "uv did not run");
}

/// In a shell for production, or with settings of the person, a layer is the same.
#[test]
fn what_a_shell_tells_npm_and_a_build_is_in_no_image() {
    let build = "kind = \"build\"\npath = \"app\"\nrun = [\"sh\", \"-c\", \"mkdir out && \
                 cp node_modules/dep/index.js out/ && env | grep -c -e NODE_ -e HUSH > out/seen \
                 || true\"]\ncopy = { out = \"srv\" }";
    let world = world(build);
    let registry = NpmRegistry::start(&world, "app");
    let mut dep =
        registry.publish(&json!({ "name": "dep", "version": "1.0.0" }), &[("index.js", b"1\n")]);
    dep["dev"] = json!(true);
    let root = json!({ "name": "root", "version": "1.0.0", "devDependencies": { "dep": "1.0.0" } });
    npm_registry::lock(&world, "app", &root, &json!({ "node_modules/dep": dep }));
    let plain = built(&world);
    for (name, value) in [
        ("NODE_ENV", "production"),
        ("NODE_OPTIONS", "--no-warnings"),
        ("HUSH", "a secret"),
        ("npm_config_omit", "dev"),
        ("npm_config_only", "prod"),
        ("npm_config_dry_run", "true"),
        ("npm_config_global", "true"),
        ("npm_config_install_strategy", "linked"),
    ] {
        std::fs::remove_dir_all(world.cache()).unwrap();
        let run = world.run_with(&BUILD, &[(name, value)]);
        assert_eq!(run.code, Some(0), "{name}: {run:?}");
        assert_eq!(run.stdout, plain, "{name}");
    }
    registry.stays(&world);
}

#[test]
fn a_wheel_that_uv_left_out_fails_the_build() {
    let world = world(WHEELS);
    let hash = "0".repeat(64);
    world.write("py/list.txt", &format!("left.out==1.0 --hash=sha256:{hash}\n"));
    world.write("../bin/uv", "#!/bin/sh\ncat > /dev/null\n");
    let uv = world.path("../bin/uv");
    std::fs::set_permissions(&uv, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", uv.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = world.run_with(&BUILD, &[("PATH", &path)]).ends(5);
    assert!(output.contains("uv ended well and `left-out==1.0` is not there"), "{output}");
}

#[test]
fn what_a_shell_tells_uv_is_in_no_image() {
    let world = required!(world_of_wheels());
    let list = ["one", "two"].map(|name| wheels::publish(&world, name, "1.0", "py3-none-any"));
    world.write("py/list.txt", &list.concat());
    world.write("two.txt", "two\n");
    let two = world.path("two.txt").display().to_string();
    let plain = built(&world);
    for (name, value) in [
        ("UV_COMPILE_BYTECODE", "1"),
        ("UV_EXCLUDE", two.as_str()),
        ("UV_NO_INSTALLER_METADATA", "1"),
        ("UV_CONSTRAINT", "none.txt"),
        ("UV_PROJECT", "none"),
    ] {
        std::fs::remove_dir_all(world.cache()).unwrap();
        let run = world.run_with(&BUILD, &[(name, value)]);
        assert_eq!(run.code, Some(0), "{name}: {run:?}");
        assert_eq!(run.stdout, plain, "{name}");
    }
}
