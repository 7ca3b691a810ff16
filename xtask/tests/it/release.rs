//! Releases: made of what was pushed, listed from anywhere, proved, and the verdict signed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use serde_json::Value;
use shop::Shop;
use std::collections::BTreeMap;
use std::process::Command;
use xtask::runtime;
use xtask_core::reference::Repository;
use xtask_core::ship::release::{ARTIFACT_TYPE, Policy, RELEASES_REPOSITORY, tag_of};
use xtask_fakes::docker_registry::{DockerRegistry, Lock};
use xtask_fakes::registry::{FakeRegistry, Fault, on};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;
use xtask_registry::Registry;

#[test]
fn what_was_pushed_becomes_a_release_that_is_listed_and_shown_without_a_database() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    let said = shop.create().ends(4);
    assert!(said.contains("an image is missing") && said.contains("E-image-not-pushed"), "{said}");
    assert!(said.contains(&format!("hint: cargo xtask image push --to {}", shop.home())), "{said}");
    shop.push();
    let version = shop.version();
    let made = shop.json(&["release", "create", "production"]);
    assert_eq!(
        (made["version"].as_str(), made["commit"].as_str()),
        (Some(&*version), Some(&*shop.head()))
    );
    assert_eq!(made["sboms"]["hello"].as_array().unwrap().len(), 4, "two lists for two platforms");
    assert_eq!(made["migrations"][0]["name"], "20260101000000_one");
    let again = shop.json(&["release", "create", "production"]);
    assert_eq!(again, made, "it never changes");

    let list = shop.json(&["release", "list", "production"]);
    assert_eq!(
        list["releases"].as_array().unwrap().len(),
        1,
        "lists of referrers are none: {list}"
    );
    let shown = shop.json(&["release", "show", "production", &version]);
    assert_eq!(shown["digest"], made["digest"]);
    assert_eq!(shown["statements"][0]["key"], "ours.pub");
    let table = shop.world.run(&["release", "show", "production", &version]);
    assert!(table.stdout.contains("for linux/amd64, linux/arm64"), "{table:?}");
    table.ends(0);

    let near = format!("{}0000", &version[..8]);
    let said = shop.world.run(&["release", "show", "production", &near]).ends(2);
    let wanted = format!("unknown release `{near}`; nearest: `{version}`");
    assert!(said.contains(&wanted) && said.contains("E-release-unknown"), "{said}");
    assert!(said.contains("cargo xtask release list ENVIRONMENT"), "{said}");
}

/// Signatures in cosign's older manner lie under tags of their own, and people tag by hand.
#[test]
fn what_others_put_beside_releases_is_passed_over_and_never_rolled_out() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    shop.push();
    let version = shop.version();
    let made = shop.json(&["release", "create", "production"]);
    let releases: Repository = format!("{}/{RELEASES_REPOSITORY}", shop.home()).parse().unwrap();
    let registry = runtime::wait(Registry::of(&releases)).unwrap();
    let put = |kind: &str, bytes: &[u8], tag: &str| {
        let (tags, nothing) = ([tag_of(tag).unwrap()], BTreeMap::new());
        let pushed = registry.push_artifact(&releases, kind, kind, bytes, &tags, &nothing);
        runtime::wait(pushed).unwrap();
    };
    put("application/vnd.dev.cosign.artifact.sig.v1+json", b"{}", "sha256-aa.sig");
    put(ARTIFACT_TYPE, &serde_json::to_vec(&made).unwrap(), "newest");
    let list = shop.json(&["release", "list", "production"]);
    assert_eq!(list["releases"].as_array().unwrap().len(), 1, "{list}");
    let said = shop.world.run(&["release", "show", "production", "newest"]).ends(5);
    assert!(said.contains(&format!("it is release `{version}`")), "{said}");
    let said = shop.world.run(&["release", "show", "production", "sha256-aa.sig"]).ends(5);
    assert!(said.contains("it is no release of ours"), "{said}");
    let said = shop.world.run(&["release", "show", "production", "unknown"]).ends(2);
    assert!(said.contains("E-release-unknown"), "{said}");
}

