//! Whom and what `image verify-attestation` believes: the image by its name, the key by itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::attest::{PROVENANCE, Signed, replace};
use serde_json::{Value, json};
use xtask::attest::{AttestationStore, Claim, SigningKey, attest};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::secret::Secret;
use xtask_core::trust::attestation::{Bundle, Statement, Subject};

/// Everything said is true and signed by us, and it is another image than the one asked for.
#[test]
fn an_image_of_ours_in_the_place_of_another_is_refused_with_both_names() {
    let signed = Signed::new();
    signed.attest(&[]);
    let layout = signed.layout();
    let hello = layout.resolve("hello").unwrap().unwrap();
    layout.set_name("backend", &hello).unwrap();
    let folder = layout.dir().display().to_string();
    let check = |words: &[&str]| {
        let args = ["image", "verify-attestation", "--layout", &folder, "--key", "ours.pub"];
        signed.world.run(&[&args[..], words].concat())
    };
    let output = check(&["backend"]).ends(4);
    assert!(output.contains("cannot trust `backend` as image `backend`"), "{output}");
    let names = "about an image of another name: wanted `backend`, found `hello`";
    assert!(output.contains(names), "{output}");
    let _as_it_is_called = check(&["backend", "--image", "hello"]).ends(0);

    let digest = hello.digest.to_string();
    let output = check(&[&digest]).ends(2);
    assert!(output.contains("a digest does not say which image it should be"), "{output}");
    let _by_digest = check(&[&digest, "--image", "hello"]).ends(0);
    let output = check(&[&digest, "--image", "ml-service"]).ends(4);
    assert!(output.contains("wanted `ml-service`, found `hello`"), "{output}");
}

#[test]
fn a_signature_names_its_key_and_one_without_a_name_is_believed_all_the_same() {
    let signed = Signed::new();
    signed.attest(&[]);
    let ids = std::cell::RefCell::new(Vec::new());
    replace(&signed, |bundle| {
        let signature = &mut bundle["dsseEnvelope"]["signatures"][0];
        ids.borrow_mut().push(signature["keyid"].as_str().unwrap().to_owned());
        signature["keyid"] = json!("");
    });
    let ids = ids.into_inner();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.starts_with("SHA256:") && id.len() == 50));
    let _as_they_were_made_before = signed.check_here("ours.pub").ends(0);
    assert_eq!(signed.attest(&[]), 0, "nor is it said again");
}

#[test]
fn a_signature_of_somebody_else_beside_ours_changes_nothing() {
    let signed = Signed::new();
    signed.attest(&[]);
    let with = |first: Value| {
        replace(&signed, |bundle| {
            let signatures = bundle["dsseEnvelope"]["signatures"].as_array_mut().unwrap();
            signatures.insert(0, first.clone());
        });
    };
    with(json!({ "keyid": "theirs", "sig": "AAAA" }));
    let _theirs_is_passed_over = signed.check_here("ours.pub").ends(0);
    with(json!({ "keyid": "theirs", "sig": "*" }));
    let _a_broken_one_too = signed.check_here("ours.pub").ends(0);
}

#[test]
fn a_key_that_was_taken_away_is_believed_no_more() {
    let signed = Signed::new();
    signed.key("old");
    let old = ["image", "attest", "hello", "--key", "file:old.key"];
    assert_eq!(signed.world.run(&old).code, Some(0));
    let _while_it_is_known = signed.check_here("old.pub").ends(0);
    let output = signed.check_here("ours.pub").ends(4);
    assert!(output.contains("it is signed by another key: wanted `ours.pub`"), "{output}");
    assert_eq!(signed.attest(&[]), 7, "what the old key said is not said by the new one");
    let _signed_anew = signed.check_here("ours.pub").ends(0);
}

/// Signs by hand, as whoever holds the key may.
fn say(signed: &Signed, subject: &Descriptor, kind: &str, predicate: Value) {
    let text = Secret::new(std::fs::read_to_string(signed.world.path("plain.key")).unwrap());
    let key = SigningKey::parse("plain", &text).unwrap();
    let subjects = vec![Subject::new("hello", &subject.digest)];
    let statement = Statement::new(subjects, kind, predicate);
    let claim = Claim { subjects: vec![subject.clone()], statement };
    let tally = attest(&AttestationStore::Layout(signed.layout()), "hello", &[claim], &key);
    assert_eq!((tally.attached, tally.failed), (1, 0));
}

