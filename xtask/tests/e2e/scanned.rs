//! What the scanner sees of the images of our services: all that was installed, once. What it does
//! not see it cannot warn of; what it sees twice a person must judge twice.

use crate::scratch::Scratch;
use serde_json::Value;
use std::collections::BTreeMap;
use xtask_core::image::lock::Lock;
use xtask_core::platform::Platform;

/// Packages of which only types remain, which the definition leaves out whole.
const LEFT_OUT: [&str; 2] = ["@types/", "undici-types"];

/// Every production module of npm and every wheel that is locked is in the scanner's list exactly
/// once, on both platforms; of Debian's packages it lists those that are locked and no others.
pub(crate) fn every_package_is_seen_once(scratch: &Scratch) {
    let lock = serde_json::from_str(&scratch.read("services/backend/package-lock.json")).unwrap();
    let wanted = BTreeMap::from([
        ("backend", modules(&lock)),
        ("ml-service", wheels(&scratch.read("services/ml-service/requirements.txt"))),
    ]);
    let answer = scratch.xtask(&["--json", "image", "scan"]).json();
    let images = answer["images"].as_array().unwrap();
    assert_eq!(images.len(), 4, "two images on two platforms");
    for image in images {
        let evidence = std::fs::read_to_string(image["evidence"][0].as_str().unwrap()).unwrap();
        let evidence: Value = serde_json::from_str(&evidence).unwrap();
        let seen = seen(&evidence);
        let name = image["image"].as_str().unwrap();
        let locked = locked(&scratch.read(&format!("images/{name}.lock")), &image["platform"]);
        assert_eq!(installed(&evidence), locked, "{name} for {}", image["platform"]);
        for package in &wanted[name] {
            let times = seen.iter().filter(|it| *it == package).count();
            assert_eq!(times, 1, "{package} in {name} for {}", image["platform"]);
        }
    }
}

/// The Debian packages of all layers on a platform, in order.
fn locked(lock: &str, platform: &Value) -> Vec<String> {
    let is_it = |it: &&Platform| it.architecture() == platform["architecture"];
    let platform = Platform::ALL.iter().find(is_it).unwrap();
    let lock = Lock::parse("the lock", lock).unwrap();
    let packages = lock.layers.values().flat_map(|on| &on[platform]);
    let mut locked: Vec<String> =
        packages.map(|it| format!("{}@{}", it.name, it.version)).collect();
    locked.sort();
    assert!(locked.len() > 5, "the lock is read: {locked:?}");
    locked
}

/// The Debian packages that the scanner lists, in order.
fn installed(answer: &Value) -> Vec<String> {
    let results = answer["Results"].as_array().unwrap().iter();
    let of_debian = results.filter(|result| result["Class"] == "os-pkgs");
    let packages = of_debian.flat_map(|result| result["Packages"].as_array().unwrap());
    let mut installed: Vec<String> =
        packages.map(|it| it["ID"].as_str().unwrap().to_owned()).collect();
    installed.sort();
    installed
}

/// Where each module is installed, and its version.
fn modules(lock: &Value) -> Vec<String> {
    let packages = lock["packages"].as_object().unwrap().iter();
    let installed = packages.filter(|(path, about)| {
        let elsewhere = ["dev", "devOptional", "optional", "peer"];
        let here = elsewhere.iter().all(|key| about[*key].is_null());
        let name = path.rsplit("node_modules/").next().unwrap();
        here && !path.is_empty() && !LEFT_OUT.iter().any(|it| name.starts_with(it))
    });
    let modules = installed.map(|(path, about)| {
        format!("app/{path}/package.json {}", about["version"].as_str().unwrap())
    });
    let modules: Vec<String> = modules.collect();
    assert!(modules.len() > 50, "the lock is read: {modules:?}");
    modules
}

/// The name of each wheel, and its version.
fn wheels(requirements: &str) -> Vec<String> {
    let pinned = requirements.lines().filter_map(|line| line.split_once("=="));
    let version = |rest: &str| rest.split([' ', ';']).next().unwrap().to_owned();
    let wheels = pinned.map(|(name, rest)| format!("{} {}", normal(name), version(rest)));
    let wheels: Vec<String> = wheels.collect();
    assert!(wheels.len() > 10, "the requirements are read: {wheels:?}");
    wheels
}

/// What the scanner lists: modules by place, wheels by name.
fn seen(answer: &Value) -> Vec<String> {
    let mut seen = Vec::new();
    for result in answer["Results"].as_array().unwrap() {
        for package in result["Packages"].as_array().into_iter().flatten() {
            let text = |key: &str| package[key].as_str().unwrap_or_default();
            let called = match result["Type"].as_str() {
                Some("node-pkg") => text("FilePath").to_owned(),
                _ => normal(text("Name")),
            };
            seen.push(format!("{called} {}", text("Version")));
        }
    }
    seen
}

fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}