#[test]
fn only_what_this_tree_makes_for_the_platforms_that_are_wanted_is_released() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    shop.world.write("notes.txt", "not committed\n");
    let said = shop.create().ends(4);
    assert!(said.contains("cannot release for `production`: there is uncommitted work"), "{said}");
    let said = shop.world.run(&["release", "create", "production", "--allow-dirty"]).ends(4);
    assert!(said.contains("E-image-not-pushed"), "{said}");
    shop.commit();
    let (home, amd64) = (shop.home(), "linux/amd64");
    shop.world.run(&["image", "push", "--to", &home, "--platform", amd64]).ends(0);
    let create = ["release", "create", "production", "--platform", "linux/arm64"];
    let said = shop.world.run(&create).ends(4);
    assert!(
        said.contains("is not for linux/arm64") && said.contains("E-image-not-pushed"),
        "{said}"
    );

    // Under the tag of this commit is what another tree makes.
    let definition = std::fs::read_to_string(shop.world.path("images/hello.toml")).unwrap();
    let other = definition.replace("working_directory = \"/\"", "working_directory = \"/run\"");
    assert_ne!(definition, other);
    shop.world.write("images/hello.toml", &other);
    let version = shop.version();
    shop.world.run(&["image", "push", "--to", &home, "--tag", &version]).ends(0);
    shop.world.write("images/hello.toml", &definition);
    let said = shop.create().ends(4);
    assert!(said.contains("cannot release `hello` as it was pushed"), "{said}");
    assert!(said.contains("E-release-conflict"), "{said}");
}

#[test]
fn what_belongs_together_is_proved_and_the_verdict_is_signed_for_this_environment() {
    let fake = FakeRegistry::start();
    proved(&Shop::new(&fake.host(), ""));
}

#[test]
fn dockers_registry_keeps_releases_and_verdicts() {
    let real = required!(DockerRegistry::start(Lock::Open));
    proved(&Shop::new(&real.host, ""));
}

fn proved(shop: &Shop) {
    shop.push();
    shop.create().ends(0);
    let version = shop.version();
    let unattested = shop.verify(&version);
    assert!(unattested.stdout.contains("bad, signed by `file:ours.key`"), "{unattested:?}");
    let said = unattested.ends(4);
    assert!(said.contains("is attested by no key; wanted one key"), "{said}");
    assert!(
        said.contains("cargo xtask image attest hello --to") && said.contains("E-release-refused"),
        "{said}"
    );

    shop.attest("ours");
    let good = shop.verify(&version);
    assert!(good.stdout.contains("good, signed by `file:ours.key`"), "{good:?}");
    assert!(good.stdout.contains("4 are those of the release"), "{good:?}");
    assert!(good.stdout.contains("1 are those of the commit"), "{good:?}");
    good.ends(0);
    let verdicts = shop.said(&version, "verdict");
    let results: Vec<&str> =
        verdicts.iter().map(|it| it["predicate"]["verificationResult"].as_str().unwrap()).collect();
    assert!(results.contains(&"PASSED") && results.contains(&"FAILED"), "{results:?}");
    let passed = verdicts.iter().find(|it| it["predicate"]["verificationResult"] == "PASSED");
    let predicate = &passed.unwrap()["predicate"];
    assert_eq!(predicate["slsaVersion"], "1.0");
    assert_eq!(predicate["verifiedLevels"], serde_json::json!(["SLSA_BUILD_LEVEL_1"]));
    assert_eq!(predicate["policy"]["uri"], Policy::URI);
    assert_eq!(predicate["inputAttestations"].as_array().unwrap().len(), 7);
    let resource = predicate["resourceUri"].as_str().unwrap();
    assert!(resource.starts_with(&format!("{}/releases@sha256:", shop.home())), "{resource}");
}

