//! A repository with one service, a registry, and keys: everything that a release is made of.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use crate::image::{POOL, deb, world as image_world};
use crate::world::{Run, World};
use serde_json::Value;
use std::process::Command;
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;

pub(super) struct Shop {
    pub(super) world: World,
    pub(super) host: String,
    _mirror: FakeArchive,
}

const SERVICE: &str = r#"project = "nutri"

[services.hello]
path = "services/hello"
image = "images/hello.toml"
port = 3000
access = "public"
drain_seconds = 8

[services.hello.health]
live = "/live"
ready = "/ready"
status = "/status"
start_seconds = 30

[services.hello.limits]
cpus = 1
memory_mb = 64

[services.hello.settings]
DRAIN_SECONDS = "8"

[migrations]
path = "migrations"
lock_timeout_ms = 5000
statement_timeout_ms = 60000
"#;

const PRODUCTION: &str = r#"
[environments.production]
target = "coolify"
registry = "HOST/acme"
url = "https://api.example.org"
MORE

[environments.production.coolify]
url = "https://coolify.example.org"
token = "env:TOKEN"
project = "nutri"
server = "localhost"
"#;

impl Shop {
    /// With the registry at `host`, and `more` in the table of production.
    pub(super) fn new(host: &str, more: &str) -> Self {
        let mirror = FakeArchive::start();
        let bytes = deb("hello", None);
        mirror.put(&format!("/debian/{POOL}"), &bytes);
        // A scanner, where there is one, finds no database and says so.
        let world = image_world(&mirror, &Digest::of(&bytes))
            .with("TRIVY_DB_REPOSITORY", "127.0.0.1:9/nowhere".to_owned());
        world.write(".gitignore", "/target\n/*.key\n/*.json\n");
        world.write("migrations/20260101000000_one/migration.sql", "SELECT 1;\n");
        world.init();
        let shop = Self { world, host: host.to_owned(), _mirror: mirror };
        for name in ["ours", "second"] {
            shop.keygen(name);
        }
        std::fs::copy(shop.world.path("ours.pub"), shop.world.path("again.pub")).unwrap();
        shop.configure(more);
        shop
    }

    pub(super) fn keygen(&self, name: &str) {
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        let words = ["image", "keygen", "--plain", "--private", &private, "--public", &public];
        self.world.run(&words).ends(0);
    }

    /// Writes `deploy.toml` anew, and commits all there is.
    pub(super) fn configure(&self, more: &str) {
        let signing = "\n[signing]\nkey = \"file:ours.key\"\n\
                       public_keys = [\"ours.pub\", \"again.pub\", \"second.pub\"]\n";
        let production = PRODUCTION.replace("HOST", &self.host).replace("MORE", more);
        self.world.write("deploy.toml", &format!("{SERVICE}{signing}{production}"));
        self.commit();
    }

    pub(super) fn commit(&self) {
        self.git(&["add", "."]);
        let who = ["-c", "user.name=t", "-c", "user.email=t@t"];
        self.git(&[&who[..], &["commit", "-q", "--allow-empty", "-m", "one"]].concat());
    }

    fn git(&self, words: &[&str]) -> String {
        let mut git = Command::new("git");
        let output = git.args(words).current_dir(self.world.path("")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(super) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn version(&self) -> String {
        self.head()[..12].to_owned()
    }

    pub(super) fn home(&self) -> String {
        format!("{}/acme", self.host)
    }

    pub(super) fn push(&self) {
        self.world.run(&["image", "push", "--to", &self.home()]).ends(0);
    }

    pub(super) fn attest(&self, key: &str) {
        let (home, key) = (self.home(), format!("file:{key}.key"));
        self.world.run(&["image", "attest", "hello", "--to", &home, "--key", &key]).ends(0);
    }

    pub(super) fn create(&self) -> Run {
        self.world.run(&["release", "create", "production"])
    }

    /// Pushed, attested by `ours`, and released.
    pub(super) fn released(&self) -> String {
        self.push();
        self.attest("ours");
        self.create().ends(0);
        self.version()
    }

    pub(super) fn verify(&self, version: &str) -> Run {
        self.world.run(&["release", "verify", "production", version])
    }

    pub(super) fn json(&self, words: &[&str]) -> Value {
        let run = self.world.run(&[&["--json"], words].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Everything of that type that is believed about the release.
    pub(super) fn said(&self, version: &str, kind: &str) -> Vec<Value> {
        let reference = format!("{}/releases:{version}", self.home());
        let said = self.json(&["attestation", "verify", &reference, "--kind", kind]);
        said["believed"].as_array().unwrap().clone()
    }
}
