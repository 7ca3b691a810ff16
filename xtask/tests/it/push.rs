//! `image push`: what is sent, what is said of it, and what a refusal gets.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::{END, World};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use xtask_fakes::registry::{Access, FakeRegistry, Fault, on};
use xtask_image::gzip_v1::ENCODER_ID;

/// Writes `hello` and ends with 0: a whole program for Linux on amd64, without a library.
const HELLO: &[u8] =
    b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0\x78\0\x40\0\0\0\0\0\
    \x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\x38\0\x01\0\0\0\0\0\0\0\
    \x01\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x40\0\0\0\0\0\
    \xa0\0\0\0\0\0\0\0\xa0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\
    \xb8\x01\0\0\0\xbf\x01\0\0\0\x48\x8d\x35\x10\0\0\0\xba\x06\0\0\0\x0f\x05\
    \xb8\x3c\0\0\0\x31\xff\x0f\x05hello\n";

/// A repository with the images `one` and `two`, which share a layer.
pub(crate) fn world() -> World {
    let world = World::new();
    for name in ["one", "two"] {
        let layer = |layer: &str, file: &str| {
            format!(
                "[[layer]]\nname = \"{layer}\"\nkind = \"files\"\npath = \"{layer}\"\ncopy = {{ \"{file}\" = \"app/{file}\" }}\n"
            )
        };
        let layers = layer("shared", "hello") + &layer(name, "text");
        let config = END.replace("/run/program", "/app/hello").replace("\"/\"", "\"/app\"");
        world.write(&format!("images/{name}.toml"), &(layers + &config));
        let lock = format!(
            "encoder = \"{ENCODER_ID}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n[wanted]\n"
        );
        world.write(&format!("images/{name}.lock"), &lock);
        world.write(&format!("{name}/text"), name);
    }
    world.write("shared/hello", "");
    std::fs::write(world.path("shared/hello"), HELLO).unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path("shared/hello"), mode).unwrap();
    world.write(".gitignore", "target\n");
    git(&world, &["init", "--quiet"]);
    git(&world, &["add", "--all"]);
    let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(&world, &[&who[..], &["commit", "--quiet", "--message", "first"]].concat());
    world
}

fn git(world: &World, args: &[&str]) -> String {
    let output = Command::new("git").args(args).current_dir(world.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Pushes both images and reads what came of it.
fn push(world: &World, to: &str, more: &[&str]) -> Value {
    let fixed = ["--json", "image", "push", "one", "two", "--platform", "linux/amd64", "--to", to];
    let run = world.run(&[&fixed[..], more].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn counts(pushed: &Value, image: usize) -> [u64; 4] {
    ["sent", "mounted", "present", "requests"]
        .map(|key| pushed["images"][image][key].as_u64().unwrap())
}

#[test]
fn what_is_unchanged_costs_one_round_trip_for_each_image() {
    let (world, fake) = (world(), FakeRegistry::start());
    let to = format!("{}/acme", fake.host());
    let first = push(&world, &to, &["--tag", "1"]);
    assert_eq!(counts(&first, 0)[..3], [3, 0, 0], "two layers and a config");
    assert_eq!(counts(&first, 1)[..3], [2, 1, 0], "the shared layer is taken over");
    let reference = first["images"][0]["reference"].as_str().unwrap();
    let digest = fake.tag("acme/one", "1").unwrap();
    assert_eq!(reference, format!("{to}/one@{digest}"));

    fake.clear_log();
    let second = push(&world, &to, &["--tag", "1"]);
    assert_eq!([counts(&second, 0), counts(&second, 1)], [[0, 0, 3, 1]; 2]);
    let lines: Vec<String> = fake.log().iter().map(|logged| logged.line()).collect();
    assert_eq!(lines, ["HEAD /v2/acme/one/manifests/1", "HEAD /v2/acme/two/manifests/1"]);
}

#[test]
fn a_layer_that_another_image_brought_earlier_is_mounted() {
    let (world, fake) = (world(), FakeRegistry::start());
    let to = format!("{}/acme", fake.host());
    let deploy = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
    let deploy = deploy.replace("images/backend.toml", "images/one.toml");
    world.write("deploy.toml", &deploy.replace("images/ml-service.toml", "images/two.toml"));
    let alone = |image: &str| {
        let args = ["image", "push", image, "--platform", "linux/amd64", "--tag", "1", "--to", &to];
        world.run(&args).ends(0)
    };
    alone("one");
    let output = alone("two");
    assert!(output.contains("two: 2 blobs sent, 1 mounted, 0 present"), "{output}");
}

#[test]
fn the_tags_are_the_commit_and_latest_unless_others_are_named() {
    let (world, fake) = (world(), FakeRegistry::start());
    push(&world, &format!("{}/acme", fake.host()), &[]);
    let version = git(&world, &["rev-parse", "--short=12", "HEAD"]);
    for tag in [version.as_str(), "latest"] {
        assert!(fake.tag("acme/one", tag).is_some(), "{tag}");
    }
    assert_eq!(fake.tag("acme/one", "1"), None);
}

#[test]
fn kept_credentials_are_used_and_never_said() {
    let (user, password) = ("ci".to_owned(), "hunter2".to_owned());
    let fake = FakeRegistry::with_access(Access::Basic { user, password });
    let world = world();
    let home = world.cache().parent().unwrap().join("home/.docker");
    std::fs::create_dir_all(&home).unwrap();
    let kept = format!(r#"{{"auths":{{"{}":{{"auth":"Y2k6aHVudGVyMg=="}}}}}}"#, fake.host());
    std::fs::write(home.join("config.json"), kept).unwrap();
    let to = format!("{}/acme", fake.host());
    let run = world.run(&["image", "push", "one", "--platform", "linux/amd64", "--to", &to]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!format!("{run:?}").contains("hunter2"));
}

#[test]
fn a_refusal_of_ghcr_ends_with_the_setting_that_cures_it() {
    let (world, fake) = (world(), FakeRegistry::start());
    let message = "permission_denied: write_package";
    fake.fault(Fault::refusal(on("POST", "/blobs/uploads/"), 403, "DENIED", message, 99));
    let to = format!("{}/acme", fake.host());
    let output =
        world.run(&["image", "push", "one", "--platform", "linux/amd64", "--to", &to]).ends(5);
    assert!(output.contains(&format!("failed to push to `{to}/one`")), "{output}");
    assert!(output.contains("hint: in the package's settings"), "{output}");
    assert_eq!(fake.tag("acme/one", "latest"), None);
}

#[test]
fn a_proxy_that_leads_nowhere_does_not_touch_a_registry_on_loopback() {
    let (world, fake) = (world(), FakeRegistry::start());
    // The port was free a moment ago, so nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    let set = |world: World, name: &'static str| world.with(name, format!("http://{free}"));
    let world = proxies.into_iter().fold(world, set);
    let pushed = push(&world, &format!("{}/acme", fake.host()), &["--tag", "1"]);
    assert_eq!(counts(&pushed, 0)[..3], [3, 0, 0]);
}