#[test]
fn two_builders_are_two_keys_and_a_second_name_of_one_is_none() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "builders = 2");
    let version = shop.released();
    shop.attest("ours");
    let said = shop.verify(&version).ends(4);
    let index = "is attested by `ours.pub`; wanted 2 different keys";
    assert!(said.contains("hello: provenance: index") && said.contains(index), "{said}");
    assert!(said.contains("with another key: `cargo xtask image attest hello --to"), "{said}");
    // An independent rebuild at the same digest, by somebody else.
    shop.attest("second");
    shop.verify(&version).ends(0);
    let verdicts = shop.said(&version, "verdict");
    let levels = |it: &Value| it["predicate"]["verifiedLevels"].to_string();
    assert!(verdicts.iter().any(|it| levels(it).contains("BUILT_BY_2_KEYS")), "{verdicts:?}");
}

#[test]
fn what_cannot_be_asked_is_neither_good_nor_bad_and_not_signed() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    let version = shop.released();
    let denied = Fault::refusal(on("GET", "/v2/acme/hello/"), 403, "DENIED", "not today", 1000);
    fake.fault(denied);
    let run = shop.verify(&version);
    assert!(run.stdout.contains("unknown, not signed"), "{run:?}");
    let said = run.ends(5);
    assert!(said.contains("failed to find out") && said.contains("E-release-unchecked"), "{said}");
    fake.heal();
    let reference = format!("{}/releases:{version}", shop.home());
    let none = ["attestation", "verify", &reference, "--kind", "verdict"];
    let said = shop.world.run(&none).ends(4);
    assert!(said.contains("what is believed is of another type"), "{said}");
    // A registry that is not there has no releases to list, which is not that it has none.
    drop(fake);
    let said = shop.world.run(&["release", "list", "production"]).ends(5);
    assert!(said.contains("E-registry-refused"), "{said}");
}

#[test]
fn what_was_lost_or_changed_in_the_registry_is_found() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    let version = shop.released();
    shop.verify(&version).ends(0);
    let release = shop.json(&["release", "show", "production", &version]);
    let manifest = release["services"]["hello"]["platforms"][0][1].as_str().unwrap().to_owned();
    let missing = Fault::refusal(
        on("GET", &format!("/v2/acme/hello/manifests/{manifest}")),
        404,
        "MANIFEST_UNKNOWN",
        "gone",
        1000,
    );
    fake.fault(missing);
    let head = on("HEAD", &format!("/v2/acme/hello/manifests/{manifest}"));
    fake.fault(Fault::refusal(head, 404, "MANIFEST_UNKNOWN", "gone", 1000));
    let said = shop.verify(&version).ends(4);
    assert!(said.contains("its manifest for linux/amd64 is not there"), "{said}");
    fake.heal();
    let words = ["release", "verify", "production", &version, "--platform", "linux/arm64"];
    shop.world.run(&words).ends(0);
}

#[test]
fn a_key_that_the_policy_does_not_name_signs_no_verdict() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    let version = shop.released();
    std::fs::create_dir_all(shop.world.path("target")).unwrap();
    shop.keygen("target/stranger");
    let words = ["release", "verify", "production", &version, "--key", "file:target/stranger.key"];
    let said = shop.world.run(&words).ends(4);
    assert!(said.contains("cannot sign a verdict for `production` with key"), "{said}");
    assert!(said.contains("E-key-foreign"), "{said}");
}

#[test]
fn a_commit_is_held_against_the_migrations_that_it_has() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    let version = shop.released();
    // Another commit is checked out, with other migrations: the release's own commit counts.
    shop.world.write("migrations/20260202000000_two/migration.sql", "SELECT 2;\n");
    shop.commit();
    shop.verify(&version).ends(0);
    // A machine without that commit looks at the rest, and says so.
    std::fs::remove_dir_all(shop.world.path(".git")).unwrap();
    shop.world.init();
    shop.commit();
    let run = shop.verify(&version);
    assert!(run.stdout.contains("is not in this checkout"), "{run:?}");
    run.ends(0);
}

