//! What is said and signed about images: keys, statements, where they are kept, and whether they
//! are to be believed. The forms are `core/src/attestation`'s.

mod claims;
pub mod key;
pub mod sealed;
mod shelf;
mod verify;

pub use claims::{Claim, claims};
pub use key::{PublicKey, SigningKey};
pub use shelf::Shelf;
pub use verify::{Believed, verify};

use crate::error::{Context as _, Result};
use xtask_core::attestation::{Bundle, Envelope, PAYLOAD_TYPE, Verifier as _, judge};
use xtask_core::descriptor::Descriptor;
use xtask_image::json_v1;

/// Signs `claim` and attaches it to each of its subjects on `shelf`, where it is not said already.
/// Gives back how many were attached now.
pub fn attest(shelf: &Shelf, claim: &Claim, key: &SigningKey) -> Result<usize> {
    let failed = || "failed to write a statement".to_owned();
    let payload = json_v1::to_bytes(&claim.statement).or_outside(failed)?;
    let envelope = Envelope::sign(PAYLOAD_TYPE, &payload, |bytes| key.sign(bytes));
    let bundle = Bundle::new(envelope, key.public().hint());
    let bundle = json_v1::to_bytes(&bundle).or_outside(failed)?;
    let mut attached = 0;
    for subject in &claim.subjects {
        if !is_said(shelf, subject, claim, key)? {
            shelf.attach(subject, &bundle, &claim.statement.predicate_type)?;
            attached += 1;
        }
    }
    Ok(attached)
}

/// Whether the same was said of `subject` before, by the same key.
fn is_said(shelf: &Shelf, subject: &Descriptor, claim: &Claim, key: &SigningKey) -> Result<bool> {
    let keys = std::slice::from_ref(key.public());
    let bundles = shelf.bundles(subject)?;
    let known = bundles.iter().filter_map(|bundle| judge(bundle, &subject.digest, keys).ok());
    Ok(known.into_iter().any(|(statement, _)| statement.agrees_with(&claim.statement)))
}
