//! Releases that are whole, and one thing wrong with each at a time.

use super::super::{ReleasedBom, ReleasedImage};
use super::*;
use crate::trust::sbom::Format;
use std::collections::BTreeSet;

const ON: Platform = Platform::Amd64;

fn commit() -> String {
    "c".repeat(40)
}

fn manifest() -> Digest {
    Digest::of(b"manifest")
}

fn bom(format: Format) -> Digest {
    Digest::of(format.predicate_type().as_bytes())
}

fn release() -> Release {
    let image = ReleasedImage {
        repository: "example.org/acme/backend".parse().unwrap(),
        index: Digest::of(b"index"),
        platforms: vec![(ON, manifest())],
    };
    let named = Format::ALL.map(|format| ReleasedBom {
        platform: ON,
        kind: format.predicate_type().to_owned(),
        digest: bom(format),
    });
    Release {
        version: "cccccccccccc".into(),
        commit: commit(),
        dirty: false,
        created_at: "2026-11-27T00:00:00Z".into(),
        services: BTreeMap::from([("backend".to_owned(), image)]),
        migrations: vec![migration("one", "1")],
        scans: BTreeMap::new(),
        builder: "x".into(),
        sboms: BTreeMap::from([("backend".to_owned(), named.to_vec())]),
    }
}

fn migration(name: &str, checksum: &str) -> ReleasedMigration {
    ReleasedMigration { name: name.into(), checksum: checksum.into() }
}

fn by(keys: &[(&str, &str)], what: What) -> Said {
    let own = |(id, name): &(&str, &str)| ((*id).to_owned(), (*name).to_owned());
    Said { keys: keys.iter().map(own).collect(), what }
}

fn made(keys: &[(&str, &str)]) -> Said {
    by(keys, What::Provenance { commit: commit(), dirty: false })
}

fn boms() -> Vec<Said> {
    let said = |format: Format| {
        let kind = format.predicate_type().to_owned();
        by(&[("1", "ci.pub")], What::Bom { kind, digest: bom(format) })
    };
    Format::ALL.map(said).to_vec()
}

/// Everything as it should be, attested once by each of `keys`.
fn evidence(keys: &[&[(&str, &str)]]) -> Evidence {
    let made: Vec<Said> = keys.iter().map(|keys| made(keys)).collect();
    let about = |more: Vec<Said>| Heard { said: [made.clone(), more].concat(), doubts: Vec::new() };
    let image = ImageEvidence {
        listed: Asked::There(vec![(ON, manifest())]),
        about_index: Asked::There(about(Vec::new())),
        manifests: vec![ManifestEvidence {
            platform: ON,
            missing: Asked::There(Vec::new()),
            about: Asked::There(about(boms())),
        }],
    };
    Evidence {
        images: BTreeMap::from([("backend".to_owned(), image)]),
        migrations: Ok(vec![migration("one", "1")]),
    }
}

fn policy(builders: u64) -> Policy {
    Policy { environment: "production".into(), builders, keys: BTreeSet::new() }
}

fn judged(builders: u64, evidence: &Evidence) -> Vec<Check> {
    judge(&release(), &policy(builders), &["backend"], &[ON], evidence)
}

/// The one that is not good, as text.
fn flaw(builders: u64, change: impl FnOnce(&mut Evidence)) -> (Verdict, String) {
    let mut evidence = evidence(&[&[("1", "ci.pub")]]);
    change(&mut evidence);
    let mut flawed = judged(builders, &evidence);
    flawed.retain(|check| check.verdict != Verdict::Good);
    let [check] = flawed.as_slice() else { panic!("{flawed:?}") };
    (check.verdict, format!("{}: {}", check.what, check.said))
}

fn image(evidence: &mut Evidence) -> &mut ImageEvidence {
    evidence.images.get_mut("backend").unwrap()
}

#[test]
fn what_belongs_together_is_good() {
    let checks = judged(1, &evidence(&[&[("1", "ci.pub")]]));
    assert_eq!(worst(&checks), Verdict::Good, "{checks:?}");
    assert_eq!(checks.len(), 4);
    assert_eq!(worst(&[]), Verdict::Unknown, "nothing was looked at");
}

#[test]
fn what_is_not_there_or_another_is_bad() {
    let (verdict, said) = flaw(1, |it| image(it).listed = Asked::Absent);
    assert_eq!(verdict, Verdict::Bad);
    assert!(said.contains("is not in the registry"), "{said}");
    let other = vec![(Platform::Arm64, manifest())];
    let (_, said) = flaw(1, |it| image(it).listed = Asked::There(other));
    let on_amd = format!("lists nothing for linux/amd64; wanted {}", manifest().short());
    assert!(said.contains(&on_amd) && said.contains("for linux/arm64; wanted nothing"), "{said}");
    let lost = Asked::There(vec![manifest()]);
    let (_, said) = flaw(1, |it| image(it).manifests[0].missing = lost);
    assert!(said.contains("for linux/amd64 is not there"), "{said}");
}

