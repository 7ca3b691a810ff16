//! `image verify`: what comes out the same passes, and what does not is named to the byte.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use xtask::runtime::wait;
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::Repository;
use xtask_fakes::registry::{FakeRegistry, Fault, on};
use xtask_fakes::required;
use xtask_fakes::requirement::{required_file, required_right};
use xtask_image::image::{Index, Manifest};
use xtask_image::layout::Layout;
use xtask_registry::{Blobs, Push, Registry};

const CONFIG: &str = r#"
[layer.files]
"etc/passwd" = "nutri:x:65532:65532::/:"
"etc/group" = "nutri:x:65532:"

[config]
user = "65532:65532"
entrypoint = ["/run/program"]
working_directory = "/"

[config.labels]
"org.opencontainers.image.title" = "nutri-hello"

[budget]
unpacked_mb = 10
"#;

pub(crate) const FILES: &str = r#"
[[layer]]
name = "greeting"
kind = "files"
path = "hello"
copy = { "." = "app" }
"#;

const BUILD: &str = r#"
[[layer]]
name = "made"
kind = "build"
run = ["npm", "run", "build"]
path = "hello"
copy = { dist = "app" }
"#;

/// A world with the image `hello` of one layer.
pub(crate) fn world(layer: &str) -> World {
    let world = World::new();
    world.write("images/hello.toml", &format!("{layer}{CONFIG}"));
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let lock = format!(
        "encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n[wanted]\n"
    );
    world.write("images/hello.lock", &lock);
    world.write("hello/greeting.txt", "hello, world\n");
    world.write("hello/run.sh", "#!/bin/sh\n");
    let git =
        std::process::Command::new("git").args(["init", "-q"]).current_dir(world.path("")).status();
    assert!(git.unwrap().success());
    world
}

