//! The arm64 images, run on a machine of another kind by QEMU's user emulation. The emulator is
//! handed to the container as its program, so the kernel need not know of it.

use crate::images::SETTINGS;
use crate::scratch::Scratch;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_fakes::required;
use xtask_fakes::requirement::{Required, required_file};
use xtask_image::docker_archive::write_from_layout;
use xtask_image::layout::Layout;

const FOREIGN: Platform = Platform::Arm64;

/// The backend serves and ends on SIGTERM; of the ML service, Python and every library with
/// binaries but one is loaded. QEMU 7.2 dies in onnxruntime's threads, so the model is not.
pub(crate) fn arm64_images_run(scratch: &Scratch) {
    let _emulator = required!(emulator());
    load(scratch, "backend");
    the_backend_serves_and_ends_on_sigterm(scratch);
    load(scratch, "ml-service");
    the_ml_service_loads_its_libraries(scratch);
}

fn emulator() -> Required<PathBuf> {
    required_file("qemu-user-static")
}

fn the_backend_serves_and_ends_on_sigterm(scratch: &Scratch) {
    let name = container(scratch, "backend");
    // Made up on the spot: a secret in the open would teach the wrong thing.
    let random = Digest::of(scratch.project.as_bytes());
    let secret = format!("JWT_SECRET={}", random.hex());
    let mut args = vec!["--detach", "--publish", "127.0.0.1:0:3000"];
    args.extend(SETTINGS.iter().chain([&secret.as_str()]).flat_map(|it| ["--env", it]));
    run(scratch, "backend", &args, &["/usr/local/bin/node", "dist/main.js"]);
    let address = scratch.docker(&["port", &name, "3000"]);
    let url = format!("http://{}/api/health/live", address.lines().next().unwrap());
    scratch.until(|| crate::web::get(&url).is_ok());
    scratch.docker(&["stop", "--time", "60", &name]);
    let ended = scratch.docker(&["inspect", "--format", "{{.State.ExitCode}}", &name]);
    assert_eq!(ended, "0", "the emulated backend ends well on SIGTERM");
    scratch.docker(&["rm", &name]);
    scratch.docker(&["rmi", &image(scratch, "backend")]);
}

fn the_ml_service_loads_its_libraries(scratch: &Scratch) {
    let program = "import platform, ssl, numpy, tokenizers, psycopg, pydantic_core; \
                   print(platform.machine(), int(numpy.ones((8, 8)).sum()))";
    let output = run(scratch, "ml-service", &["--rm"], &["/usr/bin/python3.11", "-c", program]);
    assert_eq!(output, format!("{} 64", FOREIGN.machine()));
    scratch.docker(&["rmi", &image(scratch, "ml-service")]);
}

/// Runs a program of the image under the emulator, and gives what it says.
fn run(scratch: &Scratch, service: &str, options: &[&str], program: &[&str]) -> String {
    let (name, image) = (container(scratch, service), image(scratch, service));
    let label = format!("nutri.project={}", scratch.project);
    let emulator = emulator().map(|it| format!("{}:/emulator:ro", it.display()));
    let Required::Here(emulator) = emulator else { panic!("it was there a moment ago") };
    let mut args = vec!["run", "--read-only", "--tmpfs", "/tmp", "--name", &name];
    args.extend(["--label", &label, "--volume", &emulator, "--entrypoint", "/emulator"]);
    args.extend(options);
    args.push(&image);
    args.extend(program);
    scratch.docker(&args)
}

fn container(scratch: &Scratch, service: &str) -> String {
    format!("{}-emulated-{service}", scratch.project)
}

fn image(scratch: &Scratch, service: &str) -> String {
    format!("{}-emulated/{service}:{}", scratch.project, FOREIGN.architecture())
}

/// Feeds the image of the layout to the engine, in the form that `docker load` reads.
fn load(scratch: &Scratch, service: &str) {
    let layout = Layout::open_or_create(scratch.path("target/images")).unwrap();
    let built = format!("{service}-{}", FOREIGN.architecture());
    let manifest = layout.resolve(&built).unwrap().unwrap();
    let mut loading = Command::new("docker");
    let loading = loading.args(["load", "--quiet"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut loading = loading.spawn().unwrap();
    let mut stdin = loading.stdin.take().unwrap();
    let tags = [image(scratch, service)];
    write_from_layout(&layout, &manifest, &tags, &mut stdin).unwrap();
    stdin.flush().unwrap();
    drop(stdin);
    assert!(loading.wait().unwrap().success(), "docker load of {built}");
}
