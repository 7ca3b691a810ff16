//! What `image attest` says that it did is what it did, and it signs only what it has looked at.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::attest::Signed;
use super::world::Run;
use serde_json::{Value, json};
use xtask::image::stored_image_in;
use xtask::runtime::wait;
use xtask_core::descriptor::media_type;
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository};
use xtask_fakes::registry::{FakeRegistry, Fault, on};
use xtask_image::image::{Index, Manifest};
use xtask_image::layout::Layout;
use xtask_registry::Registry;

/// An image that was pushed to a registry of its own.
struct Pushed {
    signed: Signed,
    fake: FakeRegistry,
    reference: String,
}

impl Pushed {
    fn new() -> Self {
        let (signed, fake) = (Signed::new(), FakeRegistry::start());
        let reference = signed.push(&Registry::new(&fake.host(), None), &fake.host());
        Self { signed, fake, reference }
    }

    fn attest(&self, more: &[&str]) -> Run {
        let to = format!("{}/acme", self.fake.host());
        let args = ["--json", "image", "attest", "hello", "--key", "file:ours.key", "--to", &to];
        self.signed.world.run(&[&args[..], more].concat())
    }

    fn check(&self) -> Run {
        let args = ["image", "verify-attestation", &self.reference, "--key", "ours.pub"];
        self.signed.world.run(&args)
    }

    fn layout(&self) -> Layout {
        Layout::open_or_create(self.signed.world.path("target/images")).unwrap()
    }

    fn index(&self) -> Digest {
        self.layout().resolve("hello").unwrap().unwrap().digest
    }

    fn manifests(&self) -> Vec<Manifest> {
        let layout = self.layout();
        let index = layout.resolve("hello").unwrap().unwrap();
        let index: Index = serde_json::from_slice(&layout.read_blob(&index).unwrap()).unwrap();
        let read = |it| serde_json::from_slice(&layout.read_blob(it).unwrap()).unwrap();
        index.manifests.iter().map(read).collect()
    }

    /// How many manifests were put since the log was cleared.
    fn puts(&self) -> usize {
        let log = self.fake.log();
        log.iter().filter(|it| it.line().starts_with("PUT /v2/acme/hello/manifests/")).count()
    }
}

fn counts(run: &Run) -> (u64, u64) {
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let count = |key: &str| report["images"][0][key].as_u64().unwrap();
    (count("attached"), count("present"))
}

#[test]
fn what_was_attached_what_was_there_and_what_failed_are_counted_apart() {
    let pushed = Pushed::new();
    let refusal = || Fault::refusal(on("PUT", "/manifests/"), 403, "DENIED", "no more", 1);
    pushed.fake.fault(refusal());
    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(6), "some of it is done: {run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["error"], "failed to attach 1 statement");
    assert_eq!(report["causes"][0], "13 attached, 0 there already, 1 failed");
    assert!(run.stderr.contains("no more"), "the registry's own words: {run:?}");
    let report = pushed.check().ends(4);
    assert!(report.contains("nothing that we believe says"), "{report}");

    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(counts(&run), (1, 13));
    let _whole_now = pushed.check().ends(0);
    assert_eq!(counts(&pushed.attest(&[])), (0, 14));
}

#[test]
fn where_nothing_could_be_attached_nothing_is_said_to_be() {
    let pushed = Pushed::new();
    assert_eq!(pushed.signed.attest(&[]), 7, "here");
    pushed.fake.fault(Fault::refusal(on("PUT", "/manifests/"), 403, "DENIED", "no", 99));
    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(5), "{run:?}");
    assert!(run.stderr.contains("failed to attach 7 statements"), "{run:?}");
    assert!(run.stderr.contains("0 attached, 7 there already, 7 failed"), "{run:?}");
}

