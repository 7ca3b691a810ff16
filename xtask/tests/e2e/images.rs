//! The images by themselves: built for both platforms, and started by `docker run`, once with no
//! database, no proxy and nobody to help them, and once beside what they need.

use crate::scratch::Scratch;
use serde_json::Value;
use xtask_core::deploy::{Deploy, Service};
use xtask_core::digest::Digest;

/// What each service must be told to start; nothing of it is there.
pub(crate) const SETTINGS: [&str; 5] = [
    "DATABASE_URL=postgresql://nobody@127.0.0.1:9/nothing",
    "REDIS_URL=redis://127.0.0.1:9",
    "ML_SERVICE_URL=http://127.0.0.1:9",
    "DRAIN_SECONDS=1",
    "NODE_ENV=production",
];

/// Builds every image. Debian's archive moves: a package that a lock names may be gone from the
/// mirror. Then the locks are renewed in this copy, and that is said; the committed ones stay.
/// So do the judgements: a newer package's script is accepted unread, in this copy only.
pub(crate) fn build_for_both_platforms(scratch: &Scratch) {
    let built = scratch.xtask(&["image", "build"]);
    if !built.says("failed to fetch package") {
        return built.ends(0);
    }
    println!("a locked package has vanished from the mirror: locks renewed in the scratch copy");
    scratch.xtask(&["image", "lock", "--update", "--accept-scripts"]).ends(0);
    scratch.xtask(&["image", "build"]).ends(0);
}

/// The images of these services, with nobody to help them and beside what they need.
pub(crate) fn run_by_themselves(scratch: &Scratch, release: &Value, services: &[&str]) {
    let deploy = Deploy::parse(&scratch.read("deploy.toml")).unwrap();
    for name in services {
        let image = &release["services"][name];
        let pin = format!("{}@{}", image["repository"], image["index"]).replace('"', "");
        let service = deploy.service(name).unwrap();
        lives_and_ends_alone(scratch, service, &pin);
        drains_by_its_own_check(scratch, service, &pin);
    }
}

/// It serves without a database, not as root, on a read-only disk, and ends well on SIGTERM.
fn lives_and_ends_alone(scratch: &Scratch, service: &Service, pin: &str) {
    let name = format!("{}-alone-{}", scratch.project, service.name);
    // Made up on the spot: a secret in the open would teach the wrong thing.
    let random = Digest::of(std::process::id().to_string().as_bytes());
    let secret = format!("JWT_SECRET={}", random.hex());
    let mut options = vec!["--env", &secret];
    options.extend(SETTINGS.iter().flat_map(|it| ["--env", it]));
    let url = start(scratch, service, pin, &name, &options);
    scratch.until(|| crate::web::get(&url).is_ok());
    let ask = |format: &str| scratch.docker(&["inspect", "--format", format, &name]);
    assert_eq!(ask("{{.Config.User}}"), "65532:65532", "{name}");
    scratch.docker(&["stop", "--time", "60", &name]);
    assert_eq!(ask("{{.State.ExitCode}}"), "0", "{name} ends well on SIGTERM");
    scratch.docker(&["rm", &name]);
}

/// With the settings and the network of the container that serves: the engine finds it healthy,
/// and after SIGTERM unhealthy while it still serves. By that a proxy lets go of it in time. Here
/// it drains for longer than any machine needs for the two checks.
fn drains_by_its_own_check(scratch: &Scratch, service: &Service, pin: &str) {
    let name = format!("{}-drains-{}", scratch.project, service.name);
    let serving = scratch.containers_of(&service.name).remove(0);
    let lines = "{{range .Config.Env}}{{println .}}{{end}}";
    let settings = format!("target/{name}.env");
    scratch.write(&settings, &scratch.docker(&["inspect", "--format", lines, &serving]));
    let file = scratch.path(&settings).display().to_string();
    let options =
        ["--network", &scratch.project, "--env-file", &file, "--env", "DRAIN_SECONDS=300"];
    let url = start(scratch, service, pin, &name, &options);
    let state = "{{.State.Status}} {{.State.Health.Status}}";
    let state = || scratch.docker(&["inspect", "--format", state, &name]);
    scratch.until(|| state() == "running healthy");
    scratch.docker(&["kill", "--signal", "TERM", &name]);
    scratch.until(|| state() == "running unhealthy");
    crate::web::get(&url).unwrap();
    scratch.docker(&["rm", "--force", &name]);
    scratch.remove(&settings);
}

/// Starts a container as `up` does; gives where it says that it is alive.
fn start(scratch: &Scratch, service: &Service, pin: &str, name: &str, options: &[&str]) -> String {
    let label = format!("nutri.project={}", scratch.project);
    let port = service.port.to_string();
    let publish = format!("127.0.0.1:0:{port}");
    let mut args = vec!["run", "--detach", "--read-only", "--tmpfs", "/tmp", "--publish", &publish];
    args.extend(["--ulimit", "nofile=1024:1024", "--name", name, "--label", &label]);
    args.extend(options);
    args.push(pin);
    scratch.docker(&args);
    let address = scratch.docker(&["port", name, &port]);
    format!("http://{}{}", address.lines().next().unwrap(), service.health.live)
}
