//! The gate before a rollout to a server: one signed verdict, and what is none.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::town::{Backend, Town};
use crate::postgres::server::Cluster;
use serde_json::json;
use std::collections::BTreeMap;
use xtask::attest::{AttestationStore, SigningKey, bundle};
use xtask::edge::clock;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::reference::Name;
use xtask_core::secret::Secret;
use xtask_core::ship::release::Policy;
use xtask_core::trust::attestation::summary::{self, Finding, Resource, Summary, VerifiedBy};
use xtask_core::trust::attestation::{Statement, Subject, Verifier as _};
use xtask_fakes::required;

/// A town whose repository names the keys that are believed.
struct Gate<'a> {
    town: Town<'a>,
    ours: SigningKey,
    store: AttestationStore,
}

pub(super) fn key(town: &Town<'_>, name: &str) -> SigningKey {
    let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
    let words = ["image", "keygen", "--plain", "--private", &private, "--public", &public];
    town.world.run(&words).ends(0);
    let text = std::fs::read_to_string(town.world.path(&private)).unwrap();
    SigningKey::parse(name, &Secret::new(text)).unwrap()
}

impl<'a> Gate<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let mut town = Town::new(cluster, "ci");
        town.release("r1", Backend::Good);
        town.release("r2", Backend::Good);
        town.apply();
        let ours = key(&town, "ours");
        let store = AttestationStore::of_repository(&town.home().join("releases").unwrap());
        let gate = Self { ours, store: store.unwrap(), town };
        gate.configure("");
        gate
    }

    /// Names the key, and says `more` of production.
    fn configure(&self, more: &str) {
        let file = self.town.world.path("deploy.toml");
        let text = std::fs::read_to_string(file).unwrap();
        let text = text.split("\n[signing]\n").next().unwrap();
        let (before, after) = text.split_once("[environments.production]\n").unwrap();
        let target = &after[after.find("target = ").unwrap()..];
        let signing = "\n[signing]\npublic_keys = [\"ours.pub\"]\n";
        let production = format!("{before}[environments.production]\n{more}{target}{signing}");
        self.town.world.write("deploy.toml", &production);
    }

    fn artifact(&self, version: &str) -> Descriptor {
        self.store.resolve(&Name::Tag(version.parse().unwrap())).unwrap().unwrap()
    }

    /// A verdict that would let `version` in.
    fn verdict(&self, version: &str) -> (Statement, Descriptor) {
        let artifact = self.artifact(version);
        let policy = Policy {
            environment: "production".to_owned(),
            builders: 1,
            keys: [self.ours.public().key_id().to_owned()].into(),
        };
        let summary = Summary {
            verifier: VerifiedBy { id: "test".to_owned(), version: BTreeMap::new() },
            time_verified: clock::now(),
            resource_uri: version.to_owned(),
            policy: Resource::new(Policy::URI, &policy.digest()),
            input_attestations: Vec::new(),
            verification_result: Finding::Passed,
            verified_levels: Summary::levels(Finding::Passed, 1),
            slsa_version: Summary::slsa_version(),
        };
        let subjects = vec![Subject::new(version, &artifact.digest)];
        (Statement::new(subjects, summary::PREDICATE_TYPE, json!(summary)), artifact)
    }

    /// Attaches a verdict on `version` after `change`, signed with `key`.
    fn say(&self, version: &str, key: &SigningKey, change: impl FnOnce(&mut Statement)) {
        let (mut statement, artifact) = self.verdict(version);
        change(&mut statement);
        let bytes = bundle(&statement, key).unwrap();
        self.store.attach(&artifact, &bytes, summary::PREDICATE_TYPE).unwrap();
    }

    /// The rollout as it would be; 3 is a plan.
    fn shown(&self, version: &str) -> (Option<i32>, String) {
        let run = self.town.world.run(&["rollout", "production", version, "--dry-run"]);
        (run.code, run.stderr)
    }

    fn refused(&self, version: &str, why: &str) {
        let (code, said) = self.shown(version);
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains(why), "{why}: {said}");
        let hint = format!("hint: cargo xtask release verify production {version}");
        assert!(said.contains(&hint) && said.contains("code: E-release-unverified"), "{said}");
    }
}

fn at(moment: &str) -> impl FnOnce(&mut Statement) + '_ {
    move |it| it.predicate["timeVerified"] = json!(moment)
}

