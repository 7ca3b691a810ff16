//! What is said about images: signed, attached, found again, and refused when it was touched.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::image::{POOL, deb, definition_of, world as image_world};
use super::modules;
use super::world::World;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use xtask::runtime::wait;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::docker_registry::{DockerRegistry, Lock};
use xtask_fakes::registry::{FakeRegistry, Fault};
use xtask_fakes::required;
use xtask_image::image::{Index, Manifest};
use xtask_image::layout::Layout;
use xtask_registry::{Blobs, Push, Registry};

pub(crate) const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A committed repository with one image, its mirror, and a key.
pub(crate) struct Signed {
    pub(crate) world: World,
    _mirror: FakeArchive,
}

impl Signed {
    pub(crate) fn new() -> Self {
        let mirror = FakeArchive::start();
        let bytes = deb("hello", None);
        mirror.put(&format!("/debian/{POOL}"), &bytes);
        let world = image_world(&mirror, &Digest::of(&bytes))
            .with("XTASK_KEY_PASSPHRASE", "correct horse".to_owned());
        world.write(".gitignore", "/target\n/*.key\n/*.pub\n");
        world.init();
        world.commit();
        let signed = Self { world, _mirror: mirror };
        signed.key("ours");
        signed.build();
        signed
    }

    pub(crate) fn key(&self, name: &str) {
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        let made = self.world.run(&["image", "keygen", "--private", &private, "--public", &public]);
        let _said = made.ends(0);
    }

    pub(crate) fn build(&self) -> Value {
        let run = self.world.run(&["--json", "image", "build", "hello"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let built: Value = serde_json::from_str(&run.stdout).unwrap();
        built["images"][0]["index"]["digest"].clone()
    }

    /// Attests, and tells how much was attached.
    pub(crate) fn attest(&self, more: &[&str]) -> u64 {
        let args =
            [&["--json", "image", "attest", "hello", "--key", "file:ours.key"], more].concat();
        let run = self.world.run(&args);
        assert_eq!(run.code, Some(0), "{run:?}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        report["images"][0]["attached"].as_u64().unwrap()
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::open_or_create(self.world.path("target/attestations")).unwrap()
    }

    pub(crate) fn check_here(&self, key: &str) -> super::world::Run {
        let layout = self.world.path("target/attestations").display().to_string();
        self.world.run(&["image", "verify-attestation", "hello", "--layout", &layout, "--key", key])
    }

    fn commit(&self) -> String {
        let mut git = Command::new("git");
        let output = git.args(["rev-parse", "HEAD"]).current_dir(self.world.path("")).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    }

    /// Every blob of the attestations that parses as a bundle.
    fn bundles(&self) -> Vec<(PathBuf, Value)> {
        let blobs = self.world.path("target/attestations/blobs/sha256");
        let entries = std::fs::read_dir(blobs).unwrap().map(|entry| entry.unwrap().path());
        let parsed = entries.filter_map(|path| {
            let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).ok()?;
            value.get("dsseEnvelope").is_some().then_some((path, value))
        });
        parsed.collect()
    }

    /// Pushes the image, as a release does.
    pub(crate) fn push(&self, registry: &Registry, host: &str) -> String {
        let layout = Layout::open_or_create(self.world.path("target/images")).unwrap();
        let root = layout.resolve("hello").unwrap().unwrap();
        let root = Descriptor::new(&root.media_type, root.digest, root.size);
        let index: Index = serde_json::from_slice(&layout.read_blob(&root).unwrap()).unwrap();
        let (mut manifests, mut blobs) = (Vec::new(), BTreeMap::new());
        for child in &index.manifests {
            let bytes = layout.read_blob(child).unwrap();
            let manifest: Manifest = serde_json::from_slice(&bytes).unwrap();
            let named = manifest.layers.into_iter().chain([manifest.config]);
            blobs.extend(named.map(|blob| (blob.digest, blob)));
            manifests.push((child.clone(), bytes));
        }
        manifests.push((root.clone(), layout.read_blob(&root).unwrap()));
        let push = Push {
            root: root.clone(),
            manifests,
            blobs: blobs.into_values().collect(),
            tags: vec!["1".parse().unwrap()],
            mount_from: std::collections::BTreeMap::new(),
        };
        let repository = format!("{host}/acme/hello").parse().unwrap();
        wait(registry.push_image(&repository, &push, &FromLayout(layout), |_| {})).unwrap();
        format!("{repository}:1")
    }

    fn attested_and_checked_at(&self, registry: &Registry, host: &str) {
        let reference = self.push(registry, host);
        let to = format!("{host}/acme");
        let check = |key: &str| {
            self.world.run(&["--json", "image", "verify-attestation", &reference, "--key", key])
        };
        let output = check("ours.pub").ends(4);
        assert!(output.contains("no bundle is attached"), "{output}");
        assert_eq!(self.attest(&["--to", &to]), 14, "here and there");
        assert_eq!(self.attest(&["--to", &to]), 0, "twice is once");
        let run = check("ours.pub");
        assert_eq!(run.code, Some(0), "{run:?}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["believed"].as_array().unwrap().len(), 7);
        self.key("theirs");
        let output = check("theirs.pub").ends(4);
        assert!(output.contains("signed by another key: wanted `theirs.pub`"), "{output}");
    }
}

struct FromLayout(Layout);

impl Blobs for FromLayout {
    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.0.open_blob(digest).map_err(std::io::Error::other)?))
    }
}

