//! A world with one image in which a package, a module and a wheel are known to be weak.

use crate::image::deb;
use crate::modules;
use crate::world::{Run, World};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::runtime::wait;
use xtask_core::digest::Digest;
use xtask_core::image::definition::Debian;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::registry::FakeRegistry;
use xtask_fakes::trivy_database::{Advisory, TrivyDatabase};
use xtask_http::{Client, HeaderValue, Method, Request, Settings, header::CONTENT_TYPE};

const POOL: &str = "pool/main/h/hello/hello.deb";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Nothing listens there: a fetch fails at once, on a machine with a network too.
const NOWHERE: &str = "127.0.0.1:9/nowhere:2";

const DEFINITION: &str = r#"
[[layer]]
name = "debian"
kind = "debian"
packages = ["hello"]

[layer.files]
"etc/debian_version" = "12.11"
"etc/passwd" = "nutri:x:65532:65532::/:"
"etc/group" = "nutri:x:65532:"
"etc/os-release" = """
ID=debian
VERSION_ID="12"
"""

[[layer]]
name = "npm"
kind = "files"
path = "npm"
copy = { node_modules = "srv/node_modules" }

[[layer]]
name = "wheel"
kind = "files"
path = "wheels"
copy = { site-packages = "srv/site-packages" }

[[layer]]
name = "app"
kind = "files"
path = "app"
copy = { "settings.ini" = "srv/settings.ini" }

[config]
user = "65532:65532"
entrypoint = ["/run/program"]
working_directory = "/"

[budget]
unpacked_mb = 10
"#;

/// Something that looks like a token; in two halves, so that this file does not hold one.
pub(super) fn secret() -> String {
    format!("ghp_{}", "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX")
}

/// Weaknesses of what is planted, and of what is there in another version or not at all.
pub(super) fn database() -> TrivyDatabase {
    let advisory = |package, id, vulnerable, fixed, severity| Advisory {
        package,
        id,
        vulnerable,
        fixed,
        severity,
    };
    let mut database = TrivyDatabase::default();
    database.debian(&advisory("hello", "CVE-2099-1001", "", Some("2"), "HIGH"));
    database.npm(&advisory("planted-npm", "CVE-2099-1002", "< 2.0.0", Some("2.0.0"), "CRITICAL"));
    database.pip(&advisory("planted-wheel", "CVE-2099-1003", "< 2.0", Some("2.0"), "HIGH"));
    database.program(&advisory("node", "CVE-2099-1004", "< 21.0.0", Some("21.0.0"), "HIGH"));
    database.debian(&advisory("hello", "CVE-2099-2001", "", None, "CRITICAL"));
    database.npm(&advisory("planted-npm", "CVE-2099-3001", "< 2.0.0", Some("2.0.0"), "LOW"));
    database.npm(&advisory("planted-npm", "CVE-2099-4001", "< 1.0.0", Some("1.0.0"), "HIGH"));
    database.pip(&advisory("planted-npm", "CVE-2099-4002", "< 9", Some("9"), "HIGH"));
    database.npm(&advisory("hello", "CVE-2099-4003", "< 9.0.0", Some("9.0.0"), "HIGH"));
    database
}

/// A registry that holds that database as Trivy's own do.
pub(super) fn registry_with_database() -> FakeRegistry {
    let folder = tempfile::tempdir().unwrap();
    database().write(folder.path(), &now()).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["-czf", "-", "trivy.db", "metadata.json"]).current_dir(folder.path().join("db"));
    let bytes = tar.output().unwrap().stdout;
    let fake = FakeRegistry::start();
    let config = b"{}";
    fake.put_blob("trivy-db", &bytes);
    fake.put_blob("trivy-db", config);
    let descriptor = |kind: &str, bytes: &[u8]| {
        json!({
            "mediaType": format!("application/vnd.aquasec.trivy.{kind}"),
            "digest": Digest::of(bytes), "size": bytes.len(),
            "annotations": { "org.opencontainers.image.title": "db.tar.gz" },
        })
    };
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor("config.v1+json", config),
        "layers": [descriptor("db.layer.v1.tar+gzip", &bytes)],
    });
    let url = format!("http://{}/v2/trivy-db/manifests/2", fake.host());
    let manifest = Request::to(Method::PUT, &url).unwrap().bytes(manifest.to_string());
    let manifest = manifest.header(CONTENT_TYPE, HeaderValue::from_static(MANIFEST));
    let put = wait(Client::new(Settings::of(|_| None)).send(manifest));
    assert!(put.unwrap().status().is_success());
    fake
}

fn now() -> String {
    xtask::edge::clock::now()
}

/// The world; its image is built for both platforms.
pub(super) struct Planted {
    world: World,
    /// It ends with the world.
    _mirror: FakeArchive,
}

/// What `image scan` said.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) code: Option<i32>,
    pub(super) json: Value,
    pub(super) stderr: String,
}

impl Planted {
    /// What is planted lies there as files that no lock names.
    pub(super) fn new(trivy: &Path) -> Self {
        Self::of(trivy, DEFINITION, |world| {
            let package = r#"{ "name": "planted-npm", "version": "1.0.0" }"#;
            world.write("npm/node_modules/planted-npm/package.json", package);
            let metadata = "Metadata-Version: 2.1\nName: planted-wheel\nVersion: 1.0\n";
            let file = "wheels/site-packages/planted_wheel-1.0.dist-info/METADATA";
            world.write(file, metadata);
            world.write("app/settings.ini", "colour = blue\n");
        })
    }