#[test]
fn only_a_verdict_that_counts_lets_a_release_in() {
    let cluster = required!(Cluster::new());
    let gate = Gate::new(&cluster);
    gate.refused("r1", "no key of the policy says that it was verified");
    let stranger = key(&gate.town, "stranger");
    gate.say("r1", &stranger, |_| {});
    gate.refused("r1", "it is signed by another key: wanted `ours.pub`");
    gate.say("r1", &gate.ours, |it| it.subjects = vec![Subject::new("r1", &Digest::of(b"x"))]);
    gate.refused("r1", "it is about another subject");
    gate.say("r1", &gate.ours, |it| {
        it.predicate["policy"] = json!(Resource::new("", &Digest::of(b"staging")));
    });
    gate.refused("r1", "it was verified under another policy");
    gate.say("r1", &gate.ours, at("2026-01-01T00:00:00Z"));
    gate.refused("r1", "wanted less than 168");
    let (statement, artifact) = gate.verdict("r1");
    let bytes = bundle(&statement, &gate.ours).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let changed = text.replacen("\"payload\":\"e", "\"payload\":\"f", 1);
    assert_ne!(text, changed);
    gate.store.attach(&artifact, changed.as_bytes(), summary::PREDICATE_TYPE).unwrap();
    gate.refused("r1", "its signature is not that of key `ours.pub` over its payload");

    gate.say("r1", &gate.ours, |_| {});
    let (code, said) = gate.shown("r1");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("was verified at") && said.contains("as `ours.pub` says"), "{said}");
    // What is said of one release lets no other in.
    gate.refused("r2", "no key of the policy says that it was verified");
    gate.say("r1", &gate.ours, |it| {
        it.predicate["verificationResult"] = json!("FAILED");
        it.predicate["timeVerified"] = json!(clock::now());
    });
    gate.refused("r1", "it was found not to be what is asked");
    gate.say("r1", &gate.ours, at("9000-01-01T00:00:00Z"));
    gate.refused("r1", "which is not in the past");
}

#[test]
fn what_is_optional_or_a_way_back_is_warned_of_and_no_keys_are_told() {
    let cluster = required!(Cluster::new());
    let gate = Gate::new(&cluster);
    gate.configure("verdict = \"optional\"\n");
    let (code, said) = gate.shown("r1");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("warning: release `r1`: no key of the policy"), "{said}");
    gate.town.rollout("r1").ends(0);

    gate.configure("");
    // Back to what was verified here, whatever is said of it now; not to what never was.
    gate.say("r2", &gate.ours, |_| {});
    gate.town.rollout("r2").ends(0);
    let back = gate.town.world.run(&["rollback", "production", "r1", "--dry-run"]);
    assert!(back.stderr.contains("warning: release `r1`: no key of the policy"), "{back:?}");
    back.ends(3);

    let text = std::fs::read_to_string(gate.town.world.path("deploy.toml")).unwrap();
    gate.town.world.write("deploy.toml", text.split("\n[signing]\n").next().unwrap());
    let (code, said) = gate.shown("r1");
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("warning: nobody is asked who built and verified release `r1`"),
        "{said}"
    );
}

#[test]
fn a_release_that_never_served_there_is_no_way_back() {
    let cluster = required!(Cluster::new());
    let gate = Gate::new(&cluster);
    let words = ["rollback", "production", "r1", "--dry-run"];
    let said = gate.town.world.run(&words).ends(4);
    assert!(said.contains("is not verified for `production`"), "{said}");
}

#[test]
fn a_rollout_is_stated_about_its_release_where_there_is_a_key() {
    let cluster = required!(Cluster::new());
    let gate = Gate::new(&cluster);
    gate.say("r1", &gate.ours, |_| {});
    let text = std::fs::read_to_string(gate.town.world.path("deploy.toml")).unwrap();
    let with_key = text.replace("\n[signing]\n", "\n[signing]\nkey = \"file:ours.key\"\n");
    gate.town.world.write("deploy.toml", &with_key);
    gate.town.rollout("r1").ends(0);
    let reference = format!("{}:r1", gate.town.home().join("releases").unwrap());
    let words = ["--json", "attestation", "verify", &reference, "--kind", "rollout"];
    let run = gate.town.world.run(&words);
    assert_eq!(run.code, Some(0), "{run:?}");
    let said: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let predicate = &said["believed"][0]["predicate"];
    assert_eq!(
        (&predicate["environment"], &predicate["record"]["to"]),
        (&json!("production"), &json!("r1"))
    );
    assert_eq!(predicate["record"]["outcome"]["kind"], "done");
    // A key that is not at hand is told, and the rollout is what it was.
    std::fs::remove_file(gate.town.world.path("ours.key")).unwrap();
    gate.say("r2", &gate.ours, |_| {});
    let said = gate.town.rollout("r2").ends(0);
    assert!(said.contains("warning: the record is not signed"), "{said}");
}
