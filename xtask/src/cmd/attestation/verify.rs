//! `attestation verify`: who signed a statement, in a file or beside something in a registry.

use crate::attest::{AttestationStore, PublicKey, public_keys};
use crate::edge::files;
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::AttestationVerify;
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use std::path::Path;
use xtask_core::digest::Digest;
use xtask_core::reference::Reference;
use xtask_core::trust::attestation::kind::{address, line, name};
use xtask_core::trust::attestation::{
    Bundle, Envelope, Statement, Subject, Verifier as _, believe,
};

/// No bundle is larger: an SBOM of thousands of packages is a few million bytes.
const LARGEST: u64 = 64 << 20;

/// A statement that is believed, and the keys that signed it.
struct Believed {
    statement: Statement,
    keys: Vec<String>,
}

/// What there is to check.
struct Found {
    bundles: Vec<Vec<u8>>,
    /// What all of it must be about.
    subject: Option<Digest>,
}

pub(super) fn run(flags: &AttestationVerify, world: &World<'_>) -> Result<Exit> {
    let wanted = flags.kind.as_deref().map(address).transpose();
    let wanted = wanted.or_usage(|| format!("cannot check `{}`", flags.what))?;
    let keys = public_keys(world, &flags.key)?;
    let found = found(flags)?;
    let (mut believed, mut doubts) = (Vec::new(), Vec::new());
    for bundle in &found.bundles {
        match judged(bundle, found.subject.as_ref(), &keys) {
            Ok(one) => believed.push(one),
            Err(doubt) => doubts.push(doubt),
        }
    }
    believed.retain(|it| wanted.as_ref().is_none_or(|kind| it.statement.predicate_type == *kind));
    if believed.is_empty() {
        return Err(refusal(flags, &found, doubts));
    }
    say(flags, world, &believed);
    Ok(Exit::Done)
}

fn found(flags: &AttestationVerify) -> Result<Found> {
    if let Some(bundle) = files::small_if_there(Path::new(&flags.what), LARGEST)? {
        return Ok(Found { bundles: vec![in_bundle(bundle)], subject: flags.subject });
    }
    let cannot = || format!("cannot check `{}`: no file has that name, and", flags.what);
    let reference: Reference = flags.what.parse().or_usage(cannot)?;
    let store = AttestationStore::of_repository(&reference.repository)?;
    let subject = store.resolve(&reference.name)?.ok_or_else(|| {
        Failure::usage(format!(
            "cannot check `{}`: the registry has nothing of that name",
            flags.what
        ))
    })?;
    if flags.subject.is_some_and(|wanted| wanted != subject.digest) {
        return Err(Failure::refused(format!("cannot trust `{}`", flags.what))
            .code(&code::SIGNATURE_REFUSED)
            .reason(format!("it is `{}`", subject.digest)));
    }
    let bundles = store.bundles(&subject)?.into_iter().map(|(_, bundle)| bundle).collect();
    Ok(Found { bundles, subject: Some(subject.digest) })
}

/// An envelope alone is as good as one in a bundle.
fn in_bundle(bytes: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice::<Envelope>(&bytes) {
        Ok(envelope) => {
            serde_json::to_vec(&Bundle::new(envelope, "")).expect("an envelope is made of texts")
        }
        Err(_) => bytes,
    }
}

fn judged(
    bundle: &[u8],
    subject: Option<&Digest>,
    keys: &[PublicKey],
) -> std::result::Result<Believed, String> {
    let (statement, signers) = believe(bundle, keys).map_err(|refusal| refusal.to_string())?;
    if let Some(subject) = subject.filter(|subject| statement.names_of(subject).is_empty()) {
        let found: Vec<String> = statement.subjects.iter().map(Subject::shown).collect();
        let found = found.join("`, `");
        return Err(format!("it is about another subject: wanted `{subject}`, found `{found}`"));
    }
    let keys = signers.iter().map(|key| key.name().to_owned()).collect();
    Ok(Believed { statement, keys })
}

fn refusal(flags: &AttestationVerify, found: &Found, mut doubts: Vec<String>) -> Failure {
    let what = match &flags.kind {
        Some(kind) => format!("cannot trust `{}` as `{kind}`", flags.what),
        None => format!("cannot trust `{}`", flags.what),
    };
    let failure = Failure::refused(what).code(&code::SIGNATURE_REFUSED);
    let others = found.bundles.len() - doubts.len();
    doubts.sort_unstable();
    doubts.dedup();
    let failure = doubts.into_iter().fold(failure, Failure::reason);
    match (found.bundles.len(), others) {
        (0, _) => failure.reason("nothing is said about it"),
        (_, 0) => failure,
        (_, others) => failure.reason(format!("what is believed is of another type: {others}")),
    }
}

fn say(flags: &AttestationVerify, world: &World<'_>, believed: &[Believed]) {
    let head = ["TYPE", "SAYS", "ABOUT", "KEYS"].map(ToOwned::to_owned).to_vec();
    let rows: Vec<Vec<String>> = [head].into_iter().chain(believed.iter().map(row)).collect();
    let values: Vec<Value> = believed.iter().map(value).collect();
    let value = json!({ "what": flags.what, "believed": values });
    world.report.data(&value, &table(&rows));
}

fn row(one: &Believed) -> Vec<String> {
    let about = one.statement.subjects.iter().map(|it| it.name.as_str());
    let about = about.collect::<Vec<_>>().join(", ");
    let kind = name(&one.statement.predicate_type).to_owned();
    vec![kind, line(&one.statement), about, one.keys.join(", ")]
}

fn value(one: &Believed) -> Value {
    json!({
        "predicateType": one.statement.predicate_type, "keys": one.keys,
        "subject": one.statement.subjects, "predicate": one.statement.predicate,
    })
}
