//! Statements signed and attached, and what became of each. One that fails does not stop the
//! others; what is said already is not said again.

use super::claims::Claim;
use super::key::SigningKey;
use super::store::AttestationStore;
use crate::error::{Context as _, Failure, Result};
use std::collections::BTreeMap;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::trust::attestation::{Bundle, Envelope, PAYLOAD_TYPE, Statement, Verifier as _};
use xtask_core::trust::attestation::{Wanted, judge};
use xtask_image::json_v1;

/// Two writers of one list may overwrite each other. So often each looks whether it was the one.
const ROUNDS: usize = 5;

/// What became of statements, one for each subject and place.
#[derive(Debug, Default)]
pub struct Tally {
    pub attached: usize,
    /// Said before, by the same key.
    pub present: usize,
    pub failed: usize,
    /// Why, once for each cause.
    pub reasons: Vec<Failure>,
}

/// A statement with its signature.
struct Signed<'a> {
    claim: &'a Claim,
    bundle: Vec<u8>,
}

/// A statement about one subject, and the artifact that carries it there.
struct Placed<'a> {
    subject: &'a Descriptor,
    signed: &'a Signed<'a>,
    artifact: Digest,
    is_new: bool,
}

impl Tally {
    /// `count` statements that could not even be tried.
    pub fn of_failed(count: usize, reason: Failure) -> Self {
        Self { failed: count, reasons: vec![reason], ..Self::default() }
    }

    /// Takes over what became of others.
    pub fn add(&mut self, other: Self) {
        self.attached += other.attached;
        self.present += other.present;
        self.failed += other.failed;
        self.reasons.extend(other.reasons);
    }

    fn fail(&mut self, count: usize, reason: Failure) {
        self.failed += count;
        let is_known = |it: &Failure| it.to_string() == reason.to_string();
        if !self.reasons.iter().any(is_known) {
            self.reasons.push(reason);
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { attached, present, failed, .. } = self;
        write!(formatter, "{attached} attached, {present} there already, {failed} failed")
    }
}

/// Signs `claims` about the image called `name` and attaches each to its subjects on `store`,
/// where it is not said already; then looks whether everything is still listed.
pub fn attest(store: &AttestationStore, name: &str, claims: &[Claim], key: &SigningKey) -> Tally {
    let signed = claims.iter().map(|claim| sign(claim, key)).collect::<Result<Vec<_>>>();
    let signed = match signed {
        Ok(signed) => signed,
        Err(failure) => return Tally::of_failed(Claim::count(claims), failure),
    };
    let mut tally = Tally::default();
    let mut placed = Vec::new();
    for (subject, about_it) in by_subject(&signed) {
        match stated(store, name, subject, key) {
            Err(failure) => tally.fail(about_it.len(), failure),
            Ok(known) => {
                for signed in about_it {
                    match place(store, subject, signed, &known) {
                        Ok(one) => placed.push(one),
                        Err(failure) => tally.fail(1, failure),
                    }
                }
            }
        }
    }
    settle(store, placed, &mut tally);
    tally
}

fn sign<'a>(claim: &'a Claim, key: &SigningKey) -> Result<Signed<'a>> {
    Ok(Signed { claim, bundle: bundle(&claim.statement, key)? })
}

/// `statement`, signed with `key`, as it is attached and kept in files.
pub fn bundle(statement: &Statement, key: &SigningKey) -> Result<Vec<u8>> {
    let failed = || "failed to write a statement".to_owned();
    let payload = payload(statement).or_outside(failed)?;
    let sign = |bytes: &[u8]| key.sign(bytes);
    let envelope = Envelope::sign(PAYLOAD_TYPE, &payload, key.public().key_id(), sign);
    let bundle = Bundle::new(envelope, key.public().hint());
    json_v1::to_bytes(&bundle).or_outside(failed)
}

/// In the normal form; a record may hold fractions, which that one has none of.
fn payload(statement: &Statement) -> serde_json::Result<Vec<u8>> {
    json_v1::to_bytes(statement).or_else(|_| serde_json::to_vec(statement))
}

fn by_subject<'a>(signed: &'a [Signed<'a>]) -> Vec<(&'a Descriptor, Vec<&'a Signed<'a>>)> {
    let mut subjects: BTreeMap<Digest, (&Descriptor, Vec<&Signed<'_>>)> = BTreeMap::new();
    for one in signed {
        for subject in &one.claim.subjects {
            subjects.entry(subject.digest).or_insert((subject, Vec::new())).1.push(one);
        }
    }
    subjects.into_values().collect()
}

/// What this key has said about `subject` before, with the artifacts that carry it.
fn stated(
    store: &AttestationStore,
    name: &str,
    subject: &Descriptor,
    key: &SigningKey,
) -> Result<Vec<(Digest, Statement)>> {
    let keys = std::slice::from_ref(key.public());
    let wanted = Wanted { name, digest: subject.digest };
    let believed = |(artifact, bundle): (Digest, Vec<u8>)| {
        judge(&bundle, wanted, keys).ok().map(|(statement, _)| (artifact, statement))
    };
    Ok(store.bundles(subject)?.into_iter().filter_map(believed).collect())
}

fn place<'a>(
    store: &AttestationStore,
    subject: &'a Descriptor,
    signed: &'a Signed<'a>,
    known: &[(Digest, Statement)],
) -> Result<Placed<'a>> {
    let statement = &signed.claim.statement;
    if let Some((artifact, _)) = known.iter().find(|(_, it)| it.agrees_with(statement)) {
        return Ok(Placed { subject, signed, artifact: *artifact, is_new: false });
    }
    let artifact = store.attach(subject, &signed.bundle, &statement.predicate_type)?;
    Ok(Placed { subject, signed, artifact, is_new: true })
}

/// Looks whether all that is `placed` is listed, and attaches again what somebody else's list left
/// out; what is left out again and again has failed.
fn settle(store: &AttestationStore, mut placed: Vec<Placed<'_>>, tally: &mut Tally) {
    for _ in 0..ROUNDS {
        let lost = lost(store, &mut placed, tally);
        if lost.is_empty() {
            break;
        }
        for one in lost {
            let kind = &one.signed.claim.statement.predicate_type;
            match store.attach(one.subject, &one.signed.bundle, kind) {
                Ok(artifact) => placed.push(Placed { artifact, is_new: true, ..one }),
                Err(failure) => tally.fail(1, failure),
            }
        }
    }
    for one in lost(store, &mut placed, tally) {
        let list = format!("the list about `{}`", one.subject.digest);
        let failure = Failure::outside(format!("failed to keep a statement in {list}"))
            .reason("somebody else writes that list all the time");
        tally.fail(1, failure);
    }
    tally.attached += placed.iter().filter(|it| it.is_new).count();
    tally.present += placed.iter().filter(|it| !it.is_new).count();
}

/// Takes out of `placed` what is not listed; where the list cannot be read, everything about that
/// subject has failed.
fn lost<'a>(
    store: &AttestationStore,
    placed: &mut Vec<Placed<'a>>,
    tally: &mut Tally,
) -> Vec<Placed<'a>> {
    let (mut lists, mut lost) = (BTreeMap::new(), Vec::new());
    for one in std::mem::take(placed) {
        let digest = one.subject.digest;
        let list = lists.entry(digest).or_insert_with(|| match store.listed(one.subject) {
            Ok(list) => Some(list),
            Err(failure) => {
                tally.fail(0, failure);
                None
            }
        });
        match list {
            None => tally.failed += 1,
            Some(list) if list.contains(&one.artifact) => placed.push(one),
            Some(_) => lost.push(one),
        }
    }
    lost
}