/// The signature is checked by OpenSSL over bytes that are put together here, as DSSE says.
#[test]
fn others_tools_check_what_we_sign() {
    let openssl = required!(required_program("openssl"));
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    shop.push();
    let reference = format!("{}/hello:{}", shop.home(), shop.version());
    let file = "rebuild.json";
    let words =
        ["image", "verify", "--against", &reference, "hello", "--statement", file, "--attach"];
    shop.world.run(&words).ends(0);
    let bundle: Value =
        serde_json::from_slice(&std::fs::read(shop.world.path(file)).unwrap()).unwrap();
    let envelope = &bundle["dsseEnvelope"];
    let decode = |value: &Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap()
    };
    let payload = decode(&envelope["payload"]);
    let kind = envelope["payloadType"].as_str().unwrap();
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    let path = |name: &str| shop.world.path(&format!("target/{name}"));
    std::fs::write(path("signature"), decode(&envelope["signatures"][0]["sig"])).unwrap();
    let checks = |bytes: &[u8]| {
        std::fs::write(path("signed"), bytes).unwrap();
        let mut command = Command::new(&openssl);
        command.args(["pkeyutl", "-verify", "-pubin", "-rawin", "-inkey"]);
        command.arg(shop.world.path("ours.pub"));
        command.arg("-in").arg(path("signed")).arg("-sigfile").arg(path("signature"));
        command.output().unwrap().status.success()
    };
    assert!(checks(&[head.as_bytes(), &payload].concat()));
    assert!(!checks(&payload), "the type is signed too");
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(
        (&statement["predicate"]["same"], &statement["predicate"]["commit"]),
        (&true.into(), &shop.head().into())
    );

    let here = shop.json(&["attestation", "verify", file]);
    assert_eq!(here["believed"][0]["keys"], serde_json::json!(["ours.pub"]));
    let there = shop.json(&["attestation", "verify", &reference, "--kind", "rebuild"]);
    assert_eq!(there["believed"][0]["predicate"], statement["predicate"]);
    let of_other = format!("sha256:{}", "0".repeat(64));
    let said = shop.world.run(&["attestation", "verify", file, "--subject", &of_other]).ends(4);
    assert!(said.contains("it is about another subject"), "{said}");
    // A bare envelope is checked as well, and a changed one is not believed.
    std::fs::write(shop.world.path(file), envelope.to_string()).unwrap();
    shop.world.run(&["attestation", "verify", file]).ends(0);
    let tampered = envelope.to_string().replacen("\"payload\":\"e", "\"payload\":\"f", 1);
    std::fs::write(shop.world.path(file), tampered).unwrap();
    let said = shop.world.run(&["attestation", "verify", file]).ends(4);
    assert!(said.contains("one of them was changed"), "{said}");
    let said = shop.world.run(&["attestation", "verify", file, "--kind", "rolout"]).ends(2);
    assert!(said.contains("unknown type `rolout`; known: `release`"), "{said}");
}

#[test]
fn a_key_that_cannot_be_used_is_not_taken_for_none() {
    let fake = FakeRegistry::start();
    let shop = Shop::new(&fake.host(), "");
    let version = shop.released();
    std::fs::write(shop.world.path("ours.key"), "no key").unwrap();
    let said = shop.verify(&version).ends(2);
    assert!(said.contains("cannot use key `file:ours.key`"), "{said}");
    std::fs::remove_file(shop.world.path("ours.key")).unwrap();
    let run = shop.verify(&version);
    assert!(run.stdout.contains("good, not signed"), "{run:?}");
    let said = run.ends(0);
    assert!(said.contains("warning: the verdict is not signed"), "{said}");
    assert!(shop.said(&version, "release").len() == 1, "and no verdict is there");
}
