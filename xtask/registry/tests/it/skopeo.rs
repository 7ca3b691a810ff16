//! Skopeo, a client that others wrote: it reads what we pushed, and the fake takes what it
//! pushes, so neither our client nor our fake agrees only with the other.

use super::world::{Image, PASSWORD, World, bearer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::process::Command;
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// Runs skopeo with the credentials of `folder`.
fn run(skopeo: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(skopeo)
        .args(["--insecure-policy"])
        .args(arguments)
        .env("REGISTRY_AUTH_FILE", folder.join("auth.json"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn log_in(folder: &Path, host: &str) {
    let pair = STANDARD.encode(format!("ci:{PASSWORD}"));
    let file = serde_json::json!({"auths": {host: {"auth": pair}}});
    std::fs::write(folder.join("auth.json"), file.to_string()).unwrap();
}

#[test]
fn skopeo_reads_what_we_pushed_and_pushes_it_again() {
    let skopeo = required!(required_program("skopeo"));
    let (world, image) = (World::with_access(bearer()), Image::index(&["1.4.0"]));
    world.push(&image).unwrap();
    let (host, folder) = (world.fake.host(), tempfile::tempdir().unwrap());
    log_in(folder.path(), &host);
    let ours = format!("docker://{host}/acme/api:1.4.0");
    let theirs = format!("docker://{host}/acme/copy:1.4.0");
    let copy = format!("dir:{}/copy", folder.path().display());

    let raw = ["inspect", "--raw", "--tls-verify=false", &ours];
    let raw = run(&skopeo, folder.path(), &raw);
    assert_eq!(raw.as_bytes(), image.push.manifests[2].1);

    let all = ["copy", "--quiet", "--all", "--preserve-digests"];
    run(&skopeo, folder.path(), &[&all[..], &["--src-tls-verify=false", &ours, &copy]].concat());
    run(&skopeo, folder.path(), &[&all[..], &["--dest-tls-verify=false", &copy, &theirs]].concat());
    assert_eq!(world.fake.tag("acme/copy", "1.4.0"), Some(image.root().to_string()));
    for (digest, bytes) in &image.blobs.0 {
        let copied = world.fake.blob("acme/copy", &digest.to_string());
        assert_eq!(copied.as_ref(), Some(bytes));
    }
}