    /// All that is planted is locked, Node.js too.
    pub(super) fn locked(trivy: &Path) -> Self {
        let (begin, _) = DEFINITION.split_once("[[layer]]\nname = \"npm\"").unwrap();
        let (_, end) = DEFINITION.split_once("[config]").unwrap();
        let definition = format!("{begin}{}\n[config]{end}", modules::LAYER);
        Self::of(trivy, &definition, modules::write)
    }

    fn of(trivy: &Path, definition: &str, write: impl Fn(&World)) -> Self {
        let mirror = FakeArchive::start();
        let bytes = deb("hello", None);
        mirror.put(&format!("/debian/{POOL}"), &bytes);
        let world = World::new().with("XTASK_DEBIAN_MIRROR", mirror.url());
        let world = world.with("TRIVY_DB_REPOSITORY", NOWHERE.to_owned());
        world.write("images/hello.toml", definition);
        world.write("images/hello.lock", &lock(&Digest::of(&bytes)));
        write(&world);
        let git = Command::new("git").args(["init", "-q"]).current_dir(world.path("")).status();
        assert!(git.unwrap().success());
        let tools = world.cache().join("tools/bin");
        std::fs::create_dir_all(&tools).unwrap();
        std::os::unix::fs::symlink(trivy, tools.join("trivy")).unwrap();
        let planted = Self { world, _mirror: mirror };
        planted.build();
        planted
    }

    pub(super) fn with(self, variable: &'static str, value: String) -> Self {
        Self { world: self.world.with(variable, value), ..self }
    }

    pub(super) fn build(&self) {
        let _said = self.run(&["image", "build", "hello"]).ends(0);
    }

    /// Puts the database there, made just now.
    pub(super) fn database(&self) {
        database().write(&self.world.cache().join("trivy"), &now()).unwrap();
        // Not due for a day: nothing is fetched.
        let file = self.world.cache().join("trivy/db/metadata.json");
        let mut metadata: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        metadata["NextUpdate"] = "2999-01-01T00:00:00Z".into();
        std::fs::write(&file, metadata.to_string()).unwrap();
    }

    /// Says in `deploy.toml` what may be shipped.
    pub(super) fn policy(&self, lines: &str) {
        let text = crate::world::deploy();
        let begin = text.find("[scan]\n").unwrap();
        let end = begin + text[begin..].find("\n# ").unwrap();
        let text = format!("{}[scan]\n{lines}{}", &text[..begin], &text[end..]);
        self.write("deploy.toml", &text);
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        self.world.write(file, text);
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.world.path(file)
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.world.cache()
    }

    pub(super) fn run(&self, args: &[&str]) -> Run {
        self.world.run(args)
    }

    /// The runs in a file of SARIF: category and rules, each result in the form GitHub asks for.
    pub(super) fn runs(&self, file: &str) -> Vec<(String, Vec<String>)> {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(!text.contains(self.path("").to_str().unwrap()), "no path of this machine");
        let sarif: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(sarif["version"], "2.1.0");
        let rule = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert!(place.is_string() && result["level"].is_string(), "{result}");
            assert!(result["message"]["text"].is_string(), "{result}");
            result["ruleId"].as_str().unwrap().to_owned()
        };
        let run = |run: &Value| {
            let mut rules: Vec<String> =
                run["results"].as_array().unwrap().iter().map(rule).collect();
            rules.sort();
            (run["automationDetails"]["id"].as_str().unwrap().to_owned(), rules)
        };
        sarif["runs"].as_array().unwrap().iter().map(run).collect()
    }

    pub(super) fn scan(&self, more: &[&str]) -> Scanned {
        let run = self.run(&[&["--json", "image", "scan", "hello"], more].concat());
        let json = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        Scanned { code: run.code, json, stderr: run.stderr }
    }
}

impl Scanned {
    /// What was found on a platform: id, package, layer and fate, by id.
    pub(super) fn found(&self, architecture: &str) -> Vec<[String; 4]> {
        let images = self.json["images"].as_array().unwrap().iter();
        let mut images = images.filter(|it| it["platform"]["architecture"] == architecture);
        let findings = images.next().unwrap()["findings"].as_array().unwrap();
        let text = |it: &Value, key: &str| it[key].as_str().unwrap_or("none").to_owned();
        let mut found: Vec<[String; 4]> = findings
            .iter()
            .map(|it| ["id", "package", "layerName", "fate"].map(|key| text(it, key)))
            .collect();
        found.sort();
        found
    }

    pub(super) fn text(&self) -> String {
        self.json.to_string()
    }
}

fn lock(digest: &Digest) -> String {
    let encoder = xtask_image::gzip_v1::ENCODER_ID;
    let wanted = Debian { packages: vec!["hello".into()], without: Vec::new() }.digest();
    let mut lock = format!(
        "encoder = \"{encoder}\"\nsuite = \"bookworm\"\narchive_time = 1700000000\n\
         [wanted]\ndebian = \"{wanted}\"\n"
    );
    for platform in ["linux/amd64", "linux/arm64"] {
        lock.push_str(&format!(
            "[layers.debian.\"{platform}\"]\nhello = {{ version = \"1\", archive = \"debian\", \
             path = \"{POOL}\", digest = \"{digest}\", size = 1 }}\n"
        ));
    }
    lock
}