pub(crate) fn value(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn what_comes_out_the_same_passes_and_what_was_varied_is_said() {
    let world = world(FILES);
    let run = world.run(&["--json", "image", "verify", "hello"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let report = value(&run.stdout);
    assert_eq!(
        (&report["images"][0]["image"], &report["images"][0]["count"]),
        (&json!("hello"), &json!(0))
    );
    let built = world.run(&["image", "build", "hello"]);
    let digest = report["images"][0]["first"].as_str().unwrap();
    assert_eq!(built.stdout.trim(), format!("hello@{digest}"), "and it is what is built");
    let varied = |what: &str| {
        let all = report["variations"].as_array().unwrap();
        all.iter().find(|it| it["what"] == what).unwrap()["varied"].clone()
    };
    for what in ["umask", "locale", "time zone", "folders", "threads", "sizes of writes"] {
        assert_eq!(varied(what), json!(true), "{what}");
    }
    let is_root =
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    assert_eq!(varied("user id"), json!(is_root));
    let says = |program: &str, args: &[&str]| {
        let output = std::process::Command::new(program).args(args).output().ok();
        output.filter(|it| it.status.success()).map(|it| String::from_utf8(it.stdout).unwrap())
    };
    let processors = says("nproc", &[]).unwrap().trim().parse::<usize>().unwrap();
    let few = says("taskset", &["--version"]).is_some() && processors > 1;
    assert_eq!(varied("processors"), json!(few));
    let name = ["--uts", "sh", "-c", "hostname it && uname -n"];
    let may = says("unshare", &name).is_some_and(|it| it == "it\n");
    assert!(!may || varied("host name") == json!(true), "root of this machine may: {report}");
}

/// What a careless build may write down, a file each, and which variation gives it away.
const WITNESSES: [(&str, &str, &str); 9] = [
    ("clock", "day.txt", "date -u +%d"),
    ("folders", "home.txt", "echo home=$HOME"),
    ("folders", "here.txt", "pwd -P"),
    ("host name", "host.txt", "uname -n"),
    ("locale", "locale.txt", "echo $LC_ALL"),
    ("processors", "processors.txt", "nproc"),
    ("time zone", "zone.txt", "date +%z"),
    ("umask", "umask.txt", "umask"),
    ("user id", "user.txt", "id -u"),
];

/// The one test that runs npm; nothing is installed.
#[test]
fn a_build_that_writes_down_its_surroundings_is_found_with_file_and_byte() {
    let world = world(BUILD);
    let writes = WITNESSES.map(|(_, file, command)| format!("{command} > dist/{file}"));
    let script = format!("mkdir dist && cp greeting.txt dist && {}", writes.join(" && "));
    let package = json!({ "name": "hello", "version": "1.0.0", "scripts": { "build": script } });
    let lock = json!({
        "name": "hello", "version": "1.0.0", "lockfileVersion": 3,
        "packages": { "": { "name": "hello", "version": "1.0.0" } },
    });
    world.write("hello/package.json", &package.to_string());
    world.write("hello/package-lock.json", &lock.to_string());
    let run = world.run(&["--json", "image", "verify", "hello", "--platform", "linux/amd64"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let report = value(&run.stdout);
    let image = &report["images"][0];
    assert_ne!(image["first"], image["second"]);

    let differences = image["differences"].as_array().unwrap();
    let contents: Vec<_> = differences.iter().filter(|it| it["field"] == "content").collect();
    let found: BTreeSet<&str> = contents.iter().filter_map(|it| it["path"].as_str()).collect();
    // Where one of the two is missing and excused, all the others are still looked at.
    let clock = required_file("libfaketime").is_here();
    let user = required_right("root").is_here();
    let is_varied = |what: &str| match what {
        "clock" => clock,
        "user id" => user,
        _ => true,
    };
    let paths = WITNESSES.map(|(what, file, _)| (is_varied(what), format!("app/{file}")));
    let wanted: BTreeSet<&str> =
        paths.iter().filter(|(varied, _)| *varied).map(|(_, path)| path.as_str()).collect();
    assert_eq!(found, wanted, "every variation shows, and the file beside them is the same");

    let home = contents.iter().find(|it| it["path"] == "app/home.txt").unwrap();
    assert!(home["offset"].as_u64().unwrap() >= "home=/".len() as u64, "{home}");
    assert_eq!(home["part"], "layer made");
    assert_eq!(home["platform"], json!({ "architecture": "amd64", "os": "linux" }));
}

#[test]
fn an_image_that_does_not_build_says_so_and_leaves_no_workshop() {
    let world = world(&FILES.replace("\".\"", "\"absent\""));
    std::fs::create_dir_all(world.cache()).unwrap();
    let temporary = world.cache().display().to_string();
    let world = world.with("TMPDIR", temporary);
    let run = world.run(&["image", "verify", "hello"]);
    let output = run.ends(2);
    let left = std::fs::read_dir(world.cache()).unwrap().flatten();
    let left: Vec<_> = left.map(|it| it.file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|it| it.starts_with("nutri-verify")), "{left:?}");
    assert!(output.contains("failed to build `hello` once, from nothing"), "{output}");
    assert!(output.contains("cannot find `absent`"), "{output}");
    let output = world.run(&["image", "verify", "helo"]).ends(2);
    assert!(output.contains("unknown image `helo`; known: `hello`"), "{output}");
    let odd = world.with("XTASK_CONDITIONS", "speed=9".into());
    let output = odd.run(&["image", "list"]).ends(2);
    assert!(output.contains("`speed=9` is not a condition"), "{output}");
}

/// What a world has built, to be pushed as it is or changed.
struct Pushed {
    layout: Layout,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Blobs for Pushed {
    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        match self.blobs.get(digest) {
            Some(bytes) => Ok(Box::new(std::io::Cursor::new(bytes.clone()))),
            None => Ok(Box::new(self.layout.open_blob(digest).map_err(std::io::Error::other)?)),
        }
    }
}

/// Pushes what `world` has built as `nutri/hello:1`; `change` may alter the bytes of each layer.
pub(crate) fn push(world: &World, host: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>) -> Digest {
    let layout = Layout::open_or_create(world.path("target/images")).unwrap();
    let index = layout.resolve("hello").unwrap().unwrap();
    let mut pushed = Pushed { layout, blobs: BTreeMap::new() };
    let read = |layout: &Layout, it: &Descriptor| layout.read_blob(it).unwrap();
    let mut document: Index = serde_json::from_slice(&read(&pushed.layout, &index)).unwrap();
    let (mut manifests, mut blobs) = (Vec::new(), Vec::new());
    for entry in &mut document.manifests {
        let mut manifest: Manifest = serde_json::from_slice(&read(&pushed.layout, entry)).unwrap();
        for layer in &mut manifest.layers {
            let bytes = change(read(&pushed.layout, layer));
            *layer = Descriptor::of(&layer.media_type, &bytes);
            pushed.blobs.insert(layer.digest, bytes);
        }
        blobs.extend(manifest.layers.iter().cloned().chain([manifest.config.clone()]));
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let platform = entry.platform.clone();
        *entry = Descriptor { platform, ..Descriptor::of(media_type::MANIFEST, &bytes) };
        manifests.push((entry.clone(), bytes));
    }
    let bytes = serde_json::to_vec(&document).unwrap();
    let root = Descriptor::of(media_type::INDEX, &bytes);
    manifests.push((root.clone(), bytes));
    blobs.sort_by_key(|blob| blob.digest);
    blobs.dedup_by_key(|blob| blob.digest);
    let tags = vec!["1".parse().unwrap()];
    let push = Push { root, manifests, blobs, tags, mount_from: std::collections::BTreeMap::new() };
    let repository: Repository = format!("{host}/nutri/hello").parse().unwrap();
    let registry = Registry::new(host, None);
    wait(registry.push_image(&repository, &push, &pushed, |_| {})).unwrap().root
}

pub(crate) fn build(world: &World) {
    assert_eq!(world.run(&["image", "build", "hello"]).code, Some(0));
}

#[test]
fn a_pushed_image_is_what_this_checkout_builds_or_says_where_not() {
    let (world, fake) = (world(FILES), FakeRegistry::start());
    build(&world);
    push(&world, &fake.host(), &|bytes| bytes);
    let reference = format!("{}/nutri/hello:1", fake.host());
    let against = ["image", "verify", "--against", &reference];
    let run = world.run(&against);
    assert_eq!(run.code, Some(0), "the title says which image it is: {run:?}");
    assert!(run.stdout.contains("the same"), "{run:?}");

    world.write("hello/greeting.txt", "hello, World\n");
    let run = world.run(&against);
    assert_eq!(run.code, Some(3), "{run:?}");
    let line = "linux/amd64 layer greeting: `app/greeting.txt`: content from byte 7: 57 6f 72 6c 64 0a, 77 6f 72 6c 64 0a";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    assert!(run.stdout.contains("linux/arm64 layer greeting"), "{}", run.stdout);

    world.write("hello/greeting.txt", "hello, world\n");
    let text = std::fs::read_to_string(world.path("images/hello.toml")).unwrap();
    world.write("images/hello.toml", &text.replace("/run/program", "/run/other"));
    let run = world.run(&against);
    assert_eq!(run.code, Some(3), "{run:?}");
    let line =
        "linux/arm64 config: `config.Entrypoint[0]`: value: \"/run/other\", \"/run/program\"";
    assert!(run.stdout.contains(line), "{}", run.stdout);
}

#[test]
fn a_layer_that_was_packed_again_is_told_from_one_that_was_changed() {
    let (world, fake) = (world(FILES), FakeRegistry::start());
    build(&world);
    push(&world, &fake.host(), &|mut bytes| {
        bytes[9] = 3;
        bytes
    });
    let reference = format!("{}/nutri/hello:1", fake.host());
    let run = world.run(&["image", "verify", "--against", &reference, "hello"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let line = "linux/amd64 layer greeting: gzip operating system from byte 9: ff";
    assert!(run.stdout.contains(line), "{}", run.stdout);
}

#[test]
fn a_registry_that_fails_or_has_nothing_is_said_and_an_unknown_image_is_asked_for() {
    let (world, fake) = (world(FILES), FakeRegistry::start());
    build(&world);
    let reference = format!("{}/nutri/hello:1", fake.host());
    let against = ["image", "verify", "--against", &reference];
    let output = world.run(&against).ends(5);
    assert!(output.contains(&format!("failed to read `{reference}`")), "{output}");
    assert!(output.contains("has nothing of that name"), "{output}");

    push(&world, &fake.host(), &|bytes| bytes);
    let text = std::fs::read_to_string(world.path("images/hello.toml")).unwrap();
    world.write("images/hello.toml", &text.replace("nutri-hello", "nutri-hallo"));
    let output = world.run(&against).ends(2);
    assert!(output.contains("its title is `nutri-hello`"), "{output}");
    assert!(output.contains(&format!("image verify --against {reference} IMAGE")), "{output}");

    fake.fault(Fault::status(on("GET", "/manifests/"), 403, 9));
    let output = world.run(&against).ends(5);
    assert!(output.contains("403"), "{output}");
}

/// In a `/dev/shm` of its own: others of this machine use libfaketime as well.
#[test]
fn nothing_is_left_of_the_clock_that_is_shown_to_the_second_build() {
    required!(required_file("libfaketime"));
    required!(required_right("mount"));
    let world = world(FILES);
    let script = "mount -t tmpfs tmpfs /dev/shm && \"$0\" \"$@\" && echo left: && ls -A /dev/shm";
    let verify = world.command(&["--json", "image", "verify", "hello"]);
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(verify.get_program()).args(verify.get_args());
    command.current_dir(world.path("")).env_clear();
    command.envs(verify.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (said, left) = stdout.split_once("left:\n").unwrap();
    let all = value(said)["variations"].as_array().unwrap().clone();
    let clock = all.iter().find(|it| it["what"] == "clock").unwrap();
    assert_eq!((clock["varied"].as_bool(), left), (Some(true), ""));
}