#[test]
fn what_could_not_be_asked_is_neither() {
    let silent = || Asked::Unknown("the registry does not answer".to_owned());
    let (verdict, said) = flaw(1, |it| image(it).listed = silent());
    assert_eq!(
        (verdict, said.as_str()),
        (Verdict::Unknown, "backend: image: the registry does not answer")
    );
    let checks = judged(1, &{
        let mut evidence = evidence(&[&[("1", "ci.pub")]]);
        image(&mut evidence).about_index = Asked::Unknown("no answer".into());
        evidence
    });
    assert_eq!(worst(&checks), Verdict::Unknown);
    let (verdict, _) = flaw(1, |it| it.migrations = Err("no checkout".into()));
    assert_eq!(verdict, Verdict::Skipped);
}

#[test]
fn a_platform_or_service_that_the_release_lacks_is_told() {
    let evidence = evidence(&[&[("1", "ci.pub")]]);
    let wanted = [ON, Platform::Arm64];
    let checks = judge(&release(), &policy(1), &["backend", "mail"], &wanted, &evidence);
    let bad: Vec<&str> =
        checks.iter().filter(|it| it.verdict == Verdict::Bad).map(|it| it.said.as_str()).collect();
    let expected =
        ["the release has no image of `mail`", "the release has no image for linux/arm64"];
    assert_eq!(bad, expected);
}

#[test]
fn two_builders_are_two_keys_whatever_they_are_called() {
    let both = evidence(&[&[("1", "ci.pub")], &[("2", "laptop.pub")]]);
    assert_eq!(worst(&judged(2, &both)), Verdict::Good);
    let in_one = evidence(&[&[("1", "ci.pub"), ("2", "laptop.pub")]]);
    assert_eq!(worst(&judged(2, &in_one)), Verdict::Good, "one envelope, two signatures");
    let twice = evidence(&[&[("1", "ci.pub")], &[("1", "ci.pub")]]);
    let renamed = evidence(&[&[("1", "ci.pub")], &[("1", "laptop.pub")]]);
    for same in [twice, renamed] {
        let checks = judged(2, &same);
        let check = checks.iter().find(|it| it.verdict == Verdict::Bad).unwrap();
        assert!(check.said.contains("wanted 2 different keys"), "{check:?}");
        let hint = check.hint.as_deref().unwrap();
        let command = "`cargo xtask image attest backend --to example.org/acme --key file:PATH`";
        assert!(hint.contains(command) && hint.contains("another key"), "{hint}");
    }
}

#[test]
fn what_is_said_of_another_commit_or_of_uncommitted_work_does_not_count() {
    for (commit, dirty, shown) in [
        ("d".repeat(40), false, format!("made from {}", "d".repeat(40))),
        (commit(), true, "with uncommitted work".to_owned()),
    ] {
        let other = by(&[("1", "ci.pub")], What::Provenance { commit, dirty });
        let about = Heard { said: vec![other], doubts: vec!["it is not signed".to_owned()] };
        let (verdict, said) = flaw(1, |it| image(it).about_index = Asked::There(about));
        assert_eq!(verdict, Verdict::Bad);
        assert!(said.contains("is attested by no key; wanted one key"), "{said}");
        assert!(
            said.contains(&shown) && said.contains("a bundle about it: it is not signed"),
            "{said}"
        );
    }
}

#[test]
fn another_or_no_list_of_what_it_is_made_of_is_bad() {
    let with = |boms: Vec<Said>| {
        flaw(1, |it| {
            let about =
                Heard { said: [vec![made(&[("1", "ci.pub")])], boms].concat(), doubts: Vec::new() };
            image(it).manifests[0].about = Asked::There(about);
        })
    };
    let (verdict, said) = with(boms()[..1].to_vec());
    assert_eq!(verdict, Verdict::Bad);
    assert!(said.contains("nothing that is believed says `https://cyclonedx.org/bom`"), "{said}");
    let mut other = boms();
    let What::Bom { digest, .. } = &mut other[0].what else { panic!() };
    *digest = Digest::of(b"other");
    let (_, said) = with(other);
    assert!(said.contains("the release says"), "{said}");
}

#[test]
fn migrations_are_those_of_the_commit_each_and_no_other() {
    for found in
        [vec![], vec![migration("one", "2")], vec![migration("one", "1"), migration("two", "2")]]
    {
        let (verdict, said) = flaw(1, |it| it.migrations = Ok(found));
        assert_eq!(verdict, Verdict::Bad);
        assert!(said.starts_with("migrations: not those of commit"), "{said}");
    }
}
