//! Hetzner's own Python client drives our double from nothing to a server and back.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xtask_fakes::hetzner::{FakeHetzner, READ_ONLY, TOKEN};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a";

/// A Python that has the client, installed as its list says, once for each list.
fn python(python: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/requirements.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hcloud");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let wanted = std::fs::read_to_string(&source).unwrap();
    // Written last, so that half an installation is none.
    let done = folder.join("installed");
    let venv = folder.join("venv");
    if std::fs::read_to_string(&done).unwrap_or_default() != wanted {
        run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let strict = ["--require-hashes", "--only-binary", ":all:", "-r"];
        run(Command::new(venv.join("bin/python")).args(pip).args(strict).arg(&source));
        std::fs::write(done, wanted).unwrap();
    }
    venv.join("bin/python")
}

fn run(command: &mut Command) {
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{command:?}: {ran:?}");
}

#[test]
fn hetzners_own_client_gets_on_with_the_double_from_nothing_to_a_server_and_back() {
    let system = required!(required_program("python3"));
    let python = python(&system);
    let fake = FakeHetzner::start();
    fake.change(|state| state.catalogue.out_of_stock.push(("cpx32", "fsn1")));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/hetzner.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([&fake.url(), TOKEN, READ_ONLY, KEY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["name"] == "doom" {
            fake.change(|state| state.fails_to_place = true);
            child.stdin.take().unwrap().write_all(b"\n").unwrap();
            continue;
        }
        heard.push((line["name"].as_str().unwrap().to_owned(), line["value"].clone()));
    }
    assert!(child.wait().unwrap().success(), "{heard:?}");
    let wanted = json!({
        "cores": 4,
        "in stock": { "fsn1": true, "nbg1": true, "hel1": true, "ash": true },
        "images": ["arm", "x86"],
        "locations": ["fsn1", "nbg1", "hel1", "ash"],
        "by fingerprint": "anna",
        "key twice": "uniqueness_error",
        "sources": ["0.0.0.0/0", "2001:db8::/32"],
        "dirty network": "invalid_input",
        "at first": "initializing",
        "password": null,
        "while it is placed": "locked",
        "then": ["running", "cx33", "debian-12", "fsn1"],
        "firewalls": ["applied"],
        "listed": ["web"],
        "not listed": [],
        "name twice": "uniqueness_error",
        "out of stock": "resource_unavailable",
        "no such image": "invalid_input",
        "read only": "token_readonly",
        "no token": "unauthorized",
        "kept": ["22-02", true],
        "protected": "protected",
        "half protected": "unsupported_error",
        "no rules": [],
        "in use": "resource_in_use",
        "gone": [],
        "cannot be placed": "resource_unavailable",
        "nothing is left": [],
    });
    let wanted: Vec<(String, Value)> =
        wanted.as_object().unwrap().iter().map(|(name, it)| (name.clone(), it.clone())).collect();
    assert_eq!(heard, wanted);
    assert_eq!(fake.state().servers_made, 2);
}
