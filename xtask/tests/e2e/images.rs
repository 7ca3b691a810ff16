//! The images by themselves: built for both platforms, and started by `docker run` with no
//! database, no proxy and nobody to help them.

use crate::scratch::Scratch;
use serde_json::Value;

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

/// Healthy by its own health check, not root, on a read-only disk, and it ends well on SIGTERM.
pub(crate) fn run_by_themselves(scratch: &Scratch, release: &Value) {
    for (service, image) in release["services"].as_object().unwrap() {
        let pin = format!("{}@{}", image["repository"], image["index"]).replace('"', "");
        let name = format!("{}-alone-{service}", scratch.project);
        // Made up on the spot: a secret in the open would teach the wrong thing.
        let secret = format!("JWT_SECRET={:064x}", std::process::id());
        let label = format!("nutri.project={}", scratch.project);
        let mut args = vec!["run", "--detach", "--read-only", "--tmpfs", "/tmp"];
        args.extend(["--ulimit", "nofile=1024:1024", "--name", &name, "--label", &label]);
        args.extend(SETTINGS.iter().chain([&secret.as_str()]).flat_map(|it| ["--env", it]));
        args.push(&pin);
        scratch.docker(&args);
        let ask = |format: &str| scratch.docker(&["inspect", "--format", format, &name]);
        scratch.until(|| ask("{{.State.Health.Status}}") == "healthy");
        assert_eq!(ask("{{.Config.User}}"), "65532:65532", "{service}");
        scratch.docker(&["stop", "--time", "30", &name]);
        assert_eq!(ask("{{.State.ExitCode}}"), "0", "{service} ends well on SIGTERM");
        scratch.docker(&["rm", &name]);
    }
}