#[test]
fn what_is_attested_is_believed_without_a_network_and_the_image_stays_what_it_is() {
    let signed = Signed::new();
    let before = signed.build();
    assert_eq!(signed.attest(&[]), 7);
    assert_eq!(signed.attest(&[]), 0, "twice is once");
    assert_eq!(signed.build(), before, "nothing of it is in the image");

    let run = signed.check_here("ours.pub");
    assert_eq!(run.code, Some(0), "{run:?}");
    let head = signed.commit();
    assert!(run.stdout.contains(&head) && run.stdout.contains("/builders/local"), "{run:?}");
    for kind in [PROVENANCE, "https://spdx.dev/Document", "https://cyclonedx.org/bom"] {
        assert!(run.stdout.contains(kind), "{kind}");
    }
}

#[test]
fn a_registry_without_lists_keeps_them_under_a_tag() {
    let (signed, fake) = (Signed::new(), FakeRegistry::start());
    signed.attested_and_checked_at(&Registry::new(&fake.host(), None), &fake.host());
    let digest = signed.build();
    let tag = digest.as_str().unwrap().replace(':', "-");
    assert!(fake.tag("acme/hello", &tag).is_some());
}

#[test]
fn a_registry_with_lists_keeps_them_itself() {
    let (signed, fake) = (Signed::new(), FakeRegistry::start());
    fake.fault(Fault::KeepsReferrers);
    fake.fault(Fault::PageOf(2));
    signed.attested_and_checked_at(&Registry::new(&fake.host(), None), &fake.host());
}

#[test]
fn dockers_registry_keeps_what_is_said_about_an_image() {
    let real = required!(DockerRegistry::start(Lock::Open));
    Signed::new().attested_and_checked_at(&Registry::new(&real.host, None), &real.host);
}

#[test]
fn what_was_not_pushed_cannot_be_attested_there() {
    let (signed, fake) = (Signed::new(), FakeRegistry::start());
    let to = format!("{}/acme", fake.host());
    let args = ["image", "attest", "hello", "--key", "file:ours.key", "--to", &to];
    let output = signed.world.run(&args).ends(4);
    assert!(output.contains("index `sha256:") && output.contains("` is not there"), "{output}");
}

/// Puts `changed` in the place of every bundle about the index, under its own digest.
pub(crate) fn replace(signed: &Signed, change: impl Fn(&mut Value)) {
    let layout = signed.layout();
    let index = layout.resolve("hello").unwrap().unwrap();
    let tag = Registry::referrers_tag(&index.digest);
    let list = layout.resolve(tag.as_str()).unwrap().unwrap();
    let mut list: Value = serde_json::from_slice(&layout.read_blob(&list).unwrap()).unwrap();
    for entry in list["manifests"].as_array_mut().unwrap() {
        let known: Descriptor = serde_json::from_value(entry.clone()).unwrap();
        let mut manifest: Manifest =
            serde_json::from_slice(&layout.read_blob(&known).unwrap()).unwrap();
        let bytes = layout.read_blob(&manifest.layers[0]).unwrap();
        let mut bundle: Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut bundle);
        let kind = manifest.layers[0].media_type.clone();
        manifest.layers[0] = layout.write_blob(&kind, bundle.to_string().as_bytes()).unwrap();
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let own = layout.write_blob(&known.media_type, &bytes).unwrap();
        entry["digest"] = own.digest.to_string().into();
        entry["size"] = own.size.into();
    }
    let kind = list["mediaType"].as_str().unwrap().to_owned();
    let list = layout.write_blob(&kind, list.to_string().as_bytes()).unwrap();
    layout.set_name(tag.as_str(), &list).unwrap();
}

#[test]
fn every_tampering_is_refused_with_what_is_wrong() {
    let signed = Signed::new();
    signed.attest(&[]);
    let refused = |why: &str| {
        let output = signed.check_here("ours.pub").ends(4);
        assert!(output.contains("cannot trust `hello`") && output.contains(why), "{why}: {output}");
        assert!(
            output.contains(&format!("nothing that we believe says `{PROVENANCE}`")),
            "{output}"
        );
    };
    let boms = signed.bundles().into_iter().map(|(_, bundle)| bundle);
    let bom = boms.clone().find(|it| !is_provenance(it)).unwrap();
    let provenance = boms.clone().find(is_provenance).unwrap();

    replace(&signed, |it| it["dsseEnvelope"]["signatures"] = serde_json::json!([]));
    refused("it is not signed");
    let payload = bom["dsseEnvelope"]["payload"].clone();
    replace(&signed, |it| *it = provenance.clone());
    let _good_again = signed.check_here("ours.pub").ends(0);
    replace(&signed, |it| it["dsseEnvelope"]["payload"] = payload.clone());
    refused("its signature is not that of key `ours.pub` over its payload");
    replace(&signed, |it| *it = bom.clone());
    refused("it is about another subject: wanted `sha256:");
    replace(&signed, |it| *it = serde_json::json!({ "mediaType": "text/plain" }));
    refused("it is no bundle");

    let index = signed.layout().resolve("hello").unwrap().unwrap();
    signed.layout().remove_name(Registry::referrers_tag(&index.digest).as_str()).unwrap();
    refused("no bundle is attached");
    signed.attest(&[]);
    let _good_again = signed.check_here("ours.pub").ends(0);

    signed.key("theirs");
    let output = signed.check_here("theirs.pub").ends(4);
    assert!(output.contains("it is signed by another key: wanted `theirs.pub`"), "{output}");
    for (path, _) in signed.bundles() {
        std::fs::write(&path, b"cut").unwrap();
    }
    let output = signed.check_here("ours.pub").ends(5);
    assert!(output.contains("is corrupt"), "{output}");
}

