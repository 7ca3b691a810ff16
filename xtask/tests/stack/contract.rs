//! What an image promises, whichever road made it: Docker from the Dockerfile, or our own engine.

use crate::scratch::Scratch;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use xtask_core::platform::Platform;

/// Records of who installed a package, which differ from installer to installer.
const RECORDS: [&str; 4] = ["/RECORD", "/INSTALLER", "/REQUESTED", "/.package-lock.json"];

/// User, ports, environment, command, health check, labels and every file of the application.
pub(crate) fn both_roads_make_the_same_image(scratch: &Scratch) {
    build(scratch, &["backend", "ml-service"]);
    for (service, base) in
        [("backend", "compose-node-image"), ("ml-service", "compose-python-image")]
    {
        let ours = format!("{}/contract-{service}:ours", scratch.project);
        put_into_docker(scratch, service, &ours);
        let theirs = image_of_container(scratch, service);
        let base = tagged(scratch, base);
        let bring = |image: &str| promises(scratch, image, &base);
        assert_eq!(bring(&theirs), bring(&ours), "{service}: Dockerfile, and our own engine");
        let (theirs, ours) = (files(scratch, &theirs), files(scratch, &ours));
        assert!(ours.len() > 100, "{service} has {} files", ours.len());
        let differ = |it: &&String| theirs.get(*it) != ours.get(*it);
        let names: Vec<&String> = theirs.keys().chain(ours.keys()).filter(differ).collect();
        assert!(names.is_empty(), "{service}: these files differ: {names:?}");
    }
}

/// Builds images for this machine alone.
pub(crate) fn build(scratch: &Scratch, images: &[&str]) {
    let platform = Platform::of_machine(std::env::consts::ARCH).unwrap().to_string();
    let words = [&["image", "build", "--platform", &platform][..], images].concat();
    scratch.xtask(&words).ends(0);
}

/// Copies the image that lies in the layout of the checkout.
pub(crate) fn put_into_docker(scratch: &Scratch, image: &str, name: &str) {
    let layout = scratch.path("target/images").display().to_string();
    let from = format!("oci:{layout}:{image}");
    let words = ["copy", "--quiet", &from, &format!("docker-daemon:{name}")];
    let output = Command::new("skopeo").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn image_of_container(scratch: &Scratch, service: &str) -> String {
    let mine = format!("label=com.docker.compose.project={}-prod", scratch.project);
    let its = format!("label=com.docker.compose.service={service}");
    let id = scratch.docker(&["ps", "--quiet", "--filter", &mine, "--filter", &its]);
    scratch.docker(&["inspect", "--format", "{{.Image}}", &id])
}

fn tagged(scratch: &Scratch, name: &str) -> String {
    let repository = format!("{}/{name}", scratch.project);
    let format = "{{.Repository}}:{{.Tag}}";
    let listed = scratch.docker(&["images", "--format", format, &repository]);
    listed.lines().next().expect("the base was made").to_owned()
}

/// What a container of it gets, without what only the base says.
fn promises(scratch: &Scratch, image: &str, base: &str) -> Value {
    let config = |image: &str| -> Value {
        let said =
            scratch.docker(&["inspect", "--type", "image", "--format", "{{json .Config}}", image]);
        serde_json::from_str(&said).unwrap()
    };
    let variables = |config: &Value| -> BTreeMap<String, String> {
        let lines = config["Env"].as_array().cloned().unwrap_or_default();
        let pair = |it: &Value| {
            it.as_str().and_then(|it| it.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned()))
        };
        lines.iter().filter_map(pair).collect()
    };
    let (config, of_base) = (config(image), variables(&config(base)));
    let own = |(name, value): &(String, String)| of_base.get(name) != Some(value);
    json!({
        "user": config["User"],
        "ports": config["ExposedPorts"],
        "environment": variables(&config).into_iter().filter(own).collect::<BTreeMap<_, _>>(),
        "entrypoint": config["Entrypoint"],
        // Nothing, however each of them writes it.
        "command": config["Cmd"].as_array().filter(|it| !it.is_empty()),
        "folder": config["WorkingDir"],
        "check": config["Healthcheck"],
        "signal": config["StopSignal"],
        "labels": {
            "title": config["Labels"]["org.opencontainers.image.title"],
            "source": config["Labels"]["org.opencontainers.image.source"],
        },
    })
}

/// Every file below `/app`, with its digest.
fn files(scratch: &Scratch, image: &str) -> BTreeMap<String, String> {
    let container = scratch.docker(&["create", image]);
    let folder = tempfile::tempdir().unwrap();
    let mut export =
        Command::new("docker").args(["export", &container]).stdout(Stdio::piped()).spawn().unwrap();
    let unpacked = Command::new("tar")
        .args(["-x", "-C", &folder.path().display().to_string(), "app"])
        .stdin(export.stdout.take().unwrap())
        .status()
        .unwrap();
    assert!(unpacked.success() && export.wait().unwrap().success(), "{image}");
    scratch.docker(&["rm", &container]);
    let script = "find app -type f -print0 | sort -z | xargs -0 sha256sum";
    let listed =
        Command::new("bash").args(["-c", script]).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let row = |line: &str| line.split_once("  ").map(|(a, b)| (b.to_owned(), a.to_owned()));
    let is_record = |path: &str| RECORDS.iter().any(|record| path.ends_with(record));
    text.lines().filter_map(row).filter(|(path, _)| !is_record(path)).collect()
}