/// A world whose image is attested by a key without a passphrase, and what is said of its making.
fn plainly_signed() -> (Signed, Value) {
    let signed = Signed::new();
    let key = ["image", "keygen", "--plain", "--private", "plain.key", "--public", "plain.pub"];
    assert_eq!(signed.world.run(&key).code, Some(0));
    let attest = ["image", "attest", "hello", "--key", "file:plain.key"];
    assert_eq!(signed.world.run(&attest).code, Some(0));
    let made = std::cell::RefCell::new(Value::Null);
    replace(&signed, |bundle| {
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        let payload = bundle.dsse_envelope.payload().unwrap();
        *made.borrow_mut() = Statement::parse(&payload).unwrap().predicate;
    });
    let made = made.into_inner();
    (signed, made)
}

/// Puts an index with one more entry in the place of the image's.
fn with_entry(signed: &Signed, platform: &Value) -> Descriptor {
    let layout = signed.layout();
    let named = layout.resolve("hello").unwrap().unwrap();
    let mut index: Value = serde_json::from_slice(&layout.read_blob(&named).unwrap()).unwrap();
    let entry = json!({
        "mediaType": media_type::MANIFEST, "digest": Digest::of(b"other"), "size": 5,
        "platform": platform,
    });
    index["manifests"].as_array_mut().unwrap().push(entry);
    let bytes = index.to_string().into_bytes();
    let changed = layout.write_blob(media_type::INDEX, &bytes).unwrap();
    layout.set_name("hello", &changed).unwrap();
    changed
}

#[test]
fn an_attestation_of_buildx_is_skipped_and_said_but_another_platform_has_to_be_signed() {
    let (signed, made) = plainly_signed();
    let own = signed.layout().resolve("hello").unwrap().unwrap();
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let index = with_entry(&signed, &unknown);
    let output = signed.check_here("plain.pub").ends(4);
    assert!(output.contains("about index"), "its bytes are others: {output}");
    say(&signed, &index, PROVENANCE, made.clone());
    let run = signed.check_here("plain.pub");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("skipped `unknown/unknown`"), "{run:?}");

    signed.layout().set_name("hello", &own).unwrap();
    let arm = json!({ "os": "linux", "architecture": "arm", "variant": "v7" });
    let index = with_entry(&signed, &arm);
    say(&signed, &index, PROVENANCE, made);
    let output = signed.check_here("plain.pub").ends(4);
    let digest = Digest::of(b"other");
    assert!(
        output.contains(&format!("about manifest `{digest}`; no bundle is attached")),
        "{output}"
    );
}

#[test]
fn a_statement_of_the_wrong_type_does_not_count() {
    let (signed, _) = plainly_signed();
    let own = signed.layout().resolve("hello").unwrap().unwrap();
    let lists = |kind: &str| format!("nothing that we believe says `{kind}`");
    // A new index, so that nothing is said of it yet but this.
    let index = with_entry(&signed, &json!({ "os": "unknown", "architecture": "unknown" }));
    assert_ne!(index.digest, own.digest);
    say(&signed, &index, "https://spdx.dev/Document", json!({ "bomFormat": "CycloneDX" }));
    say(&signed, &index, PROVENANCE, json!({ "buildDefinition": { "buildType": "https://x/y" } }));
    let output = signed.check_here("plain.pub").ends(4);
    assert!(output.contains(&lists(PROVENANCE)), "{output}");
    assert!(output.contains("its `buildType` does not fit its type"), "{output}");
    assert!(output.contains("its `spdxVersion` does not fit its type"), "{output}");
}

#[test]
fn what_is_no_bundle_or_no_key_is_said_at_once_however_large_it_is() {
    let (signed, _) = plainly_signed();
    let verify = |words: &[&str]| signed.world.run(&[&["attestation", "verify"], words].concat());
    let said = verify(&["/dev/zero", "--key", "plain.pub"]).ends(2);
    assert!(said.contains("cannot read `/dev/zero`: it is larger than 67108864 bytes"), "{said}");
    let said = verify(&["/dev/null", "--key", "lost.pub"]).ends(2);
    assert!(said.contains("cannot use key `lost.pub`: there is no such file"), "{said}");
    assert!(said.contains("image keygen"), "{said}");
    let said = verify(&["/dev/null", "--key", "plain.pub"]).ends(4);
    assert!(said.contains("it is no bundle with an envelope"), "{said}");
}