fn is_provenance(bundle: &Value) -> bool {
    use xtask_core::trust::attestation::{Bundle, Statement};
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let payload = bundle.dsse_envelope.payload().unwrap();
    Statement::parse(&payload).unwrap().predicate_type == PROVENANCE
}

#[test]
fn a_key_is_private_encrypted_and_never_made_over_another() {
    use std::os::unix::fs::PermissionsExt as _;
    let signed = Signed::new();
    let private = signed.world.path("ours.key");
    let mode = std::fs::metadata(&private).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&private).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"), "{text}");
    let again = ["image", "keygen", "--private", "ours.key", "--public", "b.pub"];
    let output = signed.world.run(&again).ends(4);
    assert!(output.contains("`ours.key` is there already"), "{output}");

    let other =
        Signed { world: signed.world.with("XTASK_KEY_PASSPHRASE", "battery".into()), ..signed };
    let output = other.world.run(&["image", "attest", "hello", "--key", "file:ours.key"]).ends(4);
    assert!(output.contains("another passphrase encrypted it"), "{output}");
    let output = other.world.run(&["image", "attest", "hello"]).ends(4);
    assert!(
        output.contains("there is no key to sign with") && output.contains("keygen"),
        "{output}"
    );
    let output = other.world.run(&["image", "verify-attestation", "x.io/a/b:1"]).ends(2);
    assert!(output.contains("there is no public key to believe"), "{output}");
}

#[test]
fn an_sbom_lists_what_the_layers_hold_and_is_the_same_each_time() {
    let signed = Signed::new();
    let sbom = |format: &str| {
        let args = ["image", "sbom", "hello", "--format", format, "--platform", "linux/arm64"];
        let run = signed.world.run(&args);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(signed.world.run(&args).stdout, run.stdout);
        serde_json::from_str::<Value>(&run.stdout).unwrap()
    };
    let names = |list: &Value| -> Vec<String> {
        let names = list.as_array().unwrap().iter();
        names.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&sbom("cyclonedx")["components"]), ["hello"]);
    assert_eq!(names(&sbom("spdx")["packages"]), ["hello", "hello"], "the image and its package");

    let lock = std::fs::read_to_string(signed.world.path("images/hello.lock")).unwrap();
    signed.world.write("images/hello.lock", &lock.replace("version = \"1\"", "version = \"2\""));
    let output = signed.world.run(&["image", "sbom", "hello"]).ends(4);
    assert!(output.contains("does not hold `hello` 2, which its lock names"), "{output}");
}

#[test]
fn an_image_with_a_split_layer_is_listed_as_one_and_attested() {
    let signed = Signed::new();
    let definition = definition_of(&["hello"]);
    let layered = definition.replace("[config]", &format!("{}\n[config]", modules::LAYER));
    signed.world.write("images/hello.toml", &layered);
    modules::write(&signed.world);
    signed.build();
    let shown = signed.world.run(&["image", "inspect", "hello"]).stdout;
    assert!(shown.contains(" modules-native ") && shown.contains(" modules "), "{shown}");

    for (platform, cpu) in [("linux/amd64", "x64"), ("linux/arm64", "arm64")] {
        let format = ["--format", "cyclonedx", "--platform", platform];
        let run = signed.world.run(&[&["image", "sbom", "hello"][..], &format].concat());
        let sbom: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let one = |it: &Value| (text(&it["name"]), text(&it["properties"][0]["value"]));
        let mut listed: Vec<(String, String)> =
            sbom["components"].as_array().unwrap().iter().map(one).collect();
        listed.sort();
        listed.dedup();
        let own = format!("node-linux-{cpu}");
        let wanted = [
            ("hello", "base"),
            ("node", "modules"),
            (own.as_str(), "modules"),
            ("planted-npm", "modules"),
        ];
        assert_eq!(listed, wanted.map(|(name, layer)| (name.to_owned(), layer.to_owned())));
    }
    assert_eq!(signed.attest(&[]), 7);
    let run = signed.check_here("ours.pub");
    assert_eq!(run.code, Some(0), "{run:?}");
}
