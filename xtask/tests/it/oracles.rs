//! Programs that others wrote take what `image push` sent to Docker's own registry, behind a
//! password. Which of them this machine lacks is said: for those nothing is proved here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use xtask_fakes::docker_registry::{DockerRegistry, Lock, PASSWORD};
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_engine, required_program, required_right};

/// An image that says `hello`, in a registry with a password, and a folder to try it from.
struct Pushed {
    host: String,
    /// The image by digest.
    pin: String,
    folder: TempDir,
    _registry: DockerRegistry,
}

impl Pushed {
    /// One for `program`, which is to take it out again.
    fn for_program(program: &str) -> Required<(Self, PathBuf)> {
        let program = required_program(program).and(|| DockerRegistry::start(Lock::Passwords));
        program.map(|(program, registry)| (Self::to(registry), program))
    }

    fn to(registry: DockerRegistry) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = registry.host.clone();
        let pair = STANDARD.encode(format!("ci:{PASSWORD}"));
        let kept = serde_json::json!({"auths": {&host: {"auth": pair}}}).to_string();
        std::fs::write(folder.path().join("config.json"), kept).unwrap();
        let world = crate::push::world();
        let world = world.with("DOCKER_CONFIG", folder.path().display().to_string());
        let to = format!("{host}/acme");
        let args = ["image", "push", "one", "--platform", "linux/amd64", "--tag", "1", "--to", &to];
        let run = world.run(&args);
        assert_eq!(run.code, Some(0), "{run:?}");
        let pin = run.stdout.trim().to_owned();
        Self { host, pin, folder, _registry: registry }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program that must succeed; what it said.
    fn run(&self, program: &Path, args: &[&str]) -> String {
        let output = Command::new(program)
            .args(args)
            .env("REGISTRY_AUTH_FILE", self.path("config.json"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program:?} {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn with_skopeo(&self, skopeo: &Path, args: &[&str]) -> String {
        self.run(skopeo, &[&["--insecure-policy"], args].concat())
    }
}

fn is_root() -> bool {
    let own = std::fs::metadata("/proc/self").unwrap();
    std::os::unix::fs::MetadataExt::uid(&own) == 0
}

#[test]
fn skopeo_inspects_and_copies_it_and_umoci_unpacks_the_copy() {
    let (pushed, skopeo) = required!(Pushed::for_program("skopeo"));
    let source = format!("docker://{}/acme/one:1", pushed.host);
    let digest = pushed.pin.split_once('@').unwrap().1;
    let raw = pushed.with_skopeo(&skopeo, &["inspect", "--raw", "--tls-verify=false", &source]);
    assert_eq!(xtask_core::digest::Digest::of(raw.as_bytes()).to_string(), digest);
    let described = pushed.with_skopeo(&skopeo, &["inspect", "--tls-verify=false", &source]);
    assert!(described.contains("\"Architecture\": \"amd64\""), "{described}");

    let layout = pushed.path("layout").display().to_string();
    let copy = format!("oci:{layout}:one");
    let args = ["copy", "--quiet", "--src-tls-verify=false", "--preserve-digests", &source, &copy];
    pushed.with_skopeo(&skopeo, &args);

    let umoci = required!(required_program("umoci"));
    let bundle = pushed.path("bundle").display().to_string();
    let image = format!("{layout}:one");
    let rootless: &[&str] = if is_root() { &[] } else { &["--rootless"] };
    let args = [&["unpack"], rootless, &["--image", &image, &bundle]].concat();
    pushed.run(&umoci, &args);
    let text = pushed.path("bundle/rootfs/app/text");
    assert_eq!(std::fs::read_to_string(text).unwrap(), "one");
}

#[test]
fn docker_pulls_and_runs_it() {
    let _engine = required!(required_engine());
    let (pushed, docker) = required!(Pushed::for_program("docker"));
    let config = pushed.folder.path().display().to_string();
    let config = ["--config", config.as_str()];
    pushed.run(&docker, &[&config[..], &["pull", "--quiet", &pushed.pin]].concat());
    let run = ["run", "--rm", "--network=none", "--read-only", &pushed.pin];
    let output = pushed.run(&docker, &[&config[..], &run].concat());
    pushed.run(&docker, &["image", "rm", &pushed.pin]);
    assert_eq!(output, "hello\n");
}

#[test]
fn podman_pulls_and_runs_it() {
    // Without root it needs user namespaces.
    required!(required_right("root"));
    let (pushed, podman) = required!(Pushed::for_program("podman"));
    let storage = ["storage", "run"].map(|name| pushed.path(name).display().to_string());
    let own = ["--root", &storage[0], "--runroot", &storage[1], "--storage-driver=vfs"];
    let own = [&own[..], &["--runtime=runc", "--cgroup-manager=cgroupfs"]].concat();
    let with = |args: &[&str]| pushed.run(&podman, &[&own[..], args].concat());
    with(&["pull", "--quiet", "--tls-verify=false", &pushed.pin]);
    let limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=none"];
    let output = with(&[&["run", "--rm"], &limits[..], &[&pushed.pin]].concat());
    assert_eq!(output, "hello\n");
}

#[test]
fn buildah_pulls_it_by_digest() {
    // Without root it needs user namespaces.
    required!(required_right("root"));
    let (pushed, buildah) = required!(Pushed::for_program("buildah"));
    let storage = ["storage", "run"].map(|name| pushed.path(name).display().to_string());
    let own = ["--root", &storage[0], "--runroot", &storage[1], "--storage-driver=vfs"];
    let args = ["pull", "--quiet", "--tls-verify=false", &pushed.pin];
    let output = pushed.run(&buildah, &[&own[..], &args].concat());
    assert_eq!(output.trim().len(), 64, "the id of its config: {output}");
}
