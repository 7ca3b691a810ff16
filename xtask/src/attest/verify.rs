//! Whether everything that should be said of an image is said, signed by a key of ours.
//!
//! Anybody who may write to a repository may attach things, so what is not believed does not
//! count, for or against; what is missing then is refused, with all that was wrong.

use super::key::PublicKey;
use super::store::AttestationStore;
use crate::error::{Failure, Result, code};
use serde::Serialize;
use xtask_core::descriptor::{Descriptor, Skipped, media_type};
use xtask_core::digest::Digest;
use xtask_core::trust::attestation::provenance::{self, claims};
use xtask_core::trust::attestation::{Statement, Verifier as _, Wanted, judge};
use xtask_core::trust::sbom::Format;

/// One thing that is said of an image, and believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Believed {
    /// What it is about.
    pub subject: Digest,
    /// What sort of thing is said.
    pub predicate_type: String,
    /// The key that signed it.
    pub key: String,
    /// Who built it, if that is what is said.
    pub builder: Option<String>,
    /// From which commit, if that is what is said.
    pub commit: Option<String>,
}

/// What is said of an image and believed, and what of it was not looked at.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Everything that is believed.
    pub believed: Vec<Believed>,
    /// Entries of its index that are no images: attestations of buildx.
    pub skipped: Vec<Skipped>,
}

/// Everything that is said of `image` as `name` and believed: of an index how it was made, and of
/// each manifest in it also what it is made of, whatever platform it is for.
pub fn verify(
    store: &AttestationStore,
    shown: &str,
    name: &str,
    image: &Descriptor,
    keys: &[PublicKey],
) -> Result<Verified> {
    let listed = store.entries(image)?;
    let (attestations, children): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(Descriptor::is_attestation);
    let skipped: Vec<Skipped> = attestations.iter().filter_map(Descriptor::skipped).collect();
    if children.is_empty() && !skipped.is_empty() {
        let cannot = Failure::refused(format!("cannot trust `{shown}`: it holds no image"))
            .code(&code::SIGNATURE_REFUSED);
        return Err(skipped.iter().fold(cannot, |it, skipped| it.reason(skipped.to_string())));
    }
    let boms = Format::ALL.map(Format::predicate_type);
    let everything = [&[provenance::PREDICATE_TYPE], boms.as_slice()].concat();
    let alone: &[&str] = &everything[..1];
    let mut wrong = Vec::new();
    let mut believed = Vec::new();
    let of_image = if children.is_empty() { everything.as_slice() } else { alone };
    let subjects = std::iter::once((image, of_image));
    let subjects = subjects.chain(children.iter().map(|child| (child, everything.as_slice())));
    for (subject, kinds) in subjects {
        let (good, bad) = subject_verdict(store, subject, name, kinds, keys)?;
        believed.extend(good);
        wrong.extend(bad);
    }
    if wrong.is_empty() {
        return Ok(Verified { believed, skipped });
    }
    let refusal = Failure::refused(format!("cannot trust `{shown}` as image `{name}`"))
        .code(&code::SIGNATURE_REFUSED);
    Err(wrong.into_iter().fold(refusal, Failure::reason))
}

/// What is believed of one subject, and why anything of `wanted` is not there.
fn subject_verdict(
    store: &AttestationStore,
    subject: &Descriptor,
    name: &str,
    wanted: &[&str],
    keys: &[PublicKey],
) -> Result<(Vec<Believed>, Vec<String>)> {
    let bundles = store.bundles(subject)?;
    let (mut believed, mut doubts) = (Vec::new(), Vec::new());
    for (_, bundle) in &bundles {
        match judge(bundle, Wanted { name, digest: subject.digest }, keys) {
            Ok((statement, key)) => believed.push(one(subject, &statement, key)),
            Err(refusal) => doubts.push(refusal.to_string()),
        }
    }
    let is_stated = |kind: &str| believed.iter().any(|it| it.predicate_type == kind);
    let missing: Vec<&str> = wanted.iter().copied().filter(|kind| !is_stated(kind)).collect();
    if missing.is_empty() {
        return Ok((believed, Vec::new()));
    }
    let what = if media_type::is_index(&subject.media_type) { "index" } else { "manifest" };
    let listed = missing.join("`, `");
    let mut wrong = vec![format!(
        "nothing that we believe says `{listed}` about {what} `{}`; {} attached",
        subject.digest,
        match bundles.len() {
            0 => "no bundle is".to_owned(),
            1 => "1 bundle is".to_owned(),
            several => format!("{several} bundles are"),
        }
    )];
    doubts.sort_unstable();
    doubts.dedup();
    wrong.extend(doubts.into_iter().map(|doubt| format!("a bundle about it: {doubt}")));
    Ok((believed, wrong))
}

fn one(subject: &Descriptor, statement: &Statement, key: &PublicKey) -> Believed {
    let is_provenance = statement.predicate_type == provenance::PREDICATE_TYPE;
    let (builder, commit) = if is_provenance { claims(&statement.predicate) } else { (None, None) };
    Believed {
        subject: subject.digest,
        predicate_type: statement.predicate_type.clone(),
        key: key.name().to_owned(),
        builder,
        commit,
    }
}