/// Between our last look at the list and the end of the run, somebody who had read it before us
/// writes it without what we attached.
#[test]
fn what_a_race_about_a_list_took_away_is_attached_again() {
    let pushed = Pushed::new();
    let host = pushed.fake.host();
    let registry = Registry::new(&host, None);
    let repository: Repository = format!("{host}/acme/hello").parse().unwrap();
    let stale = json!({
        "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [],
    });
    let stale = stale.to_string().into_bytes();
    let name = Name::Digest(Digest::of(&stale));
    wait(registry.put_manifest(&repository, &name, media_type::INDEX, &stale)).unwrap();
    // Subjects go by their digests: the list of the first is written over while the last is put.
    let index: Index = {
        let layout = pushed.layout();
        let named = layout.resolve("hello").unwrap().unwrap();
        serde_json::from_slice(&layout.read_blob(&named).unwrap()).unwrap()
    };
    let mut subjects: Vec<Digest> = index.manifests.iter().map(|it| it.digest).collect();
    subjects.push(pushed.index());
    subjects.sort();
    let tag = |digest: &Digest| Registry::referrers_tag(digest).to_string();
    pushed.fake.fault(Fault::MovesTag {
        on: on("PUT", &format!("/manifests/{}", tag(&subjects[2]))),
        repository: "acme/hello".to_owned(),
        tag: tag(&subjects[0]),
        digest: Digest::of(&stale).to_string(),
        times: 1,
    });
    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(counts(&run), (14, 0));
    let _nothing_is_lost = pushed.check().ends(0);
}

#[test]
fn two_runs_at_once_lose_nothing_of_each_other() {
    let pushed = Pushed::new();
    pushed.signed.key("theirs");
    let to = format!("{}/acme", pushed.fake.host());
    let attest = |key: &str| {
        let key = format!("file:{key}.key");
        let args = ["image", "attest", "hello", "--key", &key, "--to", &to];
        pushed.signed.world.run(&args)
    };
    std::thread::scope(|scope| {
        let both = ["ours", "theirs"].map(|key| scope.spawn(move || attest(key)));
        for run in both {
            let run = run.join().unwrap();
            assert_eq!(run.code, Some(0), "{run:?}");
        }
    });
    for key in ["ours.pub", "theirs.pub"] {
        let _here = pushed.signed.check_here(key).ends(0);
    }
}

#[test]
fn bytes_that_are_not_what_the_registry_calls_them_are_not_attested() {
    let pushed = Pushed::new();
    pushed.fake.clear_log();
    pushed.fake.fault(Fault::WrongBytes);
    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(5), "{run:?}");
    assert_eq!(pushed.puts(), 0, "nothing is said of them");
    assert!(!pushed.signed.world.path("target/attestations").exists(), "nor is it here");

    pushed.fake.heal();
    let layer = pushed.manifests()[1].layers[0].digest.to_string();
    pushed.fake.remove_blob("acme/hello", &layer);
    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stderr.contains(&format!("layer `{layer}` is not there")), "{run:?}");
    assert_eq!(pushed.puts(), 0);
}

#[test]
fn a_damaged_blob_of_the_layout_is_found_before_it_is_attested() {
    let signed = Signed::new();
    let layout = Layout::open_or_create(signed.world.path("target/images")).unwrap();
    let image = stored_image_in(layout.clone(), "hello").unwrap();
    image.check().unwrap();
    let layer = layout.blob_path(&image.platforms[0].layers[0].descriptor.digest);
    let mut bytes = std::fs::read(&layer).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&layer, bytes).unwrap();
    let message = image.check().unwrap_err().to_string();
    assert!(message.contains("cannot use image `hello`: it is damaged"), "{message}");
    assert!(message.contains("cargo xtask image build hello"), "{message}");
}

#[test]
fn an_image_for_one_platform_is_attested_as_such() {
    let (signed, fake) = (Signed::new(), FakeRegistry::start());
    let one = ["--platform", "linux/amd64"];
    let build = signed.world.run(&[&["image", "build", "hello"][..], &one].concat());
    assert_eq!(build.code, Some(0), "{build:?}");
    let reference = signed.push(&Registry::new(&fake.host(), None), &fake.host());
    let pushed = Pushed { signed, fake, reference };
    let run = pushed.attest(&[]);
    assert_eq!(run.code, Some(4), "both were not pushed: {run:?}");
    let run = pushed.attest(&one);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(counts(&run), (8, 0), "of the index one, of the manifest three; here and there");
    let _believed = pushed.check().ends(0);
}
